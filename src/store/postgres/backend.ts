import { createHash } from "node:crypto";
import { CompiledQuery, type Kysely, type Transaction } from "kysely";
import type { Client, ClientBase } from "pg";
import type { Problem } from "../../domain/problem.js";
import type { Backend, Tx } from "../backend.js";
import type { Bulk, HotStatement } from "../hot.js";
import type { Schema } from "../schema.js";
import { addressText, CONNECT_MS, clientConfig, loadLibrary, type Purpose } from "./connect.js";
import { kyselyOver } from "./kysely.js";
import { toParameter } from "./parameters.js";
import { postgresProblem } from "./problem.js";
import { ReaderDriver } from "./reader.js";
import { Session } from "./session.js";
import { Watcher } from "./watcher.js";
import { WriterDriver } from "./writer.js";

/** Most connections that read at once. */
const READERS = 4;
/** How long a reading connection is kept that nobody uses, milliseconds. */
const IDLE_MS = 30_000;
/** Rows on their way at once. */
const BATCH = 1_000;

/**
 * The store in a PostgreSQL database that several hubs share: one connection that writes in its role, a few that read,
 * and one that listens, once somebody asks for others' commits.
 */
export class PostgresBackend implements Backend {
  readonly dialect = "postgres";
  readonly read: Kysely<Schema>;
  readonly #writer: WriterDriver;
  readonly #writing: Kysely<Schema>;
  readonly #watcher: Watcher;
  readonly #explain: (error: unknown) => unknown;
  readonly #names = new Map<string, string>();

  private constructor(
    read: Kysely<Schema>,
    writer: WriterDriver,
    watcher: Watcher,
    explain: (error: unknown) => unknown,
  ) {
    this.read = read;
    this.#writer = writer;
    this.#writing = kyselyOver(writer);
    this.#watcher = watcher;
    this.#explain = explain;
  }

  /** Connects to a database that has its tables already. Throws STORE_UNREACHABLE, STORE_UNUSABLE. */
  static async open(url: string, role: "local" | "sync"): Promise<PostgresBackend> {
    const library = await loadLibrary();
    const explain = (error: unknown): unknown => postgresProblem(error, addressText(url));
    const open = async (purpose: Purpose): Promise<Client> => {
      const client = new library.Client(clientConfig(library, url, purpose));
      // Heard here until its user listens: an error that nobody hears ends the process.
      client.on("error", () => undefined);
      await client.connect();
      return client;
    };
    const pool = new library.Pool({
      ...clientConfig(library, url, "reader"),
      max: READERS,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: CONNECT_MS,
    });
    pool.on("error", () => undefined);
    // The pool listens to those that rest only: one that breaks just after its answer would end the process.
    pool.on("connect", (client) => client.on("error", () => undefined));
    const watcher = new Watcher(() => open("listener"), explain);
    const session = new Session(
      () => open(role),
      () => watcher.look(),
    );
    const writer = new WriterDriver(session, () => open("reader"), explain);
    const backend = new PostgresBackend(kyselyOver(new ReaderDriver(pool, explain)), writer, watcher, explain);
    try {
      await session.connect();
    } catch (error) {
      await backend.close();
      throw explain(error);
    }
    return backend;
  }

  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await this.#writing.transaction().execute((db) => work(this.#tx(db)));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async query<P extends object, R>(statement: HotStatement<P>, params: P): Promise<R[]> {
    const { sql, bind } = statement.postgres;
    return (await this.read.executeQuery<R>(CompiledQuery.raw(sql, bind(params)))).rows;
  }

  commits(): number {
    return this.#watcher.commits();
  }

  problem(): Problem | null {
    return this.#watcher.problem;
  }

  setFence(fence: number): void {
    this.#writer.setFence(fence);
  }

  async close(): Promise<void> {
    await this.#watcher.close();
    await this.read.destroy();
    await this.#writing.destroy();
  }

  #tx(db: Transaction<Schema>): Tx {
    const { client, lent, nowMs } = this.#writer.current;
    const run = async <R extends object>({ text, values }: Bound) => {
      try {
        return await client.query<R>({ name: this.#nameOf(text), text, values });
      } catch (error) {
        throw this.#explain(lent.broken() ?? error);
      }
    };
    return {
      db,
      sharedNowMs: nowMs,
      many: async (statement, rows) => {
        const changes: number[] = [];
        for (let at = 0; at < rows.length; at += BATCH) {
          const batch = rows.slice(at, at + BATCH);
          if (statement.bulk !== null && batch.length > 1) {
            const { key } = statement.bulk;
            const { rows: changed } = await run<object>(bulkOf(statement.bulk, batch));
            const keys = new Set(changed.map((row) => Reflect.get(row, key) as unknown));
            for (const row of batch) changes.push(keys.delete(row[key]) ? 1 : 0);
            continue;
          }
          // All are sent before the first is answered: what costs time is the way, not the work.
          const sent = batch.map((row) => run(rowOf(statement, row)));
          for (const { rowCount } of await Promise.all(sent)) changes.push(rowCount ?? 0);
        }
        return changes;
      },
      all: async <P extends object, R>(statement: HotStatement<P>, params: P) =>
        (await run(rowOf(statement, params))).rows as R[],
      claim: (fence) => this.#writer.claim(fence),
      abandoned: (fence) => isFree(client, fence),
    };
  }

  /** Named, a statement is parsed once a connection. */
  #nameOf(sql: string): string {
    const name = this.#names.get(sql) ?? createHash("sha256").update(sql).digest("hex").slice(0, 32);
    this.#names.set(sql, name);
    return name;
  }
}

/** A statement with its parameters, as the library takes it. */
interface Bound {
  readonly text: string;
  readonly values: unknown[];
}

function rowOf<P extends object>({ postgres: { sql, bind } }: HotStatement<P>, params: P): Bound {
  return { text: sql, values: bind(params).map(toParameter) };
}

function bulkOf<P extends object>({ sql, columns }: Bulk<P>, rows: readonly P[]): Bound {
  return { text: sql, values: columns.map((column) => rows.map((row) => toParameter(row[column]))) };
}

/** A fence that a living connection claimed can't be had. */
async function isFree(client: ClientBase, fence: number): Promise<boolean> {
  const { rows } = await client.query<{ free: boolean }>("SELECT pg_try_advisory_xact_lock($1) AS free", [fence]);
  return rows[0]?.free === true;
}
