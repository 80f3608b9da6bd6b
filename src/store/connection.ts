import Database from "better-sqlite3";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteDialect,
  SqliteDriver,
} from "kysely";
import { asProblem, isProblem, Problem } from "../domain/problem.js";
import type { StoreProbe } from "./backend.js";
import type { Schema } from "./schema.js";
import { inTurn, isBusy } from "./turn.js";

/** What a connection may write: everything but sync's own (`local`), sync's own (`sync`), all (`migrate`), nothing (`reader`). */
export type Role = "local" | "sync" | "migrate" | "reader";

/** How long a connection waits for another one's write transaction before it gives up. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Pages in the write-ahead log from which on a commit copies them into the file: 64 MB, sixteen times SQLite's default.
 * Each page of an index that an import's transactions write again and again is copied that much more seldom.
 */
const LOG_PAGES = 16_000;

/** A connection of one role, raw and through Kysely; both share the same handle. */
export interface Connection {
  readonly role: Role;
  readonly raw: Database.Database;
  readonly db: Kysely<Schema>;
  /** Fence that the `sync` role's writes are checked against; set by whoever holds the lease. */
  setFence(fence: number): void;
  close(): Promise<void>;
}

/**
 * Kysely begins plainly, and a transaction that reads first and writes later then fails at once when another wrote. And
 * where SQLite has rolled back by itself (a full disk), Kysely's own rollback fails and hides why.
 */
class ImmediateDriver extends SqliteDriver {
  readonly #raw: Database.Database;

  constructor(raw: Database.Database) {
    super({ database: raw });
    this.#raw = raw;
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#raw.inTransaction) await super.rollbackTransaction(connection);
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await inTurn(() => connection.executeQuery(CompiledQuery.raw("begin immediate")), BUSY_TIMEOUT_MS);
  }
}

/** A connection with a simulation in between. */
class ProbedConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection;
  readonly #probe: StoreProbe;

  constructor(inner: DatabaseConnection, probe: StoreProbe) {
    this.inner = inner;
    this.#probe = probe;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    await this.#probe.statement(query.sql);
    return this.inner.executeQuery<R>(query);
  }

  streamQuery<R>(query: CompiledQuery, size: number): AsyncIterableIterator<QueryResult<R>> {
    return this.inner.streamQuery<R>(query, size);
  }
}

class ProbedDriver extends ImmediateDriver {
  readonly #probe: StoreProbe;

  constructor(raw: Database.Database, probe: StoreProbe) {
    super(raw);
    this.#probe = probe;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    return new ProbedConnection(await super.acquireConnection(), this.#probe);
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#probe.begin();
    await super.beginTransaction(unprobed(connection));
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#probe.commit();
    await super.commitTransaction(unprobed(connection));
    this.#probe.end();
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await super.rollbackTransaction(unprobed(connection));
    this.#probe.end();
  }
}

function unprobed(connection: DatabaseConnection): DatabaseConnection {
  return connection instanceof ProbedConnection ? connection.inner : connection;
}

class ImmediateDialect extends SqliteDialect {
  readonly #driver: Driver;

  constructor(raw: Database.Database, probe: StoreProbe | null) {
    super({ database: raw });
    this.#driver = probe === null ? new ImmediateDriver(raw) : new ProbedDriver(raw, probe);
  }

  override createDriver(): Driver {
    return this.#driver;
  }
}

/**
 * Opens the store's file. Durable before a commit returns (WAL, synchronous FULL); REPLACE can't slip past the guards
 * (recursive triggers). Throws STORE_UNUSABLE.
 */
export function connect(path: string, role: Role, probe: StoreProbe | null = null): Connection {
  let raw: Database.Database;
  try {
    raw = new Database(path, {
      timeout: BUSY_TIMEOUT_MS,
      readonly: role === "reader",
      fileMustExist: role === "reader",
    });
    if (role !== "reader") keepLog(raw);
    raw.pragma("foreign_keys = ON");
    raw.pragma("recursive_triggers = ON");
    raw.pragma("cache_size = -16000");
    // What a statement may have to undo is kept in memory: in a temporary file, SQLite's default, every page that a row
    // of an import touches is written twice. Not for migrations: theirs are single statements over whole tables.
    if (role === "local" || role === "sync") {
      raw.pragma("temp_store = MEMORY");
      // It waits for its turn itself (see `inTurn`); all that SQLite would do is to hold the thread up.
      raw.pragma("busy_timeout = 0");
    }
  } catch (error) {
    throw storeProblem(error, path);
  }
  let fence = -1;
  raw.function("glucohub_role", { deterministic: true }, () => role);
  raw.function("glucohub_fence", () => fence);
  const db = new Kysely<Schema>({ dialect: new ImmediateDialect(raw, probe) });
  return {
    role,
    raw,
    db,
    setFence(value) {
      fence = value;
    },
    async close() {
      await db.destroy();
      if (raw.open) raw.close();
    },
  };
}

/** Has a connection write as the store does: a commit is durable before it returns, by a write-ahead log. */
export function keepLog(raw: Database.Database): void {
  raw.pragma("journal_mode = WAL");
  raw.pragma("synchronous = FULL");
  raw.pragma(`wal_autocheckpoint = ${LOG_PAGES}`);
}

/** What SQLite's error means for a person; other errors stay what they are. */
export function storeProblem(error: unknown, path?: string): Problem {
  if (isProblem(error)) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (code === "SQLITE_FULL" || code === "ENOSPC" || code.startsWith("SQLITE_IOERR_WRITE"))
    return new Problem("STORE_FULL", undefined, {}, options);
  if (isBusy(error) || code.startsWith("SQLITE_LOCKED")) return new Problem("STORE_BUSY", undefined, {}, options);
  if (message.includes("another sync worker holds the lease")) return new Problem("LEASE_LOST", undefined, {}, options);
  if (code.startsWith("SQLITE_CONSTRAINT")) return new Problem("STORE_RULE", message, {}, options);
  if (code.startsWith("SQLITE_") || (path !== undefined && error instanceof Error)) {
    const where = path === undefined ? "" : ` (${path})`;
    return new Problem("STORE_UNUSABLE", `The store can't be used: ${message}${where}`, {}, options);
  }
  return asProblem(error);
}
