import { rmSync } from "node:fs";
import Database from "better-sqlite3";
import { IMPORT_PAGE } from "../../src/ingest/keeper.js";
import { keepLog } from "../../src/store/connection.js";

/** Rows in one transaction: as many as an import keeps at once at most. */
const PAGE = IMPORT_PAGE.most;

interface Row {
  readonly sql: string;
}

/**
 * The least that keeping a store's records can cost: their rows by one prepared insert into the same table with the same
 * indexes, without triggers and history, as durably. Milliseconds; the rows are read before.
 */
export async function insertFloor(storePath: string, path: string): Promise<number> {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  const store = new Database(storePath, { readonly: true });
  const db = new Database(path);
  try {
    keepLog(db);
    db.pragma("cache_size = -16000");
    const tables = store
      .prepare<[], Row>(
        "select sql from sqlite_master where tbl_name = 'records' and type in ('table', 'index') and sql is not null order by type desc",
      )
      .all();
    for (const { sql } of tables) db.exec(sql);
    const columns =
      "id, kind, deleted, fields, version, version_synced, capture, changed_at, changed_by, changed_why, raw";
    const insert = db.prepare(`insert into records (${columns}) values (${columns.replace(/\w+/g, "?")})`);
    const page = store
      .prepare<[number, number]>(`select ${columns} from records where row > ? order by row limit ?`)
      .raw();
    const insertPage = db.transaction((rows: readonly unknown[][]) => {
      for (const row of rows) insert.run(...row);
    });
    let [ms, done] = [0, 0];
    for (;;) {
      const rows = page.all(done, PAGE) as unknown[][];
      if (rows.length === 0) return ms;
      done += rows.length;
      const from = performance.now();
      insertPage.immediate(rows);
      ms += performance.now() - from;
    }
  } finally {
    db.close();
    store.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  }
}
