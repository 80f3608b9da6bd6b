import type { Database } from "better-sqlite3";
import { connect } from "../../src/store/connection.js";
import { leaveWal } from "../../src/store/copy.js";
import { Store } from "../../src/store/store.js";

/** A random UUID in SQL. */
const NEW_ID = `lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a'
  || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))`;

/**
 * Makes a new store of any size out of the records of another, over and over with identities of their own, in seconds:
 * by SQL, with indexes and rules taken away meanwhile. What comes out has the schema of any new store, and one state of
 * history for each record.
 *
 * @param path the new store's file
 * @param source a store that is not open, with one record at least
 * @param pushed true: each record was confirmed by the cloud; false: none was
 */
export async function multipliedStore(path: string, source: string, count: number, pushed: boolean): Promise<void> {
  // Makes the tables.
  await (await Store.open({ path, role: "local" })).close();
  const { raw, close } = connect(path, "migrate");
  try {
    // A crash in the middle costs a file that nobody wants yet.
    raw.pragma("journal_mode = MEMORY");
    raw.pragma("synchronous = OFF");
    raw.pragma("foreign_keys = OFF");
    raw.prepare("ATTACH ? AS source").run(source);
    const withoutRules = takeRules(raw);
    const there = Number(raw.prepare("SELECT count(*) FROM source.records").pluck().get());
    const insert = raw.prepare(
      `INSERT INTO main.records (id, kind, deleted, fields, version, version_synced, rev, capture, raw, changed_at, changed_by, changed_why)
       SELECT ${NEW_ID}, kind, deleted, fields, 1, ?, ?, capture, raw, changed_at, changed_by, changed_why
       FROM source.records ORDER BY row LIMIT ?`,
    );
    for (let made = 0; made < count; made += there)
      insert.run(pushed ? 1 : 0, pushed ? "1" : null, Math.min(there, count - made));
    raw.exec(
      `INSERT INTO main.history (record, version, origin, at, by, why, deleted, fields)
       SELECT row, version, 'local', changed_at, changed_by, changed_why, deleted, fields FROM main.records ORDER BY row`,
    );
    for (const sql of withoutRules) raw.exec(sql);
    raw.exec("DETACH source");
    // As a store that has been in use: SQLite knows nothing of the distribution, but the pages are in their places.
    raw.pragma("journal_mode = WAL");
  } finally {
    await close();
  }
  leaveWal(path);
}

/** Takes indexes and triggers away; what brings them back. */
function takeRules(raw: Database): readonly string[] {
  const rules = raw
    .prepare<[], { type: string; name: string; sql: string }>(
      "SELECT type, name, sql FROM main.sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid",
    )
    .all();
  for (const { type, name } of rules) raw.exec(`DROP ${type} main.${name}`);
  return rules.map(({ sql }) => sql);
}
