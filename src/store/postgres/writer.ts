import { randomUUID } from "node:crypto";
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
/** By then nobody asks any more what became of a writer's last commit. */
const FORGET_OLD_WRITERS = "DELETE FROM commits WHERE at < now() - interval '1 day';";

/** A write transaction that has begun. */
export class WriterConnection extends ClientConnection {
  readonly lent: Lent;
  /** The transaction's mark in the database: which of its writer's it is. */
  name = "";
  number = 0;
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
  #name: string = randomUUID();
  #number = 0;
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
      this.#number += 1;
      writer.name = this.#name;
      writer.number = this.#number;
      // In one message; PostgreSQL looks at the data only after the lock is had.
      const answers = (await writer.client.query(`BEGIN;
SELECT set_config('glucohub.fence', '${this.#fence}', true);
SELECT pg_advisory_xact_lock(${WRITE_LOCK});
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now;
INSERT INTO commits (writer, number, at) VALUES ('${writer.name}', ${writer.number}, now())
  ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at;
${writer.number === 1 ? FORGET_OLD_WRITERS : ""}
NOTIFY glucohub`)) as unknown as QueryResult<{ now: number }>[];
      const begun = answers[3]?.rows[0];
      if (begun === undefined) throw new Error("the database did not say that the transaction begins");
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
      if (isAway(reason)) return this.#settle(writer, reason);
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
    if (this.#current === connection) this.#current = null;
    (connection as WriterConnection).lent.giveBack();
  }

  async destroy(): Promise<void> {
    await this.#session.close();
  }

  /** The answer to a commit was lost: returns if it was committed, and throws if it was not, or nobody can tell. */
  async #settle({ name, number, lent }: WriterConnection, reason: unknown): Promise<void> {
    // The connection is of no use any more, and others need not wait for the answer; they leave its mark alone.
    this.#name = randomUUID();
    lent.giveBack();
    const end = performance.now() + OUTCOME_MS;
    while (performance.now() < end) {
      const last = await this.#lastCommit(name).catch((error) => {
        if (isProblem(this.#explain(error), "STORE_UNREACHABLE", "STORE_BUSY")) return null;
        throw this.#explain(error);
      });
      if (last === number) return;
      if (last !== null) throw this.#explain(reason);
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

  /** The number of the last transaction that was committed under that name, 0 if there is none. */
  async #lastCommit(name: string): Promise<number> {
    const client = await this.#openAside();
    try {
      // Whoever has the lock sees what became of everybody who had it before.
      await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${WRITE_LOCK})`);
      const { rows } = await client.query<{ number: number }>("SELECT number FROM commits WHERE writer = $1", [name]);
      return rows[0]?.number ?? 0;
    } finally {
      await client.end();
    }
  }
}
