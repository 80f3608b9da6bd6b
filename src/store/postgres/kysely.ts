import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from "kysely";
import type { ClientBase } from "pg";
import type { Schema } from "../schema.js";
import { toParameter } from "./parameters.js";

/** Kysely over connections that a driver of ours hands out. */
export function kyselyOver(driver: Driver): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}

/** A connection as Kysely uses it; errors are told by `explain` in the store's words. */
export class ClientConnection implements DatabaseConnection {
  readonly client: ClientBase;
  readonly #explain: (error: unknown) => unknown;

  constructor(client: ClientBase, explain: (error: unknown) => unknown) {
    this.client = client;
    this.#explain = explain;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    try {
      const { command, rowCount, rows } = await this.client.query(sql, parameters.map(toParameter));
      const writes = command === "INSERT" || command === "UPDATE" || command === "DELETE";
      return writes ? { rows: rows as R[], numAffectedRows: BigInt(rowCount ?? 0) } : { rows: rows as R[] };
    } catch (error) {
      throw this.#explain(error);
    }
  }

  // biome-ignore lint/correctness/useYield: nothing in the store streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("the store streams nothing");
  }
}
