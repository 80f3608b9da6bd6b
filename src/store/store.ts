import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Kysely } from "kysely";
import type { Problem } from "../domain/problem.js";
import type { Backend, StoreProbe, Tx } from "./backend.js";
import { storeProblem } from "./connection.js";
import type { Dialect, HotStatement } from "./hot.js";
import { migrate } from "./migrate.js";
import { PostgresBackend } from "./postgres/backend.js";
import { migratePostgres } from "./postgres/migrate.js";
import type { Schema } from "./schema.js";
import { SqliteBackend } from "./sqlite.js";

export type { Tx } from "./backend.js";

/** What the store is opened with. */
export interface StoreOptions {
  /** The SQLite file; made with its tables if it does not exist. */
  readonly path: string;
  /** A PostgreSQL database to use instead of the file (postgres://user@host/database); null or left out: none. */
  readonly url?: string | null;
  /** `sync` only in the sync worker. */
  readonly role: "local" | "sync";
  /**
   * Name of this hub; where null, the store's. The store's is what the cloud is told: made with the store from this
   * name or at random, and replaced by this name in a file. In a database, which is several hubs', it stays.
   */
  readonly hubId?: string | null;
  /** Only in a simulation. */
  readonly probe?: StoreProbe;
}

/**
 * The store, in whichever database it lies. Writes are one after the other; never wait for a network or a meter inside
 * one.
 */
export class Store {
  /** For queries outside transactions; sees every commit. */
  readonly read: Kysely<Schema>;
  readonly dialect: Dialect;
  readonly hubId: string;
  /** Names this store's life: a store restored from a backup gets another one. */
  readonly epoch: string;
  readonly path: string;
  readonly #backend: Backend;
  readonly #listeners = new Set<() => void>();
  #problem: Problem | null = null;

  private constructor(backend: Backend, options: StoreOptions, facts: ReadonlyMap<string, string>) {
    this.#backend = backend;
    this.dialect = backend.dialect;
    this.path = options.path;
    this.read = backend.read;
    this.hubId = options.hubId ?? facts.get("hub") ?? "";
    this.epoch = facts.get("epoch") ?? "";
  }

  /** Opens it, migrating it if it is older. Throws STORE_UNUSABLE, STORE_UNREACHABLE, STORE_NEWER, STORE_FULL. */
  static async open(options: StoreOptions): Promise<Store> {
    const backend = await openBackend(options);
    try {
      const facts = await backend.read.selectFrom("facts").selectAll().execute();
      return new Store(backend, options, new Map(facts.map((fact) => [fact.name, fact.value])));
    } catch (error) {
      await backend.close();
      throw storeProblem(error, options.path);
    }
  }

  /** Runs one write transaction and resolves when it is durable. Throws what `work` threw, or a STORE problem. */
  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await this.#backend.write(work);
    } catch (error) {
      const problem = storeProblem(error);
      if (problem.code === "STORE_FULL" || problem.code === "STORE_UNUSABLE") this.#problem = problem;
      throw problem;
    }
    this.#problem = null;
    for (const listener of this.#listeners) listener();
    // SQLite works synchronously: without a turn for the others a long import would keep them waiting to its end.
    if (this.dialect === "sqlite") await nextTurn();
    return result;
  }

  /** Calls back after each commit of this connection; returns what ends that. */
  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Why nothing can be written: the database can't be reached, or the last write failed for the disk's or the file's
   * sake and nothing was written since.
   */
  get problem(): Problem | null {
    return this.#backend.problem() ?? this.#problem;
  }

  /** A number that changes when any other connection or process committed. Costs next to nothing. */
  commits(): number {
    return this.#backend.commits();
  }

  /** Fence under which this connection's sync writes are checked. */
  setFence(fence: number): void {
    this.#backend.setFence(fence);
  }

  /** Runs a hot query outside transactions. */
  query<P extends object, R>(statement: HotStatement<P>, params: P): Promise<R[]> {
    return this.#backend.query(statement, params);
  }

  close(): Promise<void> {
    return this.#backend.close();
  }
}

async function openBackend(options: StoreOptions): Promise<Backend> {
  const { path, role, url = null, hubId = null } = options;
  const epoch = randomUUID();
  if (url !== null) {
    await migratePostgres(url, { hub: hubId ?? randomUUID(), epoch });
    return PostgresBackend.open(url, role);
  }
  migrate(path, { hub: hubId ?? randomUUID(), epoch }, hubId);
  return SqliteBackend.open(path, role, options.probe ?? null);
}
