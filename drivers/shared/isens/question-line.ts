import { Problem } from "../../../src/domain/problem.js";
import { ByteReader, type Cut } from "../../../src/kit/byte-reader.js";
import type { SessionContext } from "../../../src/kit/driver.js";

/** How long the answer to a question is awaited: what these meters are given for a packet (sheet a). */
const ANSWER_MS = 5_000;
/** Before a question: what stands in the line is passed over, and what is on its way for that long. */
const FLUSH_MS = 1;
/** After an answer that did not come or came damaged: how long the line must be quiet, lest a late answer answers the next. */
const QUIET_MS = 250;
/** Most bytes that are passed over before a question; a device that says more does not listen. */
const FLUSH_BYTES = 4_096;

/** Questions to a meter and its answers, one at a time, each within a bound. */
export class QuestionLine {
  readonly reader: ByteReader;
  readonly #context: SessionContext;
  readonly #deadlineMs: number;
  #troubled = false;
  #answered = false;
  #known = false;
  #heard: Uint8Array = new Uint8Array();

  /** @param withinMs in a probe: when to have given up if the meter has not said by then who it is */
  constructor(context: SessionContext, withinMs: number) {
    this.reader = new ByteReader(context);
    this.#context = context;
    this.#deadlineMs = context.patience === "probe" ? context.clock.now() + withinMs : Number.POSITIVE_INFINITY;
  }

  /** What came after the last question: its answer, or what there is of one. */
  get heard(): Uint8Array {
    return this.#heard;
  }

  /** True while the device may still be another one than the driver's, on a cable that several drivers try. */
  get probing(): boolean {
    return !this.#known && this.#deadlineMs !== Number.POSITIVE_INFINITY;
  }

  /** The device has answered as the driver's meter would. */
  meterAnswered(): void {
    this.#answered = true;
  }

  /** The device is the driver's meter: it said who it is. */
  meterKnown(): void {
    this.#answered = true;
    this.#known = true;
  }

  /**
   * Asks once and gives the answer that `cut` finds, with what stood before it. Gives FRAME_TRUNCATED if only something
   * else came, and, where nothing did, METER_STALLED if the meter had answered before, METER_TIMEOUT if no byte ever
   * came, FRAME_MALFORMED if only noise had.
   */
  async ask(question: Uint8Array, cut: Cut, ms: number = ANSWER_MS): Promise<Uint8Array | Problem> {
    const answer = await this.#send(question, () => this.reader.message(cut, this.#left(ms)));
    if (answer === null) return this.#nothing();
    this.#heard = answer;
    return answer;
  }

  /** Asks once and gives all that comes until the line is quiet or that many bytes have come. Problems as of `ask`. */
  async askUntilQuiet(question: Uint8Array, ms: number, quietMs: number, limit: number): Promise<Uint8Array | Problem> {
    const answer = await this.#send(question, async () => {
      if (!(await this.reader.more(this.#left(ms)))) return null;
      while (this.reader.waiting.length < limit && (await this.reader.more(quietMs)));
      return this.reader.skip(limit);
    });
    if (answer === null) return this.#nothing();
    this.#heard = answer;
    return answer;
  }

  /** To be called when an answer that came whole turns out to be damaged. */
  damaged(): void {
    this.#troubled = true;
  }

  /**
   * The problem with which the session ends: itself, or, of a device that may not be the driver's meter at all, that it
   * does not speak as one.
   */
  verdict(problem: Problem): Problem {
    if (!this.probing || problem.code === "METER_TIMEOUT") return problem;
    const { code, message } = problem;
    return new Problem("FRAME_MALFORMED", "Something answers, but not as this driver's meters would.", {
      cause: code,
      detail: message,
    });
  }

  async #send(question: Uint8Array, listen: () => Promise<Uint8Array | null>): Promise<Uint8Array | null> {
    const { transport, signal } = this.#context;
    this.#heard = new Uint8Array();
    if (this.#left(1) <= 0) return null;
    await this.reader.drain(this.#troubled ? QUIET_MS : FLUSH_MS, FLUSH_BYTES);
    this.#troubled = false;
    await transport.write(question, signal);
    return await listen();
  }

  #nothing(): Problem {
    this.#troubled = true;
    this.#heard = this.reader.waiting;
    if (this.#heard.length > 0) return new Problem("FRAME_TRUNCATED");
    if (this.#answered) return new Problem("METER_STALLED");
    if (this.reader.came === 0) return new Problem("METER_TIMEOUT");
    return new Problem("FRAME_MALFORMED", "Something answers, but not as this driver's meters would.");
  }

  #left(ms: number): number {
    return this.probing ? Math.min(ms, this.#deadlineMs - this.#context.clock.now()) : ms;
  }
}
