import type { SessionContext } from "../../../src/kit/driver.js";

/** How long an answer is awaited (sheet a: one second). It takes 30 ms on the slowest of the lines. */
const ANSWER_MS = 1_000;
/** How long at most, once answers came later than that: the meter or this machine is busy. */
const MOST_MS = 4_000;

/** How long a session waits: always as long as an answer may take, but not past the end of a probe. */
export class Patience {
  readonly #clock: SessionContext["clock"];
  #endMs: number;
  #answerMs = ANSWER_MS;

  /** @param withinMs how long a probe lasts at most, until `relax` */
  constructor({ clock, patience = "full" }: Pick<SessionContext, "clock" | "patience">, withinMs: number) {
    this.#clock = clock;
    this.#endMs = patience === "probe" ? clock.now() + withinMs : Number.POSITIVE_INFINITY;
  }

  /** The meter is found: from here on there is time. */
  relax(): void {
    this.#endMs = Number.POSITIVE_INFINITY;
  }

  /** An answer came after it was given up: the next ones are awaited twice as long, up to four seconds. */
  lengthen(): void {
    this.#answerMs = Math.min(MOST_MS, 2 * this.#answerMs);
  }

  /** True until the meter is found, in a probe. */
  get probing(): boolean {
    return this.#endMs !== Number.POSITIVE_INFINITY;
  }

  /** When an answer to what is asked now has to be there. */
  deadline(): number {
    return Math.min(this.#endMs, this.#clock.now() + this.#answerMs);
  }

  /** Milliseconds left until then; not negative. */
  left(deadlineMs: number): number {
    return Math.max(0, deadlineMs - this.#clock.now());
  }
}
