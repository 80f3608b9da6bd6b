import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "pg";
import { CONNECT_MS } from "./connect.js";
import { isAway } from "./problem.js";

/** How long to wait between two tries to connect, milliseconds. */
const AGAIN_MS = 100;

/** A connection lent to one transaction. */
export interface Lent {
  readonly client: Client;
  /** Why the connection broke, once it did. */
  broken(): Error | null;
  giveBack(): void;
}

/**
 * One connection that is lent to one borrower at a time, in the order of asking, and that connects again by itself after
 * it broke. A database that is being restarted is waited for, some seconds.
 */
export class Session {
  readonly #open: () => Promise<Client>;
  readonly #onBroken: () => void;
  readonly #reasons = new WeakMap<Client, Error>();
  #client: Client | null = null;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * @param open makes a connection
   * @param onBroken is told when it broke while nobody was closing it
   */
  constructor(open: () => Promise<Client>, onBroken: () => void) {
    this.#open = open;
    this.#onBroken = onBroken;
  }

  /** Connects without patience: a wrong address is told at once. Throws what the library throws. */
  async connect(): Promise<void> {
    const lent = await this.borrow(0);
    lent.giveBack();
  }

  /** Lends the connection when it is free. Throws what the library throws where there is none, soon after that time. */
  async borrow(patienceMs = CONNECT_MS): Promise<Lent> {
    // From the asking on: of many who wait for a database that is away, none waits for the others' patience too.
    const end = performance.now() + patienceMs;
    const before = this.#last;
    let done = (): void => undefined;
    this.#last = new Promise((resolve) => {
      done = resolve;
    });
    await before;
    try {
      const client = this.#client ?? (await this.#connect(end));
      return { client, broken: () => this.#reasons.get(client) ?? null, giveBack: done };
    } catch (error) {
      done();
      throw error;
    }
  }

  /** Lets the borrower end, then ends the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    await this.#client?.end();
    this.#client = null;
  }

  async #connect(end: number): Promise<Client> {
    for (;;) {
      if (this.#closed) throw new Error("Client was closed");
      try {
        const client = await this.#open();
        const broke = (reason: Error): void => {
          if (!this.#reasons.has(client)) this.#reasons.set(client, reason);
          if (this.#client !== client) return;
          this.#client = null;
          if (!this.#closed) this.#onBroken();
        };
        client.on("error", broke);
        client.on("end", () => broke(new Error("Connection terminated")));
        this.#client = client;
        return client;
      } catch (error) {
        if (!isAway(error) || performance.now() > end) throw error;
        await pause(AGAIN_MS);
      }
    }
  }
}
