import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sampleTakeout } from "../../drivers/google-fit/simulator.js";
import { sampleDatabase } from "../../drivers/health-connect/simulator.js";
import { packExport, writeExport } from "../bench/export-files.js";
import { writeZip } from "../fixtures/healthkit/zip-writer.js";
import { ask } from "./facts.js";
import { type Tallies, type Told, tallyApple, tallyOf, together } from "./tallies.js";
import { clarityCsv, libreViewCsv, type VendorCsv } from "./vendor-csv.js";

/** Records in a megabyte of an invented export.xml. */
const RECORDS_A_MB = 2_320;

/** Files that a new user has, made in a folder beside the inbox. */
export interface DroppedFiles {
  /** Paths of those that are sound. The Apple Health export is the first in the order of names, in which they are taken. */
  readonly sound: readonly string[];
  /** Path of one that is cut short. */
  readonly bad: string;
  /** The big one's name, and what it is unpacked, bytes. */
  readonly apple: string;
  readonly appleBytes: number;
  /** How many records of the big one are imported. */
  readonly appleRecords: number;
  /** What stands in all sound ones, by others than the drivers. */
  readonly written: Tallies;
}

/**
 * Makes an Apple Health export of about so many megabytes, an old Google Takeout, a Health Connect backup, two vendors'
 * CSV files and an archive that was cut short. Throws if awk finds something else in the big one than its writer counted.
 */
export async function makeDroppedFiles(folder: string, megabytes: number, seed: number): Promise<DroppedFiles> {
  mkdirSync(folder, { recursive: true });
  const xml = join(folder, "export.xml");
  const counts = writeExport(xml, megabytes * RECORDS_A_MB);
  const apple = await tallyApple(xml);
  const found = [...apple.values()].reduce((sum, { count }) => sum + count, 0);
  if (found !== counts.wanted || apple.get("healthkit glucose")?.sum !== counts.glucoseSum * 1_000)
    throw new Error(`awk finds ${found} records in the export of ${counts.wanted}, or other values`);
  await packExport(xml, join(folder, "apple-export.zip"));
  rmSync(xml);

  const save = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const takeout = sampleTakeout({ seed, count: 300, endMs: Date.UTC(2016, 4, 20, 8), folder: "All Data" });
  const database = sampleDatabase({ seed, count: 300, endMs: Date.UTC(2023, 8, 1, 8), version: 20 });
  const unpacked = save("health_connect_export.db", database);
  const connect = await tallyHealthConnect(unpacked);
  rmSync(unpacked);
  const [libre, clarity] = [libreViewCsv(1_900), clarityCsv(2_500)];
  const takeoutZip = writeZip(Object.entries(takeout).map(([name, text]) => ({ name, content: Buffer.from(text) })));
  const connectZip = writeZip([{ name: "health_connect_export.db", content: database }]);
  const sound = [
    join(folder, "apple-export.zip"),
    save("clarity.csv", clarity.text),
    save("health-connect.zip", connectZip),
    save("libreview.csv", libre.text),
    save("takeout-2016.zip", takeoutZip),
  ];
  return {
    sound,
    bad: save("cut-short.zip", takeoutZip.subarray(0, takeoutZip.length / 2)),
    apple: "apple-export.zip",
    appleBytes: counts.bytes,
    appleRecords: counts.wanted,
    written: together([apple, connect, tallyTakeout(takeout), tallyLibre(libre), tallyClarity(clarity)]),
  };
}

/** Streams of apps are taken, Google's own merged ones repeat them. */
const FIT_KINDS: ReadonlyMap<string, string> = new Map([
  ["com.google.blood_glucose", "glucose"],
  ["com.google.weight", "weight"],
  ["com.google.heart_rate.bpm", "heart_rate"],
  ["com.google.blood_pressure", "blood_pressure"],
  ["com.google.step_count.delta", "steps"],
]);

interface FitPoint {
  readonly fitValue: readonly { readonly value: { readonly fpVal?: number; readonly intVal?: number } }[];
  readonly dataTypeName: string;
  readonly startTimeNanos: number;
}

function tallyTakeout(files: Readonly<Record<string, string>>): Tallies {
  const told = Object.values(files).flatMap((text): Told[] => {
    const stream = JSON.parse(text) as { "Data Source": string; "Data Points": readonly FitPoint[] };
    if (!stream["Data Source"].startsWith("raw:")) return [];
    return stream["Data Points"].flatMap(({ fitValue, dataTypeName, startTimeNanos }) => {
      const kind = FIT_KINDS.get(dataTypeName);
      const value = fitValue[0]?.value.fpVal ?? fitValue[0]?.value.intVal;
      if (kind === undefined || value === undefined) return [];
      // Beyond 2^53 a number is not exact; its microsecond is.
      return [{ source: "google-fit", kind, value, atMs: Math.round(startTimeNanos / 1_000) / 1_000 }];
    });
  });
  return tallyOf(told);
}

async function tallyHealthConnect(path: string): Promise<Tallies> {
  const rows = await ask(
    path,
    `SELECT 'glucose' AS kind, level AS value, time AS at FROM blood_glucose_record_table
     UNION ALL SELECT 'weight', weight / 1000, time FROM weight_record_table
     UNION ALL SELECT 'blood_pressure', systolic, time FROM blood_pressure_record_table
     UNION ALL SELECT 'steps', count, start_time FROM steps_record_table
     UNION ALL SELECT 'carbs', total_carbohydrate, start_time FROM nutrition_record_table
       WHERE total_carbohydrate IS NOT NULL
     UNION ALL SELECT 'heart_rate', beats_per_minute, epoch_millis FROM heart_rate_record_series_table`,
  );
  return tallyOf(
    rows.map(({ kind, value, at }) => ({
      source: "health-connect",
      kind: String(kind),
      value: Number(value),
      atMs: Number(at),
    })),
  );
}

function cellsOf({ text, rows }: VendorCsv): readonly (readonly string[])[] {
  return text
    .trimEnd()
    .split("\r\n")
    .slice(-rows)
    .map((line) => line.split(","));
}

function tallyLibre(file: VendorCsv): Tallies {
  const columns: ReadonlyMap<string, readonly [kind: string, at: number]> = new Map([
    ["0", ["glucose", 4]],
    ["4", ["insulin", 7]],
    ["5", ["carbs", 9]],
  ]);
  return tallyOf(
    cellsOf(file).map((cells) => {
      const [kind, at] = columns.get(cells[3] ?? "") ?? ["", 0];
      const [, day, month, year, time] = /^(\d\d)-(\d\d)-(\d{4}) (.*)$/.exec(cells[2] ?? "") ?? [];
      return { source: "file", kind, value: Number(cells[at]), atMs: Date.parse(`${year}-${month}-${day}T${time}Z`) };
    }),
  );
}

function tallyClarity(file: VendorCsv): Tallies {
  return tallyOf(
    cellsOf(file).map((cells) => ({
      source: "file",
      kind: "glucose",
      value: Number(cells[7]),
      atMs: Date.parse(`${cells[1]}Z`),
    })),
  );
}
