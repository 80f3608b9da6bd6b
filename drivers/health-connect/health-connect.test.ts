import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { isProblem, type ProblemCode } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading, Unreadable } from "../../src/domain/reading.js";
import type { Kind } from "../../src/domain/record.js";
import { openEntryDatabase } from "../../src/transports/entry-database.js";
import { openFile } from "../../src/transports/file.js";
import { filesOf } from "../../test/helpers/report-file.js";
import { healthConnect } from "./index.js";
import { sampleDatabase } from "./simulator.js";

const vector = fileURLToPath(
  new URL("../../../shared/vectors/exports/synthetic/health_connect_export.db", import.meta.url),
);
const END = Date.UTC(2026, 8, 1, 8);
const signal = new AbortController().signal;

interface Heard {
  readonly readings: readonly SourceReading[];
  readonly unreadable: readonly Unreadable[];
  readonly problem: ProblemCode | null;
}

async function hear(bytes: Uint8Array, kinds: ReadonlySet<Kind> | null = null): Promise<Heard> {
  const file = filesOf({ "some name.bin": bytes });
  const [entry] = await file.entries();
  if (entry === undefined) throw new Error("no entry");
  const events: SessionEvent[] = [];
  let problem: ProblemCode | null = null;
  const context = { file, entry, signal, log: silentLog, zone: "UTC", kinds, dateOrder: null };
  try {
    const database = (): ReturnType<typeof openEntryDatabase> => openEntryDatabase(entry, signal);
    for await (const event of healthConnect.session({ ...context, database })) events.push(event);
  } catch (error) {
    if (!isProblem(error)) throw error;
    problem = error.code;
  }
  return {
    readings: events.flatMap((event) => (event.type === "readings" ? event.readings : [])),
    unreadable: events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable] : [])),
    problem,
  };
}

/** A database changed by these statements. */
function changed(bytes: Uint8Array, ...statements: readonly string[]): Uint8Array {
  const db = new Database(Buffer.from(bytes));
  for (const statement of statements) db.exec(statement);
  const result = new Uint8Array(db.serialize());
  db.close();
  return result;
}

function totals(readings: readonly SourceReading[]): Record<string, readonly [count: number, sum: number]> {
  const sums: Record<string, [number, number]> = {};
  for (const { kind, value } of readings) {
    const sum = sums[kind] ?? [0, 0];
    sums[kind] = [sum[0] + 1, sum[1] + (value ?? 0)];
  }
  return Object.fromEntries(
    Object.entries(sums)
      .sort()
      .map(([kind, [count, sum]]) => [kind, [count, Math.round(sum * 1_000) / 1_000]]),
  );
}

