import type { SessionContext } from "../../../src/kit/driver.js";
import type { HidTransport } from "../../../src/kit/transport.js";
import type { AnswerTime } from "./link.js";
import type { Question } from "./question.js";

/** Until INIT is answered: it needs no thought. */
const INIT_MS = 1_000;
/** Until the first report of an answer: a line at once, a memory when it has been gathered (sheet a waits 5 s for all). */
const FIRST_MS = { line: 3_000, log: 10_000 } as const;
/** Between two reports of one answer. */
const GAP_MS = 3_000;
/** One answer as a whole: ninety days of a sensor are 6,000 reports, some seconds. */
const WHOLE_MS = { line: 10_000, log: 180_000 } as const;
/** Bytes of an answer: a memory of ninety days, a value every five minutes, has a million. */
const LIMIT_BYTES = { line: 4_096, log: 4_194_304 } as const;

/** How long a session waits, and that a probe does not wait past its end. */
export class Patience {
  readonly #clock: SessionContext["clock"];
  #endMs: number;

  /** @param withinMs how long a probe lasts at most, until `relax` */
  constructor(
    { clock, patience = "full" }: Pick<SessionContext<HidTransport>, "clock" | "patience">,
    withinMs: number,
  ) {
    this.#clock = clock;
    this.#endMs = patience === "probe" ? clock.now() + withinMs : Number.POSITIVE_INFINITY;
  }

  /** The meter is found: from here on there is time. */
  relax(): void {
    this.#endMs = Number.POSITIVE_INFINITY;
  }

  /** True until the meter is found, in a probe. */
  get probing(): boolean {
    return this.#endMs !== Number.POSITIVE_INFINITY;
  }

  /** True when a probe's time is over. */
  get isOver(): boolean {
    return this.#clock.now() >= this.#endMs;
  }

  /** Until when INIT may be answered if it is sent now. */
  initBy(): number {
    return Math.min(this.#endMs, this.#clock.now() + INIT_MS);
  }

  /** How long an answer may take that is asked for now. */
  answerTime(size: Question<unknown>["size"]): AnswerTime {
    const now = this.#clock.now();
    const firstMs = this.probing ? INIT_MS : FIRST_MS[size];
    return {
      firstBy: Math.min(this.#endMs, now + firstMs),
      gapMs: GAP_MS,
      endBy: Math.min(this.#endMs, now + WHOLE_MS[size]),
      limitBytes: LIMIT_BYTES[size],
    };
  }
}
