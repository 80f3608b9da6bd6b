import type { Kysely, Transaction } from "kysely";
import type { Problem } from "../domain/problem.js";
import type { Dialect, HotStatement } from "./hot.js";
import type { Schema } from "./schema.js";

/** One write transaction. Everything done with it is durable together when `write` resolves, or undone together. */
export interface Tx {
  readonly db: Transaction<Schema>;
  /** Runs a hot statement for each row; how many rows of the table each run changed. */
  many<P extends object>(statement: HotStatement<P>, rows: readonly P[]): Promise<number[]>;
  /** Runs a hot query. */
  all<P extends object, R>(statement: HotStatement<P>, params: P): Promise<R[]>;
  /** The database's clock at the begin, Unix milliseconds, where machines with clocks of their own share it; else null. */
  readonly sharedNowMs: number | null;
  /** Ties a fence to the life of this connection, beyond the transaction, where another machine could ask for it. */
  claim(fence: number): Promise<void>;
  /** True where the connection that claimed the fence is known to be gone: nobody will use it any more. */
  abandoned(fence: number): Promise<boolean>;
}

/**
 * A database under the store. Whatever it is, all write transactions of one store are one after the other, whichever
 * process begins them: nothing that a transaction read has changed when it commits, and the store's sequence of changes
 * is in the order of the commits.
 */
export interface Backend {
  readonly dialect: Dialect;
  /** For queries outside transactions; sees every commit. */
  readonly read: Kysely<Schema>;
  /** Runs one write transaction and resolves when it is durable. Throws what `work` threw, or a STORE problem. */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs a hot query outside transactions. */
  query<P extends object, R>(statement: HotStatement<P>, params: P): Promise<R[]>;
  /** A number that changes when any other connection or process committed. Costs next to nothing. */
  commits(): number;
  /** Why the database can't be reached at present; null while it can, and where nobody asks for commits. */
  problem(): Problem | null;
  /** Fence under which this connection's sync writes are checked. */
  setFence(fence: number): void;
  close(): Promise<void>;
}

/**
 * Where a simulation stands between the store and its database: it decides who goes on next, and kills by throwing. A
 * store opened without one loses nothing by it.
 */
export interface StoreProbe {
  /** Before a write transaction begins; resolves when this connection may hold the store's only write transaction. */
  begin(): Promise<void>;
  /** Before each statement of a transaction, and before each query outside one. */
  statement(sql: string): Promise<void>;
  /** Before the commit. */
  commit(): Promise<void>;
  /** The transaction is over, committed or rolled back. */
  end(): void;
}
