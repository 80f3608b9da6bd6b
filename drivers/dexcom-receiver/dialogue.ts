import { isProblem, Problem } from "../../src/domain/problem.js";
import { ByteReader } from "../../src/kit/byte-reader.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { ACK, beginsPacket, cutPacket, openPacket, REFUSALS } from "./packet.js";
import { ping, type Question } from "./questions.js";

/** Silence after which an answer is given up (sheet a: one second a packet). */
const ANSWER_MS = 1_000;
/** Longest time for one answer, however slowly it dribbles. */
const WHOLE_ANSWER_MS = 10_000;
/** Time for the first answer where other meters may be on the cable; within the definition's `probe`. */
const PROBE_MS = 900;
const TRIES = 3;
/** Silence by which the line is known to be at rest before a question is put again, and how long that may take. */
const QUIET_MS = 100;
const UNREST_MS = 2_000;
/** Answers to something else that are passed over while one is awaited. */
const MOST_PASSED_OVER = 64;

/** Questions and answers with a receiver, one at a time. */
export class Dialogue {
  readonly #context: SessionContext;
  readonly #reader: ByteReader;
  #answered = false;
  /** Shape of the last answer; null when nobody knows what is still under way. */
  #shape: Question<unknown>["shape"] | "none" | null = "none";
  #torn: Uint8Array[] = [];

  constructor(context: SessionContext) {
    this.#context = context;
    this.#reader = new ByteReader(context);
  }

  /** What came for the last question and is no sound packet: damaged, or broken off. */
  get torn(): readonly Uint8Array[] {
    return this.#torn;
  }

  /**
   * Asks until an answer comes, three times at most. Throws METER_TIMEOUT if nothing ever came, FRAME_MALFORMED if what
   * came is not of this protocol, METER_STALLED or FRAME_TRUNCATED if a receiver that had answered fell silent,
   * FRAME_CHECKSUM if answers came damaged only, METER_REFUSED (with its number as `reply`) if it declines.
   */
  async ask<T>(question: Question<T>): Promise<T> {
    // The receiver answers in the order in which it is asked: what was under way has come when this is answered. A page
    // names itself, and needs no such care.
    const isDoubtful = this.#shape === null || this.#shape === question.shape;
    if (isDoubtful && question.shape !== "page") await this.#exchange(ping);
    this.#shape = null;
    const answer = await this.#exchange(question);
    this.#shape = question.shape;
    return answer;
  }

  async #exchange<T>(question: Question<T>): Promise<T> {
    this.#torn = [];
    const probing = this.#context.patience === "probe" && !this.#answered;
    let failure: Problem | null = null;
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      if (failure !== null && !isProblem(failure, "METER_TIMEOUT", "METER_STALLED")) await this.#rest();
      await this.#context.transport.write(question.bytes, this.#context.signal);
      const outcome = await this.#listen(question, probing);
      if (!(outcome instanceof Problem)) {
        this.#answered = true;
        return outcome.answer;
      }
      failure = outcome;
      this.#context.log.debug({ question: question.name, code: failure.code }, "no answer that can be used");
      if (probing && failure.code !== "METER_REFUSED") break;
      if (question.name !== ping.name && isFinal(failure)) break;
    }
    throw failure ?? new Problem("METER_TIMEOUT");
  }

  async #listen<T>(question: Question<T>, probing: boolean): Promise<{ readonly answer: T } | Problem> {
    const { clock } = this.#context;
    const deadline = clock.now() + (probing ? PROBE_MS : WHOLE_ANSWER_MS);
    for (let passedOver = 0; passedOver < MOST_PASSED_OVER; ) {
      const frame = await this.#next(deadline);
      if (frame === null) return this.#silence(question);
      if (!beginsPacket(frame)) continue;
      const opened = openPacket(frame);
      if (opened === null) {
        this.#torn.push(frame);
        if (probing) return new Problem("FRAME_MALFORMED", "Something answers, but not as a Dexcom receiver would.");
        return new Problem("FRAME_CHECKSUM", undefined, { question: question.name });
      }
      const { command, payload } = opened;
      const refusal = REFUSALS.get(command);
      if (refusal !== undefined) {
        const detail = `The receiver declines: ${refusal}.`;
        return new Problem("METER_REFUSED", detail, { question: question.name, reply: command });
      }
      const answer = command === ACK ? question.read(payload) : null;
      if (answer !== null) return { answer };
      passedOver += 1;
      this.#context.log.debug({ question: question.name, command }, "passing over an answer to something else");
    }
    return new Problem("FRAME_MALFORMED", "The device answers on and on, but not what it is asked.");
  }

  /** The next piece of what comes; null after a second of silence or at the deadline. */
  async #next(deadline: number): Promise<Uint8Array | null> {
    const reader = this.#reader;
    try {
      for (;;) {
        const length = reader.waiting.length === 0 ? 0 : cutPacket(reader.waiting);
        if (length > 0) return reader.skip(length);
        const left = Math.min(ANSWER_MS, deadline - this.#context.clock.now());
        if (left <= 0 || !(await reader.more(left))) break;
      }
    } catch (error) {
      this.#keepTorn();
      throw error;
    }
    this.#keepTorn();
    return null;
  }

  #keepTorn(): void {
    if (beginsPacket(this.#reader.waiting)) this.#torn.push(this.#reader.skip(this.#reader.waiting.length));
  }

  #silence({ name }: Question<unknown>): Problem {
    if (this.#answered) {
      return new Problem(this.#torn.length > 0 ? "FRAME_TRUNCATED" : "METER_STALLED", undefined, { question: name });
    }
    if (this.#reader.came === 0) return new Problem("METER_TIMEOUT");
    return new Problem("FRAME_MALFORMED", "Something answers, but not as a Dexcom receiver would.");
  }

  /** Lets pass what still comes of a damaged answer. */
  async #rest(): Promise<void> {
    const deadline = this.#context.clock.now() + UNREST_MS;
    do {
      this.#reader.skip(this.#reader.waiting.length);
      if (this.#context.clock.now() > deadline)
        throw new Problem("FRAME_MALFORMED", "The device does not stop sending.");
    } while (await this.#reader.more(QUIET_MS));
  }
}

/** True if the receiver does not know the command or its parameter (3 and 4, sheets a and b): it won't the next time. */
export function isFinal(problem: Problem): boolean {
  return problem.code === "METER_REFUSED" && (problem.context["reply"] === 3 || problem.context["reply"] === 4);
}
