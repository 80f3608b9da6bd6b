import Database from "better-sqlite3";
import { Problem } from "../domain/problem.js";

/** Format of the file, kept in SQLite's user_version. */
const FORMAT = 1;

/**
 * The tables. `records` holds each record's newest state under the number of its last change (`seq`, the row's own key:
 * reading changes in order is one scan, and a new record costs one index entry). A state that is followed by another
 * moves to `states`, whole; nothing is ever removed from there.
 */
const TABLES = `
  create table meta (name text primary key, value text not null) without rowid;
  create table records (
    seq integer primary key,
    id text not null unique,
    kind text not null,
    rev text not null,
    parent text,
    deleted integer not null,
    fields text not null,
    by text not null,
    at text not null
  );
  create table states (
    seq integer primary key,
    id text not null,
    rev text not null,
    parent text,
    deleted integer not null,
    fields text not null,
    by text not null,
    at text not null
  );
  create index states_id on states (id, seq);
  create table captures (
    number integer primary key,
    id text not null unique,
    sha256 text not null,
    facts text not null,
    bytes blob,
    at text not null
  );
`;

/**
 * Opens the cloud's file, and makes it if there is none (`:memory:` for none at all). An answered push survives power
 * loss: WAL, synchronous FULL. `generation` names a new store. Throws STORE_NEWER for a file of a later format,
 * STORE_UNUSABLE for one that is not SQLite or can't be opened.
 */
export function openCloudFile(path: string, generation: string): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { timeout: 5000 });
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    prepare(db, generation);
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof Problem) throw cause;
    throw new Problem("STORE_UNUSABLE", `the cloud's file can't be opened: ${String(cause)}`, { path }, { cause });
  }
}

function prepare(db: Database.Database, generation: string): void {
  db.transaction(() => {
    const format = db.pragma("user_version", { simple: true });
    if (format === FORMAT) return;
    if (format !== 0) throw new Problem("STORE_NEWER", `the cloud's file is of format ${String(format)}`);
    db.exec(TABLES);
    db.prepare("insert into meta (name, value) values ('generation', ?)").run(generation);
    db.pragma(`user_version = ${FORMAT}`);
  }).immediate();
}
