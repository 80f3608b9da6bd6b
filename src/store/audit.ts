import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import Database from "better-sqlite3";
import { recordFaults } from "../domain/validate.js";
import { connect, storeProblem } from "./connection.js";
import { MIGRATIONS } from "./migrations/index.js";

/** What was looked at, and what is wrong with it. */
export interface StoreAudit {
  /** A sentence for each fault, the first `MOST_TOLD`; none in a sound store. */
  readonly faults: readonly string[];
  /** How many faults there are. */
  readonly found: number;
  readonly counts: {
    readonly records: number;
    readonly history: number;
    readonly conflicts: number;
    readonly captures: number;
    readonly quarantine: number;
  };
  /** Tables, indexes and triggers (the store's rules) that are as they should be. */
  readonly schemaObjects: number;
  /** How many migrations the store has. */
  readonly schemaVersion: number;
}

/** How many faults an audit tells in words. */
export const MOST_TOLD = 100;

/**
 * Reads a whole store's file, as of one moment, while others may use it, and writes nothing: SQLite's own check; every
 * rule present to the letter; every record valid and equal to the newest state in its history; every capture's bytes as
 * their digest says. Throws STORE_UNUSABLE if it is no store that can be read at all.
 */
export function auditStore(path: string): StoreAudit {
  const faults = new Faults();
  const { raw } = connect(path, "reader");
  try {
    return raw.transaction(() => {
      const schemaVersion = Number(raw.pragma("user_version", { simple: true }));
      const schemaObjects = checkSchema(raw, schemaVersion, faults);
      // Without its tables nothing more can be asked.
      if (faults.found > 0 && schemaObjects === 0) return report(faults, {}, schemaObjects, schemaVersion);
      checkFile(raw, faults);
      checkRecords(raw, faults);
      checkCaptures(raw, faults);
      const counts = Object.fromEntries(
        ["records", "history", "conflicts", "captures", "quarantine"].map((table) => [table, countOf(raw, table)]),
      );
      return report(faults, counts, schemaObjects, schemaVersion);
    })();
  } catch (error) {
    throw storeProblem(error, path);
  } finally {
    raw.close();
  }
}

class Faults {
  readonly told: string[] = [];
  found = 0;

  add(sentence: string): void {
    this.found += 1;
    if (this.told.length < MOST_TOLD) this.told.push(sentence);
  }
}

function report(
  { told, found }: Faults,
  counts: Readonly<Record<string, number>>,
  schemaObjects: number,
  schemaVersion: number,
): StoreAudit {
  const { records = 0, history = 0, conflicts = 0, captures = 0, quarantine = 0 } = counts;
  return {
    faults: told,
    found,
    counts: { records, history, conflicts, captures, quarantine },
    schemaObjects,
    schemaVersion,
  };
}

function checkFile(raw: Database.Database, faults: Faults): void {
  for (const { integrity_check: line } of raw.pragma("integrity_check") as { integrity_check: string }[])
    if (line !== "ok") faults.add(line);
  for (const { table, rowid } of raw.pragma("foreign_key_check") as { table: string; rowid: number }[])
    faults.add(`${table} row ${rowid} refers to nothing`);
}

/** Compares every table, index and trigger with what the store's migrations make; how many are as they should be. */
function checkSchema(raw: Database.Database, version: number, faults: Faults): number {
  if (version < 1 || version > MIGRATIONS.length) {
    faults.add(`its schema has the version ${version}; this Glucohub knows 1 to ${MIGRATIONS.length}`);
    return 0;
  }
  const model = new Database(":memory:");
  try {
    for (const { sql } of MIGRATIONS.slice(0, version)) model.exec(sql);
    const wanted = schemaOf(model);
    const found = schemaOf(raw);
    let sound = 0;
    for (const [name, sql] of wanted) {
      const there = found.get(name);
      if (there === sql) sound += 1;
      else faults.add(`the ${name} ${there === undefined ? "is missing" : "is not as it should be"}`);
    }
    for (const name of found.keys()) if (!wanted.has(name)) faults.add(`the ${name} does not belong here`);
    return sound;
  } finally {
    model.close();
  }
}

function schemaOf(raw: Database.Database): ReadonlyMap<string, string> {
  const rows = raw
    .prepare("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    .all() as { type: string; name: string; sql: string | null }[];
  return new Map(rows.map(({ type, name, sql }) => [`${type} ${name}`, sql ?? ""]));
}

interface RecordAndState {
  readonly id: string;
  readonly kind: string;
  readonly deleted: number;
  readonly fields: string;
  readonly version: number;
  readonly stateDeleted: number | null;
  readonly stateFields: string | null;
  readonly stateVersion: number | null;
}

/** A state of origin `remote` is the cloud's side of a merge, not one that the record had. */
const RECORDS = `SELECT r.id, r.kind, r.deleted, r.fields, r.version,
  h.deleted AS stateDeleted, h.fields AS stateFields, h.version AS stateVersion
  FROM records r LEFT JOIN history h
    ON h.seq = (SELECT max(seq) FROM history WHERE record = r.row AND origin IS NOT 'remote')`;

function checkRecords(raw: Database.Database, faults: Faults): void {
  for (const row of raw.prepare<[], RecordAndState>(RECORDS).iterate()) {
    const fields = parseObject(row.fields);
    if (fields === null) faults.add(`record ${row.id}: its fields are no JSON object`);
    else for (const fault of recordFaults(row.id, row.kind, fields)) faults.add(`record ${row.id}: ${fault}`);
    if (row.stateFields === null) faults.add(`record ${row.id} has no history`);
    else if (row.stateFields !== row.fields || row.stateDeleted !== row.deleted || row.stateVersion !== row.version)
      faults.add(`record ${row.id} is not what the newest state in its history says`);
  }
}

interface CaptureRow {
  readonly id: string;
  readonly device: string;
  readonly records: string;
  readonly counts: string;
  readonly sha256: string | null;
  readonly bytes: Uint8Array | null;
}

function checkCaptures(raw: Database.Database, faults: Faults): void {
  const rows = raw.prepare<[], CaptureRow>("SELECT id, device, records, counts, sha256, bytes FROM captures");
  for (const { id, device, records, counts, sha256, bytes } of rows.iterate()) {
    if ([device, records, counts].some((text) => parseObject(text) === null))
      faults.add(`capture ${id}: what it says of its session is no JSON`);
    if (bytes !== null && digestOf(bytes) !== sha256)
      faults.add(`capture ${id}: its bytes are not those that were kept`);
  }
}

function digestOf(gzipped: Uint8Array): string | null {
  try {
    return createHash("sha256").update(gunzipSync(gzipped)).digest("hex");
  } catch {
    return null;
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function countOf(raw: Database.Database, table: string): number {
  return Number(raw.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
}
