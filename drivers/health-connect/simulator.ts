import Database from "better-sqlite3";
import { below, seededRandom } from "../../src/kit/simulated.js";

/** What an invented database holds. */
export interface SampleDatabaseOptions {
  /** Equal seeds give equal databases. */
  readonly seed: number;
  /** Rows of each table. */
  readonly count: number;
  /** Of the newest row, milliseconds since the Unix epoch. */
  readonly endMs: number;
  /** The schema's version, as `PRAGMA user_version` tells it; before 9 the names of records are text. */
  readonly version: number;
}

const BASE = `row_id INTEGER PRIMARY KEY AUTOINCREMENT, uuid BLOB NOT NULL UNIQUE, last_modified_time INTEGER,
  client_record_id TEXT, client_record_version TEXT, device_info_id INTEGER, app_info_id INTEGER,
  recording_method INTEGER, dedupe_hash BLOB UNIQUE`;
const INSTANT = `${BASE}, time INTEGER, zone_offset INTEGER, local_date INTEGER`;
const SPAN = `${BASE}, start_time INTEGER, start_zone_offset INTEGER, end_time INTEGER, end_zone_offset INTEGER,
  local_date INTEGER`;
const SCHEMA = `
  CREATE TABLE android_metadata (locale TEXT);
  CREATE TABLE application_info_table (row_id INTEGER PRIMARY KEY, package_name TEXT NOT NULL UNIQUE, app_name TEXT,
    app_icon BLOB, record_types_used TEXT);
  CREATE TABLE device_info_table (row_id INTEGER PRIMARY KEY, manufacturer TEXT, model TEXT, device_type INTEGER);
  CREATE TABLE blood_glucose_record_table (${INSTANT}, specimen_source TEXT NOT NULL, level REAL,
    relation_to_meal TEXT NOT NULL, meal_type TEXT NOT NULL,
    local_date_time INTEGER AS (time + 1000 * zone_offset));
  CREATE TABLE weight_record_table (${INSTANT}, weight REAL);
  CREATE TABLE blood_pressure_record_table (${INSTANT}, measurement_location TEXT NOT NULL, systolic REAL, diastolic REAL,
    body_position TEXT NOT NULL);
  CREATE TABLE steps_record_table (${SPAN}, count INTEGER);
  CREATE TABLE nutrition_record_table (${SPAN}, energy REAL, total_carbohydrate REAL, meal_type INTEGER, meal_name TEXT);
  CREATE TABLE heart_rate_record_table (${SPAN});
  CREATE TABLE heart_rate_record_series_table (parent_key INTEGER, beats_per_minute INTEGER, epoch_millis INTEGER);
  CREATE TABLE hydration_record_table (${SPAN}, volume REAL);
  INSERT INTO android_metadata VALUES ('en_GB');
  INSERT INTO application_info_table VALUES (1, 'org.example.diary', 'Diary', NULL, '11'), (2, 'org.example.band', NULL, NULL, '6');
  INSERT INTO device_info_table VALUES (1, 'Example', 'Meter 2', 0), (2, NULL, NULL, 1);`;

/**
 * An invented Health Connect database, as bytes, with every table that is read, for tests and the demo. Written from the
 * schema's facts, not from the driver.
 */
export function sampleDatabase({ seed, count, endMs, version }: SampleDatabaseOptions): Uint8Array {
  const random = seededRandom(seed);
  const db = new Database(":memory:");
  try {
    db.exec(SCHEMA);
    db.pragma(`user_version = ${version}`);
    for (let row = 0; row < count; row += 1) {
      const at = endMs - row * 300_000 - below(random, 200_000);
      const common = (table: string): Record<string, unknown> => ({
        uuid: identifier(random, version),
        last_modified_time: at + 1_000,
        client_record_id: row % 3 === 0 ? `${table}-${row}` : null,
        client_record_version: row % 3 === 0 ? "1" : null,
        device_info_id: (row % 2) + 1,
        app_info_id: (row % 2) + 1,
        recording_method: below(random, 4),
      });
      const instant = { time: at, zone_offset: row % 5 === 0 ? null : 3_600, local_date: Math.floor(at / 86_400_000) };
      const span = { start_time: at - 60_000, start_zone_offset: -12_600, end_time: at, end_zone_offset: -12_600 };
      insert(db, "blood_glucose_record_table", {
        ...common("bg"),
        ...instant,
        specimen_source: String(below(random, 7)),
        level: (22 + below(random, 250)) / 10,
        relation_to_meal: String(below(random, 5)),
        meal_type: String(below(random, 5)),
      });
      insert(db, "weight_record_table", { ...common("w"), ...instant, weight: 60_000 + 50 * below(random, 600) });
      insert(db, "blood_pressure_record_table", {
        ...common("bp"),
        ...instant,
        measurement_location: "3",
        systolic: 100 + below(random, 70),
        diastolic: 55 + below(random, 40),
        body_position: "2",
      });
      insert(db, "steps_record_table", { ...common("s"), ...span, count: below(random, 2_000) });
      insert(db, "nutrition_record_table", {
        ...common("n"),
        ...span,
        total_carbohydrate: row % 4 === 3 ? null : below(random, 900) / 10,
        meal_type: below(random, 5),
        meal_name: row % 2 === 0 ? null : "Porridge",
      });
      const parent = insert(db, "heart_rate_record_table", { ...common("hr"), ...span });
      for (let beat = 0; beat < 3; beat += 1) {
        const sample = {
          parent_key: parent,
          beats_per_minute: 50 + below(random, 90),
          epoch_millis: at - 60_000 + beat * 20_000,
        };
        insert(db, "heart_rate_record_series_table", sample);
      }
      insert(db, "hydration_record_table", { ...common("h"), ...span, volume: 0.25 });
    }
    return new Uint8Array(db.serialize());
  } finally {
    db.close();
  }
}

function identifier(random: () => number, version: number): Uint8Array | string {
  const bytes = Buffer.from(Array.from({ length: 16 }, () => below(random, 256)));
  if (version >= 9) return bytes;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function insert(db: Database.Database, table: string, row: Readonly<Record<string, unknown>>): number | bigint {
  const names = Object.keys(row);
  const places = names.map((name) => `@${name}`).join(", ");
  return db.prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${places})`).run(row).lastInsertRowid;
}
