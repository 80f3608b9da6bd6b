import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Figure } from "./figure.js";
import { DEBOUNCE_MS } from "./latency.js";
import { repositoryFile } from "./repository-file.js";

/** The benches as people run them: their processes run what was compiled. */
const MAIN = repositoryFile("dist/test/bench/main.js");
const PEERS = repositoryFile("test/bench/peers/node_modules/.installed");
const LIMIT = { timeout: 120_000 };

/** What a run printed, a figure a line; rejects where it failed. */
async function run(...args: string[]): Promise<readonly Figure[]> {
  const child = spawn(process.execPath, [fileURLToPath(MAIN), ...args, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, said] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`exit code ${code}: ${said}`);
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Names, marked where they have a target. */
const namesOf = (figures: readonly Figure[]): string[] =>
  figures.map(({ name, target }) => (target === null ? name : `${name} *`));

describe.skipIf(!existsSync(MAIN))("a small run", () => {
  test("of page and cycle tells of each size, and has a target for the largest", LIMIT, async () => {
    const figures = await run("page", "cycle", "--records", "200");
    expect(namesOf(figures)).toEqual([
      expect.stringMatching(/^pulled page of \d+ changes, one transaction$/),
      "round of 20 changes in 20 records, statements",
      "round of 0 changes in 200 records, statements",
      "round of 10 changes in 200 records, statements",
      "round of 100 changes in 200 records, statements",
      "  its commits",
      "  all of it",
      "round of 200 changes in 200 records, statements",
      "round of 100 changes in 2000 records, statements *",
      "  its commits",
      "  all of it",
    ]);
    for (const { ours } of figures) expect(ours).toBeGreaterThan(0);
  });

  test.skipIf(!existsSync("/proc/self/status"))("of memory tells each push against the one before", LIMIT, async () => {
    const figures = await run("memory", "--records", "200");
    expect(namesOf(figures)).toEqual([
      "push, most resident memory, 20 unpushed",
      "push, most resident memory, 200 unpushed",
      "push, most resident memory, 2000 unpushed *",
    ]);
    expect(figures.map(({ floor }) => floor)).toEqual([null, figures[0]?.ours, figures[1]?.ours]);
    // A process of Node.js with a database: more than 20 MB, and not a gigabyte.
    for (const { ours } of figures) expect(Math.abs(Math.log10(ours) - 2)).toBeLessThan(0.7);
  });

  test("of latency follows edits from a hub to its cloud", LIMIT, async () => {
    const figures = await run("latency", "--readings", "3");
    expect(namesOf(figures)).toEqual([
      `edit to the cloud's answer less ${DEBOUNCE_MS} ms, p95 of 3 *`,
      "  p50",
      "  longest",
    ]);
    const [p95, p50, longest] = figures.map(({ ours }) => ours);
    expect(p95).toBe(longest);
    expect(p50).toBeLessThanOrEqual(longest ?? 0);
  });

  test.skipIf(!existsSync(PEERS))("against peers has every record of theirs arrive", LIMIT, async () => {
    const figures = await run("peers", "--records", "1200");
    expect(namesOf(figures)).toEqual([
      "push of 1200, PouchDB 9.0.0 to express-pouchdb 4.2.0 *",
      "  insert before it",
      "push of 1200, RxDB 17.6.0 in memory *",
      "  insert before it",
      "push of 1200, WatermelonDB 0.28.0 *",
      "  insert before it",
    ]);
    for (const { ours, floor, ratio } of figures) expect(ratio).toBeCloseTo(ours / (floor ?? 0), 9);
  });
});
