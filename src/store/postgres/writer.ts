import { setTimeout as pause } from "node:timers/promises";
import type { DatabaseConnection, Driver } from "kysely";
import type { Client, ClientBase, QueryResult } from "pg";
import { isProblem, Problem } from "../../domain/problem.js";
import { ClientConnection } from "./kysely.js";
import { isAway } from "./problem.js";
import type { Lent, Session } from "./session.js";

/** Names the lock that every write transaction of one database takes: the first eight letters of glucohub, as numbers. */
export const WRITE_LOCK = `${0x676c7563}, ${0x6f687562}`;
/** How long to find out what became of a commit whose answer was lost, milliseconds. */
const OUTCOME_MS = 15_000;
const OUTCOME_AGAIN_MS = 200;

/** A write transaction that has begun. */
export class WriterConnection extends ClientConnection {
  readonly lent: Lent;
  /** The transaction's name in the database. */
  xid = "";
  /** The database's clock when it began, Unix milliseconds. */
  nowMs = 0;

  constructor(lent: Lent, explain: (error: unknown) => unknown) {
    super(lent.client, (error) => explain(lent.broken() ?? error));
    this.lent = lent;
  }
}

/**
 * Write transactions on one connection, one at a time, and one at a time in the whole database: each begins by taking
 * the database's lock. So what a transaction has read is still so when it commits, whoever else writes, and the
 * sequence of changes is in the order of the commits.
 */
export class WriterDriver implements Driver {
  readonly #session: Session;
  readonly #openAside: () => Promise<Client>;
  readonly #explain: (error: unknown) => unknown;
  readonly #claimed = new WeakMap<ClientBase, number>();
  #fence = -1;
  #current: WriterConnection | null = null;

  /** @param openAside makes another connection, to ask what became of a commit */
  constructor(session: Session, openAside: () => Promise<Client>, explain: (error: unknown) => unknown) {
    this.#session = session;
    this.#openAside = openAside;
    this.#explain = explain;
  }

  /** The transaction that goes on. */
  get current(): WriterConnection {
    if (this.#current === null) throw new Error("no transaction goes on");
    return this.#current;
  }

  setFence(fence: number): void {
    this.#fence = fence;
  }

  /** Ties the fence to the connection's life, beyond this transaction (see `Tx.claim`). */
  async claim(fence: number): Promise<void> {
    const { client } = this.current;
    if (this.#claimed.get(client) === fence) return;
    await client.query(`SELECT pg_advisory_lock(${fence})`);
    this.#claimed.set(client, fence);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    try {
      return new WriterConnection(await this.#session.borrow(), this.#explain);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const writer = connection as WriterConnection;
    try {
      // In one message; PostgreSQL looks at the data only after the lock is had.
      const answers = (await writer.client.query(`BEGIN;
SELECT set_config('glucohub.fence', '${this.#fence}', true);
SELECT pg_advisory_xact_lock(${WRITE_LOCK});
SELECT pg_current_xact_id()::text AS xid, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now;
NOTIFY glucohub`)) as unknown as QueryResult<{ xid: string; now: number }>[];
      const begun = answers[3]?.rows[0];
      if (begun === undefined) throw new Error("the database did not say that the transaction begins");
      writer.xid = begun.xid;
      writer.nowMs = begun.now;
      this.#current = writer;
      // Gone with a connection that broke, while the fence is still the lease's.
      if (this.#fence >= 0) await this.claim(this.#fence);
    } catch (error) {
      await this.rollbackTransaction(writer);
      throw this.#explain(writer.lent.broken() ?? error);
    }
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const writer = connection as WriterConnection;
    let command: string;
    try {
      command = (await writer.client.query("COMMIT")).command;
    } catch (error) {
      const reason = writer.lent.broken() ?? error;
      if (isAway(reason)) return this.#settle(writer.xid, reason);
      throw this.#explain(reason);
    }
    // So it answers where a statement failed and the transaction went on as if it had not.
    if (command !== "COMMIT")
      throw new Problem("STORE_RULE", "A part of the transaction failed before its end: nothing of it was written.");
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const writer = connection as WriterConnection;
    // A connection that broke has rolled back, and what went wrong before is what matters.
    if (writer.lent.broken() === null) await writer.client.query("ROLLBACK").catch(() => undefined);
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    this.#current = null;
    (connection as WriterConnection).lent.giveBack();
  }

  async destroy(): Promise<void> {
    await this.#session.close();
  }

  /** The answer to a commit was lost: returns if it was committed, and throws if it was not, or nobody can tell. */
  async #settle(xid: string, reason: unknown): Promise<void> {
    const end = performance.now() + OUTCOME_MS;
    while (performance.now() < end) {
      const outcome = await this.#outcomeOf(xid).catch((error) => {
        if (isAway(error)) return null;
        throw this.#explain(error);
      });
      if (outcome === "committed") return;
      if (outcome === "aborted") throw this.#explain(reason);
      await pause(OUTCOME_AGAIN_MS);
    }
    const problem = this.#explain(reason);
    const why = isProblem(problem) ? problem.message : String(reason);
    throw new Problem(
      "STORE_UNREACHABLE",
      `${why} Whether the last change was written is not known.`,
      {},
      { cause: problem },
    );
  }

  async #outcomeOf(xid: string): Promise<string | null> {
    const client = await this.#openAside();
    try {
      const { rows } = await client.query<{ outcome: string | null }>("SELECT pg_xact_status($1::xid8) AS outcome", [
        xid,
      ]);
      return rows[0]?.outcome ?? null;
    } finally {
      await client.end();
    }
  }
}
