import Database from "better-sqlite3";
import { CompiledQuery, type DatabaseConnection, type Driver, Kysely, SqliteDialect, SqliteDriver } from "kysely";
import { asProblem, isProblem, Problem } from "../domain/problem.js";
import type { Schema } from "./schema.js";

/** What a connection may write: everything but sync's own (`local`), sync's own (`sync`), all (`migrate`), nothing (`reader`). */
export type Role = "local" | "sync" | "migrate" | "reader";

/** How long a connection waits for another one's write transaction before it gives up. */
const BUSY_TIMEOUT_MS = 5_000;

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
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }
}

class ImmediateDialect extends SqliteDialect {
  readonly #raw: Database.Database;

  constructor(raw: Database.Database) {
    super({ database: raw });
    this.#raw = raw;
  }

  override createDriver(): Driver {
    return new ImmediateDriver(this.#raw);
  }
}

/**
 * Opens the store's file. Durable before a commit returns (WAL, synchronous FULL); REPLACE can't slip past the guards
 * (recursive triggers). Throws STORE_UNUSABLE.
 */
export function connect(path: string, role: Role): Connection {
  let raw: Database.Database;
  try {
    raw = new Database(path, {
      timeout: BUSY_TIMEOUT_MS,
      readonly: role === "reader",
      fileMustExist: role === "reader",
    });
    if (role !== "reader") {
      raw.pragma("journal_mode = WAL");
      raw.pragma("synchronous = FULL");
    }
    raw.pragma("foreign_keys = ON");
    raw.pragma("recursive_triggers = ON");
    raw.pragma("cache_size = -16000");
  } catch (error) {
    throw storeProblem(error, path);
  }
  let fence = -1;
  raw.function("glucohub_role", { deterministic: true }, () => role);
  raw.function("glucohub_fence", () => fence);
  const db = new Kysely<Schema>({ dialect: new ImmediateDialect(raw) });
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

/** What SQLite's error means for a person; other errors stay what they are. */
export function storeProblem(error: unknown, path?: string): Problem {
  if (isProblem(error)) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (code === "SQLITE_FULL" || code === "ENOSPC" || code.startsWith("SQLITE_IOERR_WRITE"))
    return new Problem("STORE_FULL", undefined, {}, options);
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"))
    return new Problem("STORE_BUSY", undefined, {}, options);
  if (message.includes("another sync worker holds the lease")) return new Problem("LEASE_LOST", undefined, {}, options);
  if (code.startsWith("SQLITE_CONSTRAINT")) return new Problem("STORE_RULE", message, {}, options);
  if (code.startsWith("SQLITE_") || (path !== undefined && error instanceof Error)) {
    const where = path === undefined ? "" : ` (${path})`;
    return new Problem("STORE_UNUSABLE", `The store can't be used: ${message}${where}`, {}, options);
  }
  return asProblem(error);
}
