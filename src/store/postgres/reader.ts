import type { DatabaseConnection, Driver } from "kysely";
import type { Pool, PoolClient } from "pg";
import { isProblem } from "../../domain/problem.js";
import { ClientConnection } from "./kysely.js";

/** Queries outside transactions, on whichever of a few connections is free. */
export class ReaderDriver implements Driver {
  readonly #pool: Pool;
  readonly #explain: (error: unknown) => unknown;
  readonly #unfit = new WeakSet<PoolClient>();

  constructor(pool: Pool, explain: (error: unknown) => unknown) {
    this.#pool = pool;
    this.#explain = explain;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<ReaderConnection> {
    try {
      const client = await this.#pool.connect();
      return new ReaderConnection(client, (error) => {
        const problem = this.#explain(error);
        if (isProblem(problem, "STORE_UNREACHABLE")) this.#unfit.add(client);
        return problem;
      });
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    if (connection instanceof ReaderConnection) connection.pooled.release(this.#unfit.has(connection.pooled));
  }

  async beginTransaction(): Promise<void> {
    throw new Error("the reading connections begin no transactions");
  }

  async commitTransaction(): Promise<void> {}

  async rollbackTransaction(): Promise<void> {}

  async destroy(): Promise<void> {
    await this.#pool.end();
  }
}

class ReaderConnection extends ClientConnection {
  readonly pooled: PoolClient;

  constructor(client: PoolClient, explain: (error: unknown) => unknown) {
    super(client, explain);
    this.pooled = client;
  }
}
