import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import Database from "better-sqlite3";
import { asProblem, Problem } from "../domain/problem.js";
import type { EntryDatabase, SqlValue } from "../kit/driver.js";
import type { FileEntry } from "../kit/transport.js";
import { privateFolder } from "./private-folder.js";

/** Where and how much may be copied. */
export interface CopyOptions {
  /** Folders for the copy, the first that can be written to is taken. */
  readonly folders: readonly string[];
  /** Bytes of a database; a larger one is refused. */
  readonly maxBytes: number;
}

/** `/var/tmp` is on a disk where `/tmp` may be in memory (Filesystem Hierarchy Standard, section 5.15). */
const COPY: CopyOptions = { folders: ["/var/tmp", tmpdir()], maxBytes: 8 * 2 ** 30 };
/** Bytes of a text or blob that is given out; a longer one comes as null. V8 has no place for one of 512 MiB. */
export const MAX_VALUE_BYTES = 1 << 20;
/** SQLite file format, section 1.3: the text that it begins with, and the two bytes that are 2 while there is a log. */
const MAGIC = "SQLite format 3\0";
const [WRITE_VERSION_AT, HEADER_BYTES] = [18, 100];
const ROLLBACK = [1, 1];
const DISK_FULL = ["ENOSPC", "EDQUOT", "EFBIG"];

/**
 * Opens an import's entry as a database that is only read. A copy of it is made, which only this user may read and which
 * has no name any more once it is open: it vanishes when it is closed, also if the process is killed then. What a
 * process leaves that is killed while it copies, the next one removes. A file in write-ahead mode is read as it stands.
 *
 * Nothing in the file is trusted: its tables are read, and no view, trigger or virtual table is. Texts and blobs above
 * {@link MAX_VALUE_BYTES} come as null, whole numbers beyond 2^53 as bigint.
 *
 * Throws IMPORT_UNKNOWN_FORMAT if it is no SQLite database, IMPORT_MALFORMED (with what SQLite says) if it is damaged or
 * larger than `maxBytes`, STORE_FULL if the disk has no room for the copy, and the signal's reason.
 */
export async function openEntryDatabase(
  entry: FileEntry,
  signal: AbortSignal,
  options: CopyOptions = COPY,
): Promise<EntryDatabase> {
  const owner = { pid: process.pid, startedMs: performance.timeOrigin };
  const folder = await privateFolder(options.folders, owner).catch((error: unknown) => {
    throw copyProblem(error);
  });
  try {
    const path = join(folder, "copy.db");
    await copy(entry, path, signal, options.maxBytes);
    return opened(path, entry.name);
  } finally {
    // Who has it open reads on; nobody else ever can.
    await rm(folder, { recursive: true, force: true });
  }
}

async function copy(entry: FileEntry, path: string, signal: AbortSignal, maxBytes: number): Promise<void> {
  const tooLarge = (): Problem =>
    new Problem("IMPORT_MALFORMED", `${basename(entry.name)} is larger than ${maxBytes} bytes`);
  if (entry.size !== null && entry.size > maxBytes) throw tooLarge();
  const file = await open(path, "wx+", 0o600).catch((error: unknown) => {
    throw copyProblem(error);
  });
  try {
    let at = 0;
    for await (const bytes of entry.open()) {
      signal.throwIfAborted();
      if (at + bytes.length > maxBytes) throw tooLarge();
      await writeAll(file, bytes, at);
      at += bytes.length;
    }
    const header = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await file.read(header, 0, HEADER_BYTES, 0);
    if (bytesRead < HEADER_BYTES || header.toString("latin1", 0, MAGIC.length) !== MAGIC) {
      throw new Problem("IMPORT_UNKNOWN_FORMAT", `${basename(entry.name)} is no SQLite database`);
    }
    // Its log, if it had one, did not come with it; without this SQLite would want to write one.
    await writeAll(file, Buffer.from(ROLLBACK), WRITE_VERSION_AT);
  } finally {
    await file.close();
  }
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array, at: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    }
  } catch (error) {
    throw copyProblem(error);
  }
}

