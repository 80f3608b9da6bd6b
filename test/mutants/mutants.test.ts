import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { mutated } from "./mutant.js";
import { MUTANTS } from "./mutants.js";

const ROOT = resolve(import.meta.dirname, "../..");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "glucohub-mutants-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What vitest's JSON report holds of one run. */
interface Report {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs one test file on a mutant; the names of the tests that failed. */
async function failuresOf(id: string, file: string): Promise<string[]> {
  const report = join(folder, `${id}-${file.replaceAll("/", "-")}.json`);
  const { NODE_ENV: _, ...env } = process.env;
  const child = spawn(
    process.execPath,
    [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--config", "test/mutants/vitest.config.ts", file],
    {
      cwd: ROOT,
      env: { ...env, GLUCOHUB_MUTANT: id, GLUCOHUB_MUTANT_REPORT: report },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  await new Promise((ended) => child.once("close", ended));
  if (!existsSync(report)) throw new Error(`no report on mutant ${id}:\n${said}`);
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const unloaded = testResults.find(({ message, assertionResults }) => message !== "" && assertionResults.length === 0);
  // A file that can't even be loaded shows that the mutant is broken, not that it was caught.
  if (unloaded !== undefined) throw new Error(`mutant ${id}: ${unloaded.message}`);
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === "failed")
    .map(({ fullName }) => fullName);
}

const runs = MUTANTS.flatMap(({ id, what, caughtBy }) => caughtBy.map((file) => [id, what, file] as const));

vi.setConfig({ maxConcurrency: 2 });

describe.concurrent("a naive variant of the code is caught", () => {
  test.each(runs)("%s, %s: by %s", { timeout: 90_000 }, async (id, _what, file) => {
    expect(await failuresOf(id, file)).not.toEqual([]);
  });
});

test("every mutant applies to the code as it is, and changes it", () => {
  let edits = 0;
  for (const mutant of MUTANTS) {
    for (const { file } of mutant.edits) {
      const text = readFileSync(join(ROOT, file), "utf8");
      expect(mutated(mutant, join(ROOT, file), text)).not.toBe(text);
      edits += 1;
    }
  }
  expect(MUTANTS.length).toBeGreaterThanOrEqual(28);
  expect(edits).toBeGreaterThanOrEqual(MUTANTS.length);
});
