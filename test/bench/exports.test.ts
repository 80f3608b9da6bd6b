import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRecordParser } from "../../drivers/healthkit/record.js";
import { Scanner } from "../../drivers/healthkit/scanner.js";
import { typeTable } from "../../drivers/healthkit/types.js";
import { packExport, writeExport } from "./export-files.js";
import { exportText } from "./export-text.js";
import type { Figure } from "./figure.js";
import { repositoryFile } from "./repository-file.js";

/** The bench as people run it, and what it then has installed. */
const MAIN = repositoryFile("dist/test/bench/main.js");
const PEERS = repositoryFile("test/bench/xml-peers/node_modules/.installed");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "glucohub-exports-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function python(...args: string[]): string | null {
  try {
    return execFileSync("python3", args, { encoding: "utf8" });
  } catch {
    return null;
  }
}

describe("the invented export", () => {
  const text = [...exportText(2_000).pieces()].join("");
  const counts = writtenCounts(2_000);

  test("is the same each time, and counts what stands in it", () => {
    expect([...exportText(2_000).pieces()].join("")).toBe(text);
    const glucose = text.match(/<Record type="HKQuantityTypeIdentifierBloodGlucose".*/g) ?? [];
    expect(counts.bytes).toBe(Buffer.byteLength(text));
    expect(counts.records).toBe(text.match(/<Record /g)?.length);
    expect(counts.wanted).toBe(text.match(/Identifier(Heart|Step|Blood|Insulin|Dietary|BodyMass)/g)?.length);
    expect(glucose).toHaveLength(counts.glucose);
    expect(counts.glucoseSum).toBe(glucose.reduce((sum, line) => sum + Number(/ value="(\d+)"/.exec(line)?.[1]), 0));
  });

  test("has its glucose found by the scanner", () => {
    const parser = createRecordParser();
    let [records, metadata, sum] = [0, 0, 0];
    const scanner = new Scanner(typeTable(new Set(["glucose"])), {
      record(element, sample) {
        records += 1;
        metadata += element.entries;
        sum += parser.record(element, sample).value;
      },
      pressure() {},
    });
    scanner.push(Buffer.from(text));
    scanner.end();
    expect([records, metadata, sum]).toEqual([counts.glucose, counts.glucoseMetadata, counts.glucoseSum]);
    expect(scanner.passedOver).toBe(counts.records - counts.glucose);
  });

  test("may hold nothing but glucose", () => {
    const only = writtenCounts(300, true);
    expect([only.records, only.glucose, only.wanted]).toEqual([300, 300, 300]);
  });

  test.skipIf(python("--version") === null)(
    "is packed into an archive that Python unpacks, and read by its parser",
    async () => {
      const [xml, zip] = [join(folder, "export.xml"), join(folder, "export.zip")];
      const written = writeExport(xml, 500);
      await packExport(xml, zip);
      const script =
        "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.read(z.namelist()[0])))";
      expect(python("-c", script, zip)).toBe(`None ${written.bytes}\n`);
      expect(readFileSync(xml).length).toBe(written.bytes);
      const counted = python(fileURLToPath(repositoryFile("test/bench/xml-peers/pull.py")), xml)
        ?.split(" ")
        .map(Number);
      expect(counted?.slice(0, 3)).toEqual([written.glucose, written.glucoseMetadata, written.glucoseSum]);
    },
  );
});

function writtenCounts(records: number, onlyGlucose = false): ReturnType<ReturnType<typeof exportText>["counts"]> {
  const made = exportText(records, onlyGlucose);
  for (const piece of made.pieces()) expect(piece.length).toBeGreaterThan(0);
  return made.counts();
}

describe.skipIf(!existsSync(MAIN) || !existsSync(PEERS))("a small run", () => {
  test("of exports has every program find the same, and every import arrive", { timeout: 120_000 }, async () => {
    const child = spawn(process.execPath, [fileURLToPath(MAIN), "exports", "--records", "50", "--json"], {
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
    const lines = out
      .trim()
      .split("\n")
      .map((line): Figure => JSON.parse(line));
    expect(lines.length).toBeGreaterThanOrEqual(9);
    for (const line of lines) if ("ours" in line) expect(line.ours).toBeGreaterThan(0);
  });
});