function copyProblem(error: unknown): Problem {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const detail = `There is no place for a copy of the database: ${asProblem(error).message}`;
  return new Problem(DISK_FULL.includes(code) ? "STORE_FULL" : "INTERNAL", detail, {}, { cause: error });
}

function opened(path: string, name: string): EntryDatabase {
  let db: Database.Database | null = null;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true });
    // What SQLite's documentation advises for files of strangers ("Defense Against The Dark Arts").
    for (const pragma of ["trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "query_only = ON"]) {
      db.pragma(pragma);
    }
    return new UntrustedDatabase(db, name);
  } catch (error) {
    db?.close();
    throw sqliteProblem(error, name);
  }
}

class UntrustedDatabase implements EntryDatabase {
  readonly userVersion: number;
  readonly #db: Database.Database;
  readonly #name: string;
  readonly #columns: ReadonlyMap<string, readonly string[]>;

  constructor(db: Database.Database, name: string) {
    this.#db = db;
    this.#name = name;
    this.userVersion = Number(db.pragma("user_version", { simple: true }));
    this.#columns = new Map(tableNames(db).map((table) => [table, columnNames(db, table)]));
  }

  tables(): readonly string[] {
    return [...this.#columns.keys()];
  }

  columns(table: string): readonly string[] {
    return this.#columns.get(table) ?? [];
  }

  *rows(sql: string, ...values: readonly SqlValue[]): IterableIterator<Readonly<Record<string, SqlValue>>> {
    try {
      this.#refuseOthers(sql);
      const names = this.#db
        .prepare(sql)
        .columns()
        .map(({ name }) => name);
      const statement = this.#db.prepare(bounded(sql, names)).safeIntegers(true);
      for (const row of statement.iterate(...values)) {
        yield narrowed(row as Record<string, SqlValue>);
      }
    } catch (error) {
      throw sqliteProblem(error, this.#name);
    }
  }

  close(): void {
    this.#db.close();
  }

  /** A view may be an endless query, and a virtual table runs code: only tables that are stored are read. */
  #refuseOthers(sql: string): void {
    for (const [, name = ""] of sql.matchAll(/\b(?:from|join)\s+"?(\w+)/gi)) {
      if (!this.#columns.has(name)) throw new Problem("IMPORT_MALFORMED", `${name} is no table of ${this.#name}`);
    }
  }
}

/** Views and virtual tables have no root page of their own. */
function tableNames(db: Database.Database): string[] {
  const sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND octet_length(name) <= 200";
  return db
    .prepare<[], { name: string }>(sql)
    .all()
    .map(({ name }) => String(name));
}

/** Without those that are computed: their formulas are the file's. */
function columnNames(db: Database.Database, table: string): string[] {
  const rows = db.prepare<[string], { name: string }>("SELECT name FROM pragma_table_info(?)").all(table);
  return rows.map(({ name }) => String(name));
}

/** Asks for the length before the value, which SQLite knows without reading it. */
function bounded(sql: string, names: readonly string[]): string {
  const columns = names.map((name) => {
    const column = `"${name.replaceAll('"', '""')}"`;
    return `CASE WHEN octet_length(${column}) <= ${MAX_VALUE_BYTES} THEN ${column} END AS ${column}`;
  });
  return `SELECT ${columns.join(", ")} FROM (${sql})`;
}

function narrowed(row: Record<string, SqlValue>): Record<string, SqlValue> {
  for (const name of Object.keys(row)) {
    const value = row[name];
    if (typeof value === "bigint" && Number.isSafeInteger(Number(value))) row[name] = Number(value);
  }
  return row;
}

function sqliteProblem(error: unknown, name: string): Problem {
  if (error instanceof Problem) return error;
  const { message } = asProblem(error);
  const code = error instanceof Database.SqliteError ? error.code : "";
  if (code.startsWith("SQLITE_FULL")) return new Problem("STORE_FULL", message, {}, { cause: error });
  return new Problem(
    "IMPORT_MALFORMED",
    `${basename(name)} can't be read as a database: ${message}`,
    {},
    { cause: error },
  );
}