function hasSqlite(): boolean {
  try {
    execFileSync("sqlite3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** What the sqlite3 command counts and sums in a database, by kind; written apart from the driver's statements. */
function bySqlite(bytes: Uint8Array): Record<string, readonly [count: number, sum: number]> {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-hc-"));
  try {
    writeFileSync(join(folder, "x.db"), bytes);
    const sql = [
      "SELECT 'blood_pressure', count(*), sum(systolic) FROM blood_pressure_record_table",
      "SELECT 'carbs', count(total_carbohydrate), sum(total_carbohydrate) FROM nutrition_record_table",
      "SELECT 'glucose', count(*), sum(level) FROM blood_glucose_record_table",
      "SELECT 'heart_rate', count(*), sum(beats_per_minute) FROM heart_rate_record_series_table",
      "SELECT 'steps', count(*), sum(count) FROM steps_record_table",
      "SELECT 'weight', count(*), sum(weight) / 1000 FROM weight_record_table",
    ];
    const output = execFileSync("sqlite3", [join(folder, "x.db"), sql.join("; ")], { encoding: "utf8" });
    const rows = output
      .trim()
      .split("\n")
      .map((line) => line.split("|"));
    return Object.fromEntries(
      rows.map(([kind, count, sum]) => [kind, [Number(count), Math.round(Number(sum) * 1_000) / 1_000]]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("recognition", () => {
  const entry = { name: "x", size: null, async *open() {} };
  const head = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, 4_096);

  test("takes Health Connect's databases whatever their names, also where the list of tables is too long to be seen", () => {
    expect(healthConnect.recognise(entry, head(sampleDatabase({ seed: 1, count: 1, endMs: END, version: 23 })))).toBe(
      true,
    );
    const db = new Database(":memory:");
    for (let table = 0; table < 100; table += 1) db.exec(`CREATE TABLE t${table} (a)`);
    expect(healthConnect.recognise(entry, head(db.serialize()))).toBe(true);
    db.close();
  });

  test("refuses other files, other apps' databases and small ones without its tables", () => {
    const db = new Database(":memory:");
    db.exec("CREATE TABLE t (a)");
    expect(healthConnect.recognise(entry, head(db.serialize()))).toBe(false);
    db.exec("CREATE TABLE application_info_table (a)");
    expect(healthConnect.recognise(entry, head(db.serialize()))).toBe(true);
    db.pragma("application_id = 252006673");
    expect(healthConnect.recognise(entry, head(db.serialize()))).toBe(false);
    db.close();
    for (const other of ["", "SQLite format 3\0", "SQLite format 3", `{"SQLite format 3": 1}${" ".repeat(200)}`]) {
      expect(healthConnect.recognise(entry, Buffer.from(other))).toBe(false);
    }
  });

  test("of another app's large database ends with its session", async () => {
    const db = new Database(":memory:");
    for (let table = 0; table < 100; table += 1) db.exec(`CREATE TABLE t${table}_record_table (a)`);
    const bytes = db.serialize();
    db.close();
    expect(await hear(bytes)).toEqual({ readings: [], unreadable: [], problem: "IMPORT_UNKNOWN_FORMAT" });
  });
});

describe.skipIf(!existsSync(vector))("the collected database", () => {
  test("gives its four readings, as they stand in it", async () => {
    const { readings, unreadable, problem } = await hear(readFileSync(vector));
    expect([unreadable, problem]).toEqual([[], null]);
    // By hand, from the file's rows: instants of 1 January and 1 July 2026.
    expect(
      readings.map((r) => [
        r.value,
        r.unit,
        r.instantMs,
        r.utcOffset,
        r.meal,
        r.specimen,
        r.note,
        r.sourceName,
        r.device,
      ]),
    ).toEqual([
      [
        5.5,
        "mmol/L",
        1_767_254_400_000,
        60,
        "before",
        "capillary",
        "Breakfast",
        "Example Meter",
        { manufacturer: "Acme", model: "Meter One", serial: null },
      ],
      [
        8.9,
        "mmol/L",
        1_767_261_600_000,
        60,
        "after",
        "capillary",
        "Breakfast",
        "Example Meter",
        { manufacturer: "Acme", model: "Meter One", serial: null },
      ],
      [6.05, "mmol/L", 1_782_892_800_000, 120, null, "interstitial", null, "Example CGM", null],
      [6.1, "mmol/L", 1_782_893_100_000, null, null, "interstitial", "Not related to a meal", "Example CGM", null],
    ]);
    expect(readings.map((r) => r.sourceKey)).toEqual([
      '["client","blood_glucose_record_table","com.example.meter","meter-1"]',
      '["client","blood_glucose_record_table","com.example.meter","meter-2"]',
      '["uuid","cfa7f7defa9d5b5ea95a7a850b9d3362"]',
      '["uuid","76bf2759f254589cbae591daac8c90b0"]',
    ]);
  });

  test.skipIf(!hasSqlite())("gives the counts and sums of the sqlite3 command", async () => {
    const output = execFileSync("sqlite3", [vector, "SELECT count(*), sum(level) FROM blood_glucose_record_table"]);
    const { readings } = await hear(readFileSync(vector));
    const [count, sum] = String(output).trim().split("|").map(Number);
    expect(totals(readings)).toEqual({ glucose: [count, sum] });
    expect(count).toBe(4);
  });
});

describe("an invented database", () => {
  test.skipIf(!hasSqlite()).each([9, 14, 23, 26])(
    "of version %i gives the counts and sums by kind of the sqlite3 command",
    async (version) => {
      const bytes = sampleDatabase({ seed: version, count: 200, endMs: END, version });
      const { readings, unreadable, problem } = await hear(bytes);
      expect([unreadable, problem]).toEqual([[], null]);
      const expected = bySqlite(bytes);
      expect(Object.keys(expected)).toHaveLength(6);
      expect(totals(readings)).toEqual(expected);
      expect(expected["heart_rate"]?.[0]).toBe(600);
      expect(new Set(readings.map(({ sourceKey, kind }) => `${kind} ${sourceKey}`)).size).toBe(readings.length);
    },
  );

  test("from before version 9, whose names are text, names records as the later one does", async () => {
    const keys = async (version: number): Promise<unknown[]> =>
      (await hear(sampleDatabase({ seed: 5, count: 20, endMs: END, version }))).readings.map((r) => r.sourceKey);
    expect(await keys(8)).toEqual(await keys(9));
  });

  test("gives only the kinds that are wanted", async () => {
    const bytes = sampleDatabase({ seed: 2, count: 10, endMs: END, version: 23 });
    const { readings } = await hear(bytes, new Set<Kind>(["weight", "glucose"]));
    expect(Object.keys(totals(readings))).toEqual(["glucose", "weight"]);
  });

  test("tells spans, offsets, pressure and foods as they are stored", async () => {
    const bytes = sampleDatabase({ seed: 3, count: 6, endMs: END, version: 23 });
    const { readings } = await hear(bytes);
    const db = new Database(Buffer.from(bytes));
    const first = (table: string): Record<string, number> =>
      db.prepare<[], Record<string, number>>(`SELECT * FROM ${table} ORDER BY row_id LIMIT 1`).get() ?? {};
    const of = (kind: Kind): SourceReading | undefined => readings.find((r) => r.kind === kind);
    const [pressure, steps, weight] = ["blood_pressure", "steps", "weight"].map((t) => first(`${t}_record_table`));
    db.close();
    expect(of("blood_pressure")).toMatchObject({
      value: pressure?.["systolic"],
      value2: pressure?.["diastolic"],
      unit: "mmHg",
    });
    expect(of("steps")).toMatchObject({
      instantMs: steps?.["start_time"],
      endMs: steps?.["end_time"],
      utcOffset: -210,
    });
    expect(of("weight")).toMatchObject({ value: (weight?.["weight"] ?? 0) / 1_000, unit: "kg" });
    expect(of("weight")?.asSent).toBe(`${weight?.["weight"]} g`);
    expect(readings.filter((r) => r.kind === "carbs").map((r) => r.note?.includes("Porridge") ?? false)).toContain(
      true,
    );
  });
});

describe("rows", () => {
  const base = (): Uint8Array => sampleDatabase({ seed: 7, count: 3, endMs: END, version: 23 });
  const glucose = new Set<Kind>(["glucose"]);

  test("of one app under one name are one record, and its highest version counts", async () => {
    const bytes = changed(
      base(),
      "DELETE FROM blood_glucose_record_table",
      `INSERT INTO blood_glucose_record_table (uuid, client_record_id, client_record_version, app_info_id, time, specimen_source,
         level, relation_to_meal, meal_type)
       VALUES (x'01', 'a', '9', 1, 1000, '0', 5.1, '0', '0'), (x'02', 'a', '10', 1, 1000, '0', 5.2, '0', '0'),
         (x'03', 'a', '2', 1, 1000, '0', 5.3, '0', '0'), (x'04', 'a', '1', 2, 1000, '0', 5.4, '0', '0'),
         (x'05', '', '1', 2, 1000, '0', 5.5, '0', '0'), (x'06', '', '1', 2, 1000, '0', 5.5, '0', '0')`,
    );
    const { readings } = await hear(bytes, glucose);
    // 10 is more than 9, also as text; another app's name is another's; an empty one is none, and equal rows are two.
    expect(readings.map(({ value }) => value)).toEqual([5.2, 5.4, 5.5, 5.5]);
    expect(readings.map(({ sourceKey }) => sourceKey)).toEqual([
      '["client","blood_glucose_record_table","org.example.diary","a"]',
      '["client","blood_glucose_record_table","org.example.band","a"]',
      null,
      null,
    ]);
  });

  test("that can't be understood are told with what stands in them, and the rest is read", async () => {
    const bytes = changed(
      base(),
      "DELETE FROM blood_glucose_record_table",
      `INSERT INTO blood_glucose_record_table (uuid, time, specimen_source, level, relation_to_meal, meal_type)
       VALUES (x'01', 1000, '0', NULL, '0', '0'), (x'02', 1000, '0', 'high', '0', '0'), (x'03', 1000, '0', 0, '0', '0'),
         (x'04', 1000, '0', -5, '0', '0'), (x'05', 1000, '0', 120, '0', '0'), (x'06', NULL, '0', 5, '0', '0'),
         (x'07', 1.5, '0', 5, '0', '0'), (x'08', 9223372036854775807, '0', 5, '0', '0'), (x'09', 1000, '9', 5, '8', 'x')`,
    );
    const { readings, unreadable, problem } = await hear(bytes, glucose);
    expect(problem).toBeNull();
    expect(readings.map(({ value, note, meal, specimen }) => [value, note, meal, specimen])).toEqual([
      [5, "Relation to meal 8; Specimen 9; Meal type x", null, null],
    ]);
    expect(unreadable).toHaveLength(8);
    expect(unreadable.every(({ code }) => code === "IMPORT_MALFORMED")).toBe(true);
    expect(unreadable.map(({ raw }) => JSON.parse(Buffer.from(raw).toString()).uuid)).toEqual([
      "01",
      "02",
      "03",
      "04",
      "05",
      "06",
      "07",
      "08",
    ]);
  });

  test("are read from a schema with columns missing, others added and in another order", async () => {
    const less = changed(
      base(),
      "ALTER TABLE blood_glucose_record_table DROP COLUMN client_record_id",
      "ALTER TABLE blood_glucose_record_table DROP COLUMN device_info_id",
      "ALTER TABLE blood_glucose_record_table DROP COLUMN meal_type",
      "ALTER TABLE blood_glucose_record_table ADD COLUMN device_data_provider_id INTEGER",
      "DROP TABLE device_info_table",
    );
    const { readings, unreadable } = await hear(less, glucose);
    expect(unreadable).toEqual([]);
    expect(readings).toHaveLength(3);
    expect(
      readings.every(({ device, sourceKey }) => device === null && sourceKey?.startsWith('["uuid"') === true),
    ).toBe(true);
  });

  test("of a table without its value are told as unreadable once, and the other tables are read", async () => {
    const bytes = changed(base(), "ALTER TABLE blood_glucose_record_table RENAME COLUMN level TO amount");
    const { readings, unreadable } = await hear(bytes);
    expect(unreadable.map(({ detail }) => detail)).toEqual([
      "blood_glucose_record_table can't be read: it has no level.",
    ]);
    expect(readings.some(({ kind }) => kind === "glucose")).toBe(false);
    expect(readings.some(({ kind }) => kind === "weight")).toBe(true);
  });

  test("of a heart rate series twice alike are one, and two values of one instant are two", async () => {
    const bytes = changed(
      base(),
      "DELETE FROM heart_rate_record_series_table",
      "INSERT INTO heart_rate_record_series_table VALUES (1, 70, 5000), (1, 70, 5000), (1, 71, 5000), (2, 70, 5000), (99, 70, 5000)",
    );
    const { readings } = await hear(bytes, new Set<Kind>(["heart_rate"]));
    expect(readings.map(({ value, instantMs }) => [value, instantMs])).toEqual([
      [70, 5_000],
      [71, 5_000],
      [70, 5_000],
    ]);
    expect(new Set(readings.map(({ sourceKey }) => sourceKey)).size).toBe(3);
  });
});

test("a view in a table's place is not read", async () => {
  const bytes = changed(
    sampleDatabase({ seed: 7, count: 3, endMs: END, version: 23 }),
    "DROP TABLE weight_record_table",
    `CREATE VIEW weight_record_table AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
       SELECT x AS row_id, x AS time, 70000.0 AS weight FROM n`,
  );
  const { readings, problem } = await hear(bytes);
  expect(problem).toBeNull();
  expect(readings.some(({ kind }) => kind === "weight")).toBe(false);
  expect(readings.some(({ kind }) => kind === "glucose")).toBe(true);
});

test("a database with bytes turned gives readings or a problem, and nothing else", async () => {
  const good = sampleDatabase({ seed: 11, count: 2, endMs: END, version: 23 });
  const problems = new Set<string>();
  let whole = 0;
  for (let turn = 0; turn < 120; turn += 1) {
    const bytes = Buffer.from(good);
    const at = (turn * 7_919) % (turn % 2 === 0 ? good.length : 8_192);
    bytes[at] = (bytes[at] ?? 0) ^ (1 + (turn % 255));
    const { readings, problem } = await hear(bytes);
    if (problem === null) whole += 1;
    else problems.add(problem);
    for (const reading of readings) {
      expect(Number.isFinite(reading.value) && (reading.value ?? -1) >= 0).toBe(true);
      expect(Number.isInteger(reading.instantMs)).toBe(true);
    }
  }
  expect(whole).toBeGreaterThan(20);
  expect(problems).toContain("IMPORT_MALFORMED");
  problems.delete("IMPORT_MALFORMED");
  // A table that is called otherwise makes it another app's.
  expect([[], ["IMPORT_UNKNOWN_FORMAT"]]).toContainEqual([...problems]);
});

test("an archive gives what its database alone gives", async () => {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-hc-"));
  try {
    const bytes = sampleDatabase({ seed: 4, count: 5, endMs: END, version: 23 });
    writeFileSync(join(folder, "health_connect_export.db"), bytes);
    execFileSync("python3", ["-m", "zipfile", "-c", "x.zip", "health_connect_export.db"], { cwd: folder });
    const file = await openFile(join(folder, "x.zip"));
    const [entry] = await file.entries();
    if (entry === undefined) throw new Error("no entry");
    const database = (): ReturnType<typeof openEntryDatabase> => openEntryDatabase(entry, signal);
    const context = { file, entry, signal, log: silentLog, zone: "UTC", kinds: null, dateOrder: null, database };
    const readings: SourceReading[] = [];
    for await (const event of healthConnect.session(context)) {
      if (event.type === "readings") readings.push(...event.readings);
    }
    await file.close();
    expect(readings).toEqual((await hear(bytes)).readings);
    expect(readings.length).toBeGreaterThan(30);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
