import type { Random } from "./random.js";
import { Violation } from "./violation.js";

/** What the code of a process that died gets from every call that would reach outside. */
export class Killed extends Error {
  override readonly name = "Killed";
}

/** Somebody whose code runs in the simulation and can die or be stopped for a while. */
export interface Owner {
  readonly name: string;
  dead: boolean;
  /** Virtual milliseconds; nothing of it runs before that. */
  stalledUntil: number;
}

/** How somebody waits. */
export interface WaitOptions {
  /** Virtual milliseconds before which it does not go on. Default: at once. */
  readonly dueMs?: number;
  /** It does not go on while this says no. */
  readonly ready?: () => boolean;
  /** Virtual milliseconds after which it goes on whatever `ready` says. */
  readonly latestMs?: number;
  /** Called when it goes on, before its code does. */
  readonly onGo?: () => void;
  /** Ends the waiting with the signal's reason. */
  readonly signal?: AbortSignal;
}

interface Waiting {
  readonly owner: Owner | null;
  readonly what: string;
  readonly dueMs: number;
  readonly ready: (() => boolean) | null;
  readonly latestMs: number;
  readonly onGo: (() => void) | null;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** More steps than any run needs that ends. */
const MOST_STEPS = 30_000;

/**
 * Decides who goes on next. Everything that reaches outside waits here; when all code stands still, one of those who may
 * go on is picked by the seed. Time moves only when nobody may go on.
 */
export class Scheduler {
  readonly #random: Random;
  readonly #waiting: Waiting[] = [];
  #nowMs = 0;
  #steps = 0;
  /** Told each step. */
  onStep: ((owner: Owner | null, what: string) => void) | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Virtual milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Resolves when this is picked; rejects with Killed when its owner dies. */
  wait(owner: Owner | null, what: string, options: WaitOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (owner?.dead === true) {
        reject(new Killed(what));
        return;
      }
      const { signal } = options;
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const cancel = (): void => {
        const at = this.#waiting.indexOf(entry);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(signal?.reason);
      };
      const entry: Waiting = {
        owner,
        what,
        dueMs: options.dueMs ?? 0,
        ready: options.ready ?? null,
        latestMs: options.latestMs ?? Number.POSITIVE_INFINITY,
        onGo: options.onGo ?? null,
        resolve() {
          signal?.removeEventListener("abort", cancel);
          resolve();
        },
        reject(reason) {
          signal?.removeEventListener("abort", cancel);
          reject(reason);
        },
      };
      signal?.addEventListener("abort", cancel, { once: true });
      this.#waiting.push(entry);
    });
  }

  /** What is waited for, as text. */
  describe(): string {
    return this.#waiting.map(({ owner, what }) => `${owner?.name ?? "-"} ${what}`).join("; ");
  }

  /** The owner's code gets Killed wherever it waits, and from now on wherever it would wait. */
  kill(owner: Owner): void {
    owner.dead = true;
    for (let at = this.#waiting.length - 1; at >= 0; at -= 1) {
      const entry = this.#waiting[at];
      if (entry?.owner !== owner) continue;
      this.#waiting.splice(at, 1);
      entry.reject(new Killed(entry.what));
    }
  }

  /**
   * Lets one after the other go on until `done`. Throws a Violation where nobody can go on any more, or the run does
   * not come to an end.
   */
  async run(done: () => Promise<boolean>): Promise<void> {
    for (;;) {
      await drained();
      if (await done()) return;
      if (this.#steps >= MOST_STEPS) throw new Violation("I14", `no end after ${MOST_STEPS} steps: ${this.describe()}`);
      if (!this.#step()) throw new Violation("I14", `nobody can go on: ${this.describe()}`);
    }
  }

  #step(): boolean {
    for (;;) {
      const able: number[] = [];
      let next = Number.POSITIVE_INFINITY;
      for (const [at, entry] of this.#waiting.entries()) {
        const dueMs = entry.owner === null ? entry.dueMs : Math.max(entry.dueMs, entry.owner.stalledUntil);
        if (dueMs > this.#nowMs) next = Math.min(next, dueMs);
        else if (entry.ready === null || entry.latestMs <= this.#nowMs || entry.ready()) able.push(at);
        else next = Math.min(next, entry.latestMs);
      }
      const picked = able.length === 0 ? undefined : able[this.#random.below(able.length)];
      if (picked !== undefined) {
        const [entry] = this.#waiting.splice(picked, 1);
        this.#steps += 1;
        if (entry === undefined) return false;
        this.onStep?.(entry.owner, entry.what);
        entry.onGo?.();
        entry.resolve();
        return true;
      }
      if (next === Number.POSITIVE_INFINITY) return false;
      this.#nowMs = next;
    }
  }
}

/**
 * Resolves when all code stands still. A turn of the loop runs every microtask; the second is for the store, which
 * gives others a turn after each commit.
 */
export async function drained(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
