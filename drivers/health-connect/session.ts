import { setImmediate } from "node:timers/promises";
import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading } from "../../src/domain/reading.js";
import type { EntryDatabase, FileSessionContext } from "../../src/kit/driver.js";
import { mapRow, type Occurrence } from "./map.js";
import { recordQuery } from "./query.js";
import { APPS_TABLE } from "./recognise.js";
import { RECORD_TABLES, type RecordTable } from "./tables.js";

const BATCH = 500;
/** Rows after which others get a turn, told or not: the database gives them without waiting. */
const TURN = 2_000;
/** Instants of one series that are remembered; Health Connect's apps write some hundred into one. */
const MAX_INSTANTS = 100_000;

/**
 * Reads the database, table by table. Throws IMPORT_UNKNOWN_FORMAT if it is another app's, IMPORT_MALFORMED where it is
 * damaged; what was told before stays valid.
 */
export async function* session(context: FileSessionContext): AsyncGenerator<SessionEvent, void, void> {
  const { entry, file, kinds, log } = context;
  const database = await context.database(entry);
  try {
    const tables = database.tables();
    if (!tables.includes(APPS_TABLE) || !tables.some((name) => name.endsWith("_record_table"))) {
      throw new Problem("IMPORT_UNKNOWN_FORMAT", `${entry.name} is a database, but not Health Connect's`);
    }
    yield {
      type: "identity",
      identity: { manufacturer: null, model: null, serial: null, firmware: null, displayUnit: null },
      source: "health-connect",
      sourceName: "Health Connect",
    };
    const read = RECORD_TABLES.filter(({ kind }) => kinds === null || kinds.has(kind));
    for (const record of read) {
      yield* readTable(context, database, record);
      yield { type: "progress", doneBytes: file.position(), totalBytes: file.sizeBytes };
    }
    const others = tables.filter((name) => name.endsWith("_record_table")).length;
    const known = RECORD_TABLES.filter(({ table }) => tables.includes(table)).length;
    log.info({ version: database.userVersion, notRead: others - known }, "tables of other kinds are not read");
  } finally {
    database.close();
  }
}

async function* readTable(
  { signal, log }: FileSessionContext,
  database: EntryDatabase,
  record: RecordTable,
): AsyncGenerator<SessionEvent, void, void> {
  const query = recordQuery(database, record);
  if (query === null) return;
  if ("missing" in query) {
    const detail = `${record.table} can't be read: it has no ${query.missing}.`;
    const raw = Buffer.from(JSON.stringify(database.columns(record.table)));
    yield { type: "unreadable", unreadable: { code: "IMPORT_MALFORMED", detail, raw } };
    return;
  }
  let batch: SourceReading[] = [];
  let [rows, left] = [0, 0];
  const occurrence = createOccurrence();
  try {
    for (const row of database.rows(query.sql)) {
      rows += 1;
      const mapped = mapRow(row, record, occurrence);
      const unreadable = mapped !== null && "code" in mapped ? mapped : null;
      if (mapped === null) left += 1;
      else if (!("code" in mapped)) batch.push(mapped);
      if (batch.length >= BATCH || unreadable !== null || rows % TURN === 0) {
        if (batch.length > 0) yield { type: "readings", readings: batch };
        batch = [];
      }
      if (unreadable !== null) yield { type: "unreadable", unreadable };
      if (rows % TURN === 0) await setImmediate(undefined, { signal });
    }
  } catch (error) {
    signal.throwIfAborted();
    // What stood before the damage is told first.
    if (isProblem(error) && batch.length > 0) yield { type: "readings", readings: batch };
    throw error;
  }
  if (batch.length > 0) yield { type: "readings", readings: batch };
  if (left > 0)
    log.info({ table: record.table, left }, "rows that say nothing of their kind, or the same sample again");
  if (query.superseded !== null) {
    for (const { n } of database.rows(query.superseded)) {
      if (n !== 0)
        log.info({ table: record.table, superseded: Number(n) }, "rows of which a later version stands beside");
    }
  }
}

/** Remembers one record's samples: those of a record stand together. */
function createOccurrence(): Occurrence {
  let of: string | null = null;
  let seen = new Map<number, number[]>();
  return (name, instantMs, value) => {
    if (name !== of || seen.size >= MAX_INSTANTS) seen = new Map();
    of = name;
    const values = seen.get(instantMs) ?? [];
    if (values.includes(value)) return null;
    seen.set(instantMs, [...values, value]);
    return values.length;
  };
}
