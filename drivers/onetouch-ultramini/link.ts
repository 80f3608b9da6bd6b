import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { type Frame, frameBytes } from "../shared/lifescan/frame.js";
import { FrameReader } from "../shared/lifescan/frame-reader.js";
import type { Patience } from "../shared/lifescan/patience.js";
import { type Link, noAnswer, type Outcome, type Question, readAnswer } from "../shared/lifescan/question.js";

/** Bits of the link byte (both sheets): the other side is to begin anew; a frame has come. */
const DISCONNECT = 0x08;
const ACKNOWLEDGE = 0x04;
/** The number of the frame expected next, and of this frame: 0 and 1 by turns. */
const EXPECTED = 0x02;
const NUMBER = 0x01;
/** How a conversation is opened: with the disconnect bit alone (sheet b, vector), or with both numbers set (sheet a). */
const OPENINGS = [DISCONNECT, DISCONNECT | EXPECTED | NUMBER] as const;
const EMPTY = new Uint8Array();
/** Frames that are passed over while one answer is awaited. */
const PASSED_OVER = 64;

/**
 * The UltraMini's link: each request and each answer has a number, 0 and 1 by turns, and is acknowledged with an empty
 * frame. An answer with the wrong number is an old one and is never taken; a meter that is out of step is made to begin
 * anew before each request from then on, where all numbers are 0.
 */
export class UltraMiniLink implements Link {
  readonly #context: SessionContext;
  readonly #patience: Patience;
  readonly #frames: FrameReader;
  #opening: number | null = null;
  #openings = 0;
  #number = 0;
  #expected = 0;
  #outOfStep = false;
  #fresh = false;
  #fault: unknown = null;

  constructor(context: SessionContext, patience: Patience) {
    this.#context = context;
    this.#patience = patience;
    this.#frames = new FrameReader(context);
  }

  get heard(): { readonly bytes: number; readonly frames: number } {
    return this.#frames.heard;
  }

  async reset(): Promise<boolean> {
    const opening = this.#opening ?? OPENINGS[this.#openings % OPENINGS.length] ?? DISCONNECT;
    this.#openings += 1;
    this.#fresh = false;
    await this.#send(EMPTY, opening);
    for await (const frame of this.#coming()) {
      if (frame.message.length > 0 || (frame.link & (DISCONNECT | ACKNOWLEDGE)) === 0) continue;
      this.#opening = opening;
      this.#number = 0;
      this.#expected = 0;
      this.#fresh = true;
      return true;
    }
    return false;
  }

  async exchange<T>(question: Question<T>, message: Uint8Array): Promise<Outcome<T>> {
    if (this.#outOfStep && !this.#fresh && !(await this.reset())) return noAnswer(this.#frames.drop());
    this.#fresh = false;
    await this.#send(message, this.#expected | this.#number);
    let stray: Frame | null = null;
    for await (const frame of this.#coming()) {
      // An empty frame acknowledges; one that repeats the request is a line that echoes.
      if (frame.message.length === 0 || isSame(frame.message, message)) continue;
      const known = (frame.link & ~(ACKNOWLEDGE | EXPECTED | NUMBER)) === 0;
      if (!known || (frame.link & NUMBER) * EXPECTED !== this.#expected) {
        stray = frame;
        continue;
      }
      this.#number ^= NUMBER;
      this.#expected ^= EXPECTED;
      await this.#acknowledge();
      return readAnswer(question, frame);
    }
    const raw = this.#frames.drop();
    if (stray === null || raw.length > 0) return noAnswer(raw);
    this.#outOfStep = true;
    return { problem: new Problem("FRAME_MALFORMED", "An answer's number is out of step."), raw: stray.bytes };
  }

  async close(): Promise<void> {
    try {
      await this.#send(EMPTY, this.#opening ?? DISCONNECT);
    } catch (error) {
      // Everything has been said: a meter that is gone by now takes nothing with it.
      if (!isProblem(error, "TRANSPORT_GONE")) throw error;
    }
  }

  /** Frames as they come, until an answer should have been there. */
  async *#coming(): AsyncGenerator<Frame, void, void> {
    const deadline = this.#patience.deadline();
    for (let passed = 0; passed < PASSED_OVER; passed += 1) {
      const frame = await this.#frames.next(this.#patience.left(deadline));
      if (frame === null) return;
      yield frame;
    }
  }

  async #send(message: Uint8Array, link: number): Promise<void> {
    if (this.#fault !== null) throw this.#fault;
    this.#frames.drop();
    await this.#context.transport.write(frameBytes(message, link), this.#context.signal);
  }

  /** What has come is proven, whatever becomes of the acknowledgement: a fault of it shows at the next request. */
  async #acknowledge(): Promise<void> {
    const bytes = frameBytes(EMPTY, ACKNOWLEDGE | this.#expected | this.#number);
    try {
      await this.#context.transport.write(bytes, this.#context.signal);
    } catch (error) {
      this.#fault = error;
    }
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
