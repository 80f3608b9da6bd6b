import type { Clock } from "../../../src/domain/clock.js";
import { Problem } from "../../../src/domain/problem.js";

/**
 * Ends a wait when its time is over, where thousands of waits follow one another: one alarm for all of them, moved on as
 * reports come, instead of one for each.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #inner = new AbortController();
  readonly #late = new Problem("METER_TIMEOUT");
  readonly #cancel = (): void => this.#inner.abort(this.#outer.reason);
  #until = Number.POSITIVE_INFINITY;
  #asleepUntil = Number.POSITIVE_INFINITY;
  #alarm: AbortController | null = null;
  #sleeping: Promise<void> = Promise.resolve();

  constructor(clock: Clock, outer: AbortSignal) {
    this.#clock = clock;
    this.#outer = outer;
    if (outer.aborted) this.#cancel();
    outer.addEventListener("abort", this.#cancel, { once: true });
  }

  /** Does that work before the time is over; gives null if it was over first. */
  async before<T>(until: number, work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    this.#set(until);
    try {
      return await work(this.#inner.signal);
    } catch (error) {
      if (error === this.#late) return null;
      throw error;
    }
  }

  /** Nobody waits any more. */
  async stop(): Promise<void> {
    this.#outer.removeEventListener("abort", this.#cancel);
    this.#alarm?.abort();
    this.#alarm = null;
    await this.#sleeping;
  }

  #set(until: number): void {
    this.#until = until;
    // An alarm that rings too early looks again; one that would ring too late is set anew.
    if (this.#alarm !== null && this.#asleepUntil <= until) return;
    this.#alarm?.abort();
    const alarm = new AbortController();
    this.#alarm = alarm;
    this.#sleeping = this.#watch(alarm);
  }

  async #watch(alarm: AbortController): Promise<void> {
    while (this.#alarm === alarm) {
      const left = this.#until - this.#clock.now();
      if (left <= 0) {
        this.#inner.abort(this.#late);
        return;
      }
      this.#asleepUntil = this.#until;
      try {
        await this.#clock.sleep(left, alarm.signal);
      } catch {
        // Set anew, or stopped.
        return;
      }
    }
  }
}
