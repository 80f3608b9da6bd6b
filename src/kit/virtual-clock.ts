import type { Clock } from "../domain/clock.js";

interface Sleeper {
  dueMs: number;
  readonly number: number;
  readonly wake: () => void;
}

/**
 * A clock that stands still until it is told to go on, for tests and replays. Sleepers wake in the order in which they
 * are due, and of equal ones in the order in which they lay down; each sees the time to which the clock was moved.
 */
export class VirtualClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  readonly #watchers = new Set<() => void>();
  #nowMs: number;
  #count = 0;

  /** @param startMs milliseconds since the Unix epoch */
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** How many lay down to sleep so far: a mark for `nextDue`. */
  get count(): number {
    return this.#count;
  }

  /** Never resolves by itself, not even for 0 ms: only by `advance` and `advanceToNext`. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const cancel = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener("abort", cancel);
        resolve();
      };
      this.#count += 1;
      const sleeper: Sleeper = { dueMs: this.#nowMs + Math.max(0, ms), number: this.#count, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", cancel, { once: true });
      for (const watcher of this.#watchers) watcher();
    });
  }

  /** When the earliest sleeper is due that lay down after the mark (default: of all), or null. */
  nextDue(mark = 0): number | null {
    let due: number | null = null;
    for (const sleeper of this.#sleepers) {
      if (sleeper.number > mark && (due === null || sleeper.dueMs < due)) due = sleeper.dueMs;
    }
    return due;
  }

  /** Moves the time on and wakes all who are due by then. Throws RangeError for a negative number. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`time does not go back: ${ms} ms`);
    this.#nowMs += ms;
    const due = [...this.#sleepers].filter((sleeper) => sleeper.dueMs <= this.#nowMs);
    due.sort((a, b) => a.dueMs - b.dueMs || a.number - b.number);
    for (const sleeper of due) {
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }

  /** Moves the time on to the earliest sleeper and wakes it; false if nobody sleeps. */
  advanceToNext(): boolean {
    const due = this.nextDue();
    if (due === null) return false;
    this.advance(Math.max(0, due - this.#nowMs));
    return true;
  }

  /** Moves the time on, and every sleeper's alarm with it: as if the pause had been before they lay down. */
  shift(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`time does not go back: ${ms} ms`);
    this.#nowMs += ms;
    for (const sleeper of this.#sleepers) sleeper.dueMs += ms;
  }

  /** Calls back whenever somebody lies down to sleep; returns a function that ends this. */
  onSleep(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }
}
