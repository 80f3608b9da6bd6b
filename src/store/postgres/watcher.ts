import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "pg";
import { asProblem, type Problem } from "../../domain/problem.js";

/** How often to look although nothing was told of, milliseconds: also how soon a database that fell silent is noticed. */
const LOOK_MS = 5_000;
/** How long to wait before connecting again, milliseconds. */
const AGAIN_MS = 500;

/**
 * Follows the commits of every hub on the database, on a connection of its own: the database tells of each, and is asked
 * now and then in case it did not. Connects again by itself; what was committed meanwhile counts then.
 */
export class Watcher {
  readonly #open: () => Promise<Client>;
  readonly #explain: (error: unknown) => unknown;
  #commits = 0;
  #newest: unknown = null;
  #problem: Problem | null = null;
  #ending = new AbortController();
  #waking = new AbortController();
  #running: Promise<void> | null = null;

  constructor(open: () => Promise<Client>, explain: (error: unknown) => unknown) {
    this.#open = open;
    this.#explain = explain;
  }

  /** A number that changes with every commit. Begins to watch when it is first asked. */
  commits(): number {
    this.#running ??= this.#run();
    return this.#commits;
  }

  /** Why the database can't be reached, while it can't; null while nobody watches. */
  get problem(): Problem | null {
    return this.#problem;
  }

  /** Another connection broke: looks at once whether the database is there. */
  look(): void {
    this.#waking.abort();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#waking.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        await this.#watch();
      } catch (error) {
        if (this.#ending.signal.aborted) return;
        this.#problem = asProblem(this.#explain(error));
        await this.#rest(AGAIN_MS);
      }
    }
  }

  async #watch(): Promise<void> {
    const client = await this.#open();
    let reason: Error | null = null;
    const broke = (error: Error): void => {
      reason ??= error;
      this.#waking.abort();
    };
    client.on("error", broke);
    client.on("end", () => broke(new Error("Connection terminated")));
    client.on("notification", () => {
      this.#commits += 1;
    });
    try {
      await client.query("LISTEN glucohub");
      // Whatever was committed while nobody listened.
      this.#commits += 1;
      while (!this.#ending.signal.aborted) {
        const { rows } = await client.query<{ newest: number | null }>("SELECT max(seq) AS newest FROM history");
        this.#problem = null;
        if (rows[0]?.newest !== this.#newest) this.#commits += 1;
        this.#newest = rows[0]?.newest;
        await this.#rest(LOOK_MS);
        if (reason !== null) throw reason;
      }
    } finally {
      await client.end();
    }
  }

  async #rest(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#waking.signal }).catch(() => undefined);
    if (!this.#ending.signal.aborted) this.#waking = new AbortController();
  }
}
