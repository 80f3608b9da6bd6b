import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exportText } from "../bench/export-text.js";
import { unlikeMemory } from "./replugged-meter.js";
import { countAll, differences, type Tallies, tallyApple, tallyOf, tallyStore, together } from "./tallies.js";

const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const hasAwk = has("awk", "BEGIN { exit 0 }");
const hasSqlite = has("sqlite3", "--version");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "glucohub-tallies-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const one = (value: number, atMs: number, kind = "glucose"): Tallies =>
  tallyOf([{ source: "file", kind, value, atMs }]);

describe("tallies", () => {
  test("count values, and tell a lost one, one told twice, another value and another time", () => {
    const all = together([one(5.6, 10_000), one(100, 70_000), one(4, 0, "carbs")]);
    expect([...all]).toEqual([
      ["file glucose", { count: 2, sum: 105_600, moments: 5_600 * 10 + 100_000 * 70 }],
      ["file carbs", { count: 1, sum: 4_000, moments: 0 }],
    ]);
    expect(countAll(all)).toBe(3);
    expect(differences(all, together([one(100, 70_000), one(5.6, 10_000), one(4, 0, "carbs")]))).toEqual([]);
    const lost = together([one(100, 70_000), one(4, 0, "carbs")]);
    const twice = together([all, one(5.6, 10_000)]);
    const swapped = together([one(100, 10_000), one(5.6, 70_000), one(4, 0, "carbs")]);
    const dayLater = together([one(5.6, 10_000 + 86_400_000), one(100, 70_000), one(4, 0, "carbs")]);
    const otherValue = together([one(5.7, 10_000), one(100, 70_000), one(4, 0, "carbs")]);
    for (const there of [lost, twice, swapped, dayLater, otherValue])
      expect(differences(all, there)).toEqual([expect.stringMatching(/^of file glucose \{/)]);
    expect(differences(all, together([one(5.6, 10_000), one(100, 70_000)]))).toEqual([
      'of file carbs {"count":1,"sum":4000,"moments":0} stood in the files, undefined is in the store',
    ]);
  });

  test.skipIf(!hasAwk)("of an Apple Health export are the same by awk and by a pattern over its text", async () => {
    const text = [...exportText(3_000).pieces()].join("");
    const path = join(folder, "export.xml");
    writeFileSync(path, text);
    const kinds = {
      ...{ BloodGlucose: "glucose", InsulinDelivery: "insulin", DietaryCarbohydrates: "carbs" },
      ...{ HeartRate: "heart_rate", StepCount: "steps", BodyMass: "weight" },
    };
    const told = Object.entries(kinds).flatMap(([type, kind]) =>
      [...text.matchAll(new RegExp(`Identifier${type}".* startDate="([^"]+)".* value="([^"]+)"`, "g"))].map(
        ([, at = "", value]) => ({
          ...{ source: "healthkit", kind, value: Number(value) },
          atMs: Date.parse(at.replace(/^(\S+) (\S+) \+0100$/, "$1T$2+01:00")),
        }),
      ),
    );
    expect(told.length).toBeGreaterThan(2_000);
    expect(differences(tallyOf(told), await tallyApple(path))).toEqual([]);
  });
});

describe.skipIf(!hasSqlite)("a store", () => {
  const path = (): string => join(folder, "store.db");
  const row = (fields: object): string =>
    `INSERT INTO records (kind, fields) VALUES ('glucose', '${JSON.stringify(fields)}');`;
  const make = (...rows: readonly object[]): void => {
    rmSync(path(), { force: true });
    const table =
      "CREATE TABLE records (kind TEXT, fields TEXT, time TEXT GENERATED ALWAYS AS (json_extract(fields, '$.time')))";
    execFileSync("sqlite3", [path(), `${table}; ${rows.map(row).join(" ")}`]);
  };

  test("is tallied without meters, people and earlier days of Apple's", async () => {
    const time = "1970-01-01T00:01:10.000Z";
    make(
      { source: "file", value: 5.6, time: "1970-01-01T00:00:10.999Z" },
      { source: "file", value: 100, time },
      { source: "meter", value: 1, time },
      { source: "manual", value: 1, time },
      { source: "healthkit", value: 1, time },
      { source: "healthkit", value: 7, time: "2017-11-23T06:00:00.000Z" },
    );
    const at = Date.UTC(2017, 10, 23, 6);
    const apple = tallyOf([{ source: "healthkit", kind: "glucose", value: 7, atMs: at }]);
    const written = together([one(5.6, 10_999), one(100, 70_000), apple]);
    expect(differences(written, await tallyStore(path(), "2017-11-01"))).toEqual([]);
  });

  test("is compared with a meter's memory test by test", async () => {
    const tests = [1, 2, 3].map((minute) => ({
      ...{ deviceTime: `2026-11-23T08:0${minute}:00`, kind: "glucose" as const, value: 100 + minute },
      ...{ unit: "mg/dL", outOfRange: null, control: false, meal: null },
    }));
    const records = tests.map((one) => ({ ...one, source: "meter", serial: "S1" }));
    make(...records, { ...records[0], serial: "S2" });
    expect(await unlikeMemory(path(), "S1", tests)).toBeNull();
    make(...records.slice(1));
    expect(await unlikeMemory(path(), "S1", tests)).toMatch(/the hub has 2 of it; missing: 2026-11-23T08:01:00 101 mg/);
    make(...records, { ...records[0] });
    expect(await unlikeMemory(path(), "S1", tests)).toMatch(/the hub has 4 of it; .*too many: 2026-11-23T08:01:00 101/);
    make(...records.slice(1), { ...records[0], value: 99 });
    expect(await unlikeMemory(path(), "S1", tests)).toMatch(/missing: .* 101 mg\/dL; too many: .* 99 mg/);
  });
});
