import Database from "better-sqlite3";
import type { StoreAddress } from "./address.js";
import {
  auditReport,
  type CaptureRow,
  COUNTED,
  checkCapture,
  checkRecord,
  compareSchema,
  Faults,
  type RecordAndState,
  type StoreAudit,
} from "./audit-checks.js";
import { connect, storeProblem } from "./connection.js";
import { MIGRATIONS } from "./migrations/index.js";
import { auditDatabase } from "./postgres/audit.js";

/** Reads a whole store wherever it lies and says what is wrong with it. Throws what the two below throw. */
export async function auditAt({ path, url }: StoreAddress): Promise<StoreAudit> {
  return url === null ? auditStore(path) : auditDatabase(url);
}

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
      if (faults.found > 0 && schemaObjects === 0) return auditReport(faults, {}, schemaObjects, schemaVersion);
      checkFile(raw, faults);
      for (const row of raw.prepare<[], RecordAndState>(RECORDS).iterate()) checkRecord(row, faults);
      for (const row of raw.prepare<[], CaptureRow>(CAPTURES).iterate()) checkCapture(row, faults);
      const counts = Object.fromEntries(COUNTED.map((table) => [table, countOf(raw, table)]));
      return auditReport(faults, counts, schemaObjects, schemaVersion);
    })();
  } catch (error) {
    throw storeProblem(error, path);
  } finally {
    raw.close();
  }
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
    return compareSchema(schemaOf(model), schemaOf(raw), faults);
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

/** A state of origin `remote` is the cloud's side of a merge, not one that the record had. */
const RECORDS = `SELECT r.id, r.kind, r.deleted, r.fields, r.version,
  h.deleted AS stateDeleted, h.fields AS stateFields, h.version AS stateVersion
  FROM records r LEFT JOIN history h
    ON h.seq = (SELECT max(seq) FROM history WHERE record = r.row AND origin IS NOT 'remote')`;

const CAPTURES = "SELECT id, device, records, counts, sha256, bytes FROM captures";

function countOf(raw: Database.Database, table: string): number {
  return Number(raw.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
}
