import type { Statement } from "better-sqlite3";
import type { Kysely, Transaction } from "kysely";
import type { Backend, StoreProbe, Tx } from "./backend.js";
import { type Connection, connect, storeProblem } from "./connection.js";
import type { HotStatement } from "./hot.js";
import type { Schema } from "./schema.js";

/** The store in one SQLite file: one connection that writes in its role, one that only reads. */
export class SqliteBackend implements Backend {
  readonly dialect = "sqlite";
  readonly read: Kysely<Schema>;
  readonly #writer: Connection;
  readonly #reader: Connection;
  readonly #probe: StoreProbe | null;
  readonly #prepared = new Map<Connection, Map<string, Statement<unknown[]>>>();

  private constructor(writer: Connection, reader: Connection, probe: StoreProbe | null) {
    this.#writer = writer;
    this.#reader = reader;
    this.#probe = probe;
    this.read = reader.db;
  }

  /** Opens a file that has its tables already. Throws STORE_UNUSABLE. */
  static async open(path: string, role: "local" | "sync", probe: StoreProbe | null): Promise<SqliteBackend> {
    const writer = connect(path, role, probe);
    try {
      return new SqliteBackend(writer, connect(path, "reader", probe), probe);
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#writer.db.transaction().execute((db) => work(this.#tx(db)));
  }

  async query<P extends object, R>(statement: HotStatement<P>, params: P): Promise<R[]> {
    await this.#probe?.statement(statement.sqlite.sql);
    try {
      return this.#prepare(this.#reader, statement.sqlite.sql).all(...statement.sqlite.bind(params)) as R[];
    } catch (error) {
      throw storeProblem(error);
    }
  }

  commits(): number {
    return Number(this.#reader.raw.pragma("data_version", { simple: true }));
  }

  problem(): null {
    return null;
  }

  setFence(fence: number): void {
    this.#writer.setFence(fence);
  }

  async close(): Promise<void> {
    // The last one to close tidies the write-ahead log away, which a reading connection can't.
    await this.#reader.close();
    await this.#writer.close();
  }

  #tx(db: Transaction<Schema>): Tx {
    const probe = this.#probe;
    return {
      db,
      // One machine, one clock; and whoever may use the file alone needs no lease (see `takeLease`).
      sharedNowMs: null,
      claim: async () => undefined,
      abandoned: async () => false,
      many: async (statement, rows) => {
        const { sql, bind } = statement.sqlite;
        const prepared = this.#prepare(this.#writer, sql);
        const changes: number[] = new Array(rows.length);
        let index = 0;
        for (const row of rows) {
          if (probe !== null) await probe.statement(sql);
          changes[index] = prepared.run(...bind(row)).changes;
          index += 1;
        }
        return changes;
      },
      all: async <P extends object, R>(statement: HotStatement<P>, params: P) => {
        const { sql, bind } = statement.sqlite;
        if (probe !== null) await probe.statement(sql);
        return this.#prepare(this.#writer, sql).all(...bind(params)) as R[];
      },
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
