import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { SourceReading } from "../../src/domain/reading.js";
import type { Kind } from "../../src/domain/record.js";
import { openFile } from "../../src/transports/file.js";
import { type Run, run } from "../../test/fixtures/healthkit/run.js";
import { healthkit } from "./index.js";

const root = fileURLToPath(new URL("../../../shared/vectors/exports/", import.meta.url));
const reader = fileURLToPath(new URL("../../test/fixtures/healthkit/read-export.py", import.meta.url));

/** What each file must give: readings by kind, and records that can't be read. Counted by hand in the files. */
const FILES: readonly [file: string, kinds: Readonly<Record<string, number>>][] = [
  ["apple/aleksi-ru-testdata.xml", { weight: 1 }],
  ["apple/alxdrcirilo-export.zip", { heart_rate: 2 }],
  ["apple/alxdrcirilo-v14-nodtd.xml", { heart_rate: 2 }],
  ["apple/dogsheep-export.xml", { heart_rate: 1 }],
  ["apple/dogsheep-zip-export.xml", { heart_rate: 1 }],
  ["apple/tdda-v3-export.xml", { steps: 10 }],
  ["synthetic/apple-attribute-order-and-entities.xml", { glucose: 1 }],
  ["synthetic/apple-correlation-duplicates.xml", { blood_pressure: 1 }],
  ["synthetic/apple-dtd12-broken.xml", { glucose: 3 }],
  ["synthetic/apple-eksport.zip", { glucose: 3 }],
  ["synthetic/apple-export-in-summer.xml", { glucose: 2 }],
  ["synthetic/apple-export-in-winter.xml", { glucose: 2 }],
  ["synthetic/apple-export.zip", { glucose: 3 }],
  ["synthetic/apple-exportar.zip", { glucose: 3 }],
  ["synthetic/apple-sync-v1.xml", { glucose: 1 }],
  ["synthetic/apple-sync-v2-newer-version-other-pointer.xml", { glucose: 1 }],
  ["synthetic/apple-x0b-control-char.xml", { glucose: 4 }],
  ["synthetic/apple-导出.zip", { glucose: 3 }],
];

/** Opens the file as a hub would, finds the one entry that is the driver's, and runs it. */
async function runFile(name: string, kinds: ReadonlySet<Kind> | null = null): Promise<Run> {
  const file = await openFile(root + name);
  try {
    const mine = [];
    for (const entry of await file.entries()) {
      for await (const head of entry.open()) {
        if (healthkit.recognise(entry, head.subarray(0, 4096))) mine.push(entry);
        break;
      }
    }
    const [entry] = mine;
    if (entry === undefined || mine.length !== 1) throw new Error(`${mine.length} entries of ${name} are recognised`);
    return await run({ file, entry }, kinds);
  } finally {
    await file.close();
  }
}

interface PythonRecord {
  readonly type: string;
  readonly value: string;
  readonly unit: string;
  readonly sourceName: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

function python(name: string): PythonRecord[] {
  const output = execFileSync("python3", [reader, root + name], { encoding: "utf8" });
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line): PythonRecord => JSON.parse(line));
}

function hasPython(): boolean {
  try {
    execFileSync("python3", ["--version"]);
    return true;
  } catch {
    return false;
  }
}

const TYPES = /Identifier(BloodGlucose|InsulinDelivery|DietaryCarbohydrates|HeartRate|StepCount|BodyMass)$/;
/** What a record is by itself: all but blood pressure. */
const WHOLE: ReadonlySet<Kind> = new Set<Kind>(["glucose", "insulin", "carbs", "heart_rate", "steps", "weight"]);
const MEALS: Readonly<Record<string, string>> = { "1": "before", "2": "after" };

describe.skipIf(!existsSync(root))("the collected exports", () => {
  test("are all tried", () => {
    const there = ["apple", "synthetic"].flatMap((folder) =>
      readdirSync(root + folder)
        .filter((name) => !name.endsWith(".dtd") && (folder === "apple" || name.startsWith("apple-")))
        .map((name) => `${folder}/${name}`),
    );
    expect(FILES.map(([name]) => name).sort()).toEqual(there.sort());
    expect(FILES).toHaveLength(18);
  });

  test.each(FILES)("%s gives what stands in it", async (name, kinds) => {
    const result = await runFile(name);
    expect(result.problem).toBeNull();
    expect(result.unreadable).toEqual([]);
    const counts: Record<string, number> = {};
    for (const reading of result.readings) counts[reading.kind] = (counts[reading.kind] ?? 0) + 1;
    expect(counts).toEqual(kinds);
    expect(new Set(result.readings.map((r) => r.sourceKey)).size).toBe(result.readings.length);
  });

  test.skipIf(!hasPython()).each(FILES)("%s gives what Python's XML parser finds in it", async (name) => {
    const { readings } = await runFile(name, WHOLE);
    const expected = python(name).filter((record) => TYPES.test(record.type));
    const seen = (r: SourceReading): unknown => [r.asSent, r.value, r.sourceName, r.instantMs, r.endMs, r.meal];
    expect(readings.map(seen)).toEqual(
      expected.map((r) => [
        `${r.value} ${r.unit}`,
        Number(r.value),
        r.sourceName,
        r.startMs,
        r.endMs === r.startMs ? null : r.endMs,
        MEALS[r.metadata["HKBloodGlucoseMealTime"] ?? ""] ?? null,
      ]),
    );
  });

  test("of winter and of summer name and place the same readings alike", async () => {
    const content = async (name: string): Promise<unknown[]> =>
      (await runFile(name)).readings.map((r) => [r.sourceKey, r.instantMs, r.value, r.utcOffset]);
    const winter = await content("synthetic/apple-export-in-winter.xml");
    expect(winter).toHaveLength(2);
    expect(await content("synthetic/apple-export-in-summer.xml")).toEqual(winter);
  });

  test("with two versions of one sample name it alike and tell both contents", async () => {
    const first = (await runFile("synthetic/apple-sync-v1.xml")).readings[0];
    const second = (await runFile("synthetic/apple-sync-v2-newer-version-other-pointer.xml")).readings[0];
    expect(first?.sourceKey).toContain("DEX-0001");
    expect(second?.sourceKey).toBe(first?.sourceKey);
    expect([first?.value, second?.value]).toEqual([120, 121]);
    expect(first).toMatchObject({ utcOffset: 0, device: { manufacturer: "Dexcom", model: "G7", serial: null } });
    expect(second?.device).toEqual(first?.device);
  });
});
