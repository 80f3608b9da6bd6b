import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Statement } from "better-sqlite3";
import type { Kysely, Transaction } from "kysely";
import type { Problem } from "../domain/problem.js";
import { type Connection, connect, storeProblem } from "./connection.js";
import type { HotStatement } from "./hot.js";
import { migrate } from "./migrate.js";
import type { Schema } from "./schema.js";

/** One write transaction. Everything done with it is durable together when `write` resolves, or undone together. */
export interface Tx {
  readonly db: Transaction<Schema>;
  /** Runs a hot statement for each row; how many rows of the table each run changed. */
  many<P extends object>(statement: HotStatement<P>, rows: readonly P[]): Promise<number[]>;
  /** Runs a hot query. */
  all<P extends object, R>(statement: HotStatement<P>, params: P): Promise<R[]>;
}

/** What the store is opened with. */
export interface StoreOptions {
  /** The SQLite file; made with its tables if it does not exist. */
  readonly path: string;
  /** `sync` only in the sync worker. */
  readonly role: "local" | "sync";
  /** Name of this hub for the cloud; a random one is made with the store where null. */
  readonly hubId?: string | null;
}

/**
 * The store: one connection that writes in its role, one that only reads. Writes are one after the other; never wait
 * for a network or a meter inside one.
 */
export class Store {
  /** For queries outside transactions; sees every commit. */
  readonly read: Kysely<Schema>;
  readonly hubId: string;
  /** Names this store's life: a store restored from a backup gets another one. */
  readonly epoch: string;
  readonly path: string;
  readonly #writer: Connection;
  readonly #reader: Connection;
  readonly #prepared = new Map<Connection, Map<string, Statement<unknown[]>>>();
  readonly #listeners = new Set<() => void>();
  #problem: Problem | null = null;

  private constructor(writer: Connection, reader: Connection, path: string, facts: ReadonlyMap<string, string>) {
    this.#writer = writer;
    this.#reader = reader;
    this.path = path;
    this.read = reader.db;
    this.hubId = facts.get("hub") ?? "";
    this.epoch = facts.get("epoch") ?? "";
  }

  /** Opens it, migrating it if it is older. Throws STORE_UNUSABLE, STORE_NEWER, STORE_FULL. */
  static async open(options: StoreOptions): Promise<Store> {
    migrate(options.path, { hub: options.hubId ?? randomUUID(), epoch: randomUUID() }, options.hubId ?? null);
    const writer = connect(options.path, options.role);
    try {
      const reader = connect(options.path, "reader");
      const facts = await reader.db.selectFrom("facts").selectAll().execute();
      return new Store(writer, reader, options.path, new Map(facts.map((fact) => [fact.name, fact.value])));
    } catch (error) {
      await writer.close();
      throw storeProblem(error, options.path);
    }
  }

  /** Runs one write transaction and resolves when it is durable. Throws what `work` threw, or a STORE problem. */
  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await this.#writer.db.transaction().execute((db) => work(this.#tx(db)));
    } catch (error) {
      const problem = storeProblem(error);
      if (problem.code === "STORE_FULL" || problem.code === "STORE_UNUSABLE") this.#problem = problem;
      throw problem;
    }
    this.#problem = null;
    for (const listener of this.#listeners) listener();
    // SQLite works synchronously: without a turn for the others a long import would keep them waiting to its end.
    await nextTurn();
    return result;
  }

  /** Calls back after each commit of this connection; returns what ends that. */
  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Why the last write failed, if the disk or the file was at fault and nothing was written since. */
  get problem(): Problem | null {
    return this.#problem;
  }

  /** A number that changes when any other connection or process committed. Costs a few microseconds. */
  dataVersion(): number {
    return Number(this.#reader.raw.pragma("data_version", { simple: true }));
  }

  /** Fence under which this connection's sync writes are checked. */
  setFence(fence: number): void {
    this.#writer.setFence(fence);
  }

  /** Runs a hot query outside transactions, on the reading connection. */
  query<P extends object, R>(statement: HotStatement<P>, params: P): R[] {
    try {
      return this.#prepare(this.#reader, statement.sql).all(...statement.bind(params)) as R[];
    } catch (error) {
      throw storeProblem(error);
    }
  }

  /** Copies the whole store, consistent, while it is in use. The file must not exist. */
  async backup(file: string): Promise<void> {
    try {
      await this.#reader.raw.backup(file);
    } catch (error) {
      throw storeProblem(error, file);
    }
  }

  /** SQLite's own check of the file and of references: a line for each fault found. */
  integrityFaults(): string[] {
    const lines = this.#reader.raw.pragma("integrity_check") as { integrity_check: string }[];
    const faults = lines.map((line) => line.integrity_check).filter((line) => line !== "ok");
    const broken = this.#reader.raw.pragma("foreign_key_check") as { table: string; rowid: number }[];
    return [...faults, ...broken.map((row) => `${row.table} row ${row.rowid} refers to nothing`)];
  }

  async close(): Promise<void> {
    // The last one to close tidies the write-ahead log away, which a reading connection can't.
    await this.#reader.close();
    await this.#writer.close();
  }

  #tx(db: Transaction<Schema>): Tx {
    return {
      db,
      many: async (statement, rows) => {
        const prepared = this.#prepare(this.#writer, statement.sql);
        const changes: number[] = new Array(rows.length);
        let index = 0;
        for (const row of rows) {
          changes[index] = prepared.run(...statement.bind(row)).changes;
          index += 1;
        }
        return changes;
      },
      all: async <P extends object, R>(statement: HotStatement<P>, params: P) =>
        this.#prepare(this.#writer, statement.sql).all(...statement.bind(params)) as R[],
    };
  }

  #prepare(connection: Connection, sql: string): Statement<unknown[]> {
    const prepared = this.#prepared.get(connection) ?? new Map<string, Statement<unknown[]>>();
    this.#prepared.set(connection, prepared);
    const statement = prepared.get(sql) ?? connection.raw.prepare<unknown[]>(sql);
    prepared.set(sql, statement);
    return statement;
  }
}
