import { join } from "node:path";
import Database from "better-sqlite3";
import { fieldsText } from "../../src/domain/record.js";
import { keepLog } from "../../src/store/connection.js";
import { ingestPage, type NewRecord } from "../../src/store/records.js";
import { Store } from "../../src/store/store.js";
import { compare } from "./compare.js";
import type { Bench } from "./figure.js";
import { CAPTURE, meterRecords, pagesOf, READER } from "./meter-records.js";

/** Records in one transaction: as many as a session keeps at once at most. */
const PAGE = 1_000;

/**
 * Records into the store, with its rules and its history, against one prepared statement that inserts the same rows
 * into the same table without them. The records are made before either starts.
 */
export const benchIngest: Bench = async (context) => {
  const records = meterRecords(context.records);
  const rows = records.map(rowOf);
  let file = 0;
  const path = (): string => {
    file += 1;
    return join(context.folder, `ingest-${file}.db`);
  };
  const { ours, floor, ratio } = await compare(
    () => intoStore(path(), records),
    () => intoTable(path(), rows),
    (ms) => ms,
    context.say,
  );
  const name = `ingest of ${context.records} records`;
  return [{ name, unit: "ms", ours, floor, ratio, target: { of: "ratio", atMost: 2 } }];
};

/** Fills a new store, page by page. Milliseconds until the last page is durable. */
export async function intoStore(path: string, records: readonly NewRecord[]): Promise<number> {
  const store = await Store.open({ path, role: "local" });
  try {
    const pages = pagesOf(records, PAGE);
    const start = performance.now();
    for (const page of pages) await store.write((tx) => ingestPage(tx, page, CAPTURE, READER));
    const ms = performance.now() - start;
    const { n } = await store.read
      .selectFrom("history")
      .select((eb) => eb.fn.countAll<number>().as("n"))
      .executeTakeFirstOrThrow();
    if (n !== records.length) throw new Error(`the store keeps ${n} of ${records.length} records`);
    return ms;
  } finally {
    await store.close();
  }
}

type Row = readonly [...texts: string[], raw: Uint8Array | null];

function rowOf({ id, kind, fields, raw }: NewRecord): Row {
  return [id, kind, fieldsText(fields), CAPTURE, READER.at, READER.by, READER.why, raw];
}

/** Fills the bare table, in the same pages. */
async function intoTable(path: string, rows: readonly Row[]): Promise<number> {
  const tables = await schemaOfRecords(`${path}.schema`);
  const db = new Database(path);
  try {
    keepLog(db);
    db.pragma("cache_size = -16000");
    for (const sql of tables) db.exec(sql);
    const insert = db.prepare(
      `insert into records (id, kind, deleted, fields, version, version_synced, capture, changed_at, changed_by,
       changed_why, raw) values (?, ?, 0, ?, 1, 0, ?, ?, ?, ?, ?)`,
    );
    const insertPage = db.transaction((page: readonly Row[]) => {
      for (const row of page) insert.run(...row);
    });
    const pages = pagesOf(rows, PAGE);
    const start = performance.now();
    for (const page of pages) insertPage.immediate(page);
    const ms = performance.now() - start;
    const n = db.prepare("select count(*) from records").pluck().get();
    if (n !== rows.length) throw new Error(`the bare table keeps ${n} of ${rows.length} rows`);
    return ms;
  } finally {
    db.close();
  }
}

/** The table and its indexes as the store makes them, taken from a store, so that both always have the same. */
async function schemaOfRecords(path: string): Promise<string[]> {
  const store = await Store.open({ path, role: "local" });
  await store.close();
  const db = new Database(path, { readonly: true });
  try {
    return db
      .prepare<[], string>(
        "select sql from sqlite_master where tbl_name = 'records' and type in ('table', 'index') and sql is not null order by type desc",
      )
      .pluck()
      .all();
  } finally {
    db.close();
  }
}
