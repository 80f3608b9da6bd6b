import { isProblem, Problem } from "../../../src/domain/problem.js";
import { ByteReader } from "../../../src/kit/byte-reader.js";
import { concat } from "../../../src/kit/bytes.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import { ACK, ENQ, isSignal, LF, NAK, STX } from "./control.js";
import { type Frame, readFrame } from "./frame.js";

/** Longest frame that is waited for: ASTM E1381 allows 247 bytes, a captured header has 281 (sheet b's vector). */
const FRAME_BYTES = 1_024;
/** Longest answer to a remote command. */
const ANSWER_BYTES = 256;
/** A frame of that length at 9600 baud, three times over. */
const FRAME_MS = 3_000;
/**
 * Silence after which what came is all: many times a byte at 9600 baud, and more than a USB adapter holds bytes
 * back.
 */
const QUIET_MS = 50;
/** Silence after which the rest of a damaged message has come. */
const REST_MS = 150;
/** How long that rest may go on: the longest frame's time, and as long again. */
const REST_BOUND_MS = 3_000;
/** Most of a damaged message that is kept. */
const KEPT_BYTES = 2_048;

/** One thing that came: a control character, a frame, or bytes that are neither. */
export type Piece =
  | { readonly kind: "signal"; readonly byte: number }
  | { readonly kind: "frame"; readonly frame: Frame }
  | { readonly kind: "damaged"; readonly problem: Problem; readonly raw: Uint8Array };

/** How waiting for a meter that asks for the line ended. */
export type Enquiry = "enquiry" | "refusal" | "noise" | "silence";

/** The hub's end of a line that speaks ASTM E1381: frames, control characters and answers, whatever the chunks. */
export class AstmLink {
  readonly #context: SessionContext;
  readonly #reader: ByteReader;
  #untilMs = Number.POSITIVE_INFINITY;
  #late: () => Problem = () => new Problem("METER_STALLED");

  constructor(context: SessionContext) {
    this.#context = context;
    this.#reader = new ByteReader(context);
  }

  /** How many bytes have come so far. */
  get came(): number {
    return this.#reader.came;
  }

  /** From now on every wait ends by then, with that problem. */
  endIn(ms: number, late: () => Problem): void {
    this.#untilMs = this.#context.clock.now() + ms;
    this.#late = late;
  }

  /** Sends control characters or words. */
  async send(bytes: Uint8Array | number): Promise<void> {
    const { transport, signal } = this.#context;
    await transport.write(typeof bytes === "number" ? Uint8Array.of(bytes) : bytes, signal);
  }

  /** The next thing that comes, whole; null if nothing begins within that time. */
  async next(ms: number): Promise<Piece | null> {
    const reader = this.#reader;
    if (reader.waiting.length === 0 && !(await reader.more(this.#within(ms)))) return null;
    const first = reader.waiting[0] ?? 0;
    if (isSignal(first)) {
      reader.skip(1);
      return { kind: "signal", byte: first };
    }
    const raw = await reader.message(lineEnd, this.#within(FRAME_MS));
    if (raw === null) {
      const part = reader.skip(reader.waiting.length);
      return { kind: "damaged", problem: new Problem("FRAME_TRUNCATED"), raw: part.slice(0, KEPT_BYTES) };
    }
    try {
      return { kind: "frame", frame: readFrame(raw) };
    } catch (error) {
      if (!isProblem(error, "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
      const rest = await this.#rest(REST_MS);
      return { kind: "damaged", problem: error, raw: concat([raw, rest]).slice(0, KEPT_BYTES) };
    }
  }

  /**
   * Waits until the meter asks for the line and is then silent. A byte of that value within other bytes is none:
   * another device may be talking.
   */
  async enquiry(ms: number): Promise<Enquiry> {
    const { clock } = this.#context;
    const deadline = clock.now() + this.#within(ms);
    let heard: Enquiry = "silence";
    while (clock.now() < deadline) {
      if (this.#reader.waiting.length === 0 && !(await this.#reader.more(deadline - clock.now()))) break;
      let quiet = false;
      while (!quiet && clock.now() < deadline) quiet = !(await this.#reader.more(QUIET_MS));
      const last = this.#reader.skip(this.#reader.waiting.length).at(-1);
      if (quiet && last === ENQ) return "enquiry";
      if (quiet && last === NAK) return "refusal";
      heard = "noise";
    }
    return heard;
  }

  /**
   * The answer to a word of the remote commands: one control character, or text up to an ACK or a line's end. Null
   * if none comes.
   */
  async answer(ms: number): Promise<Uint8Array | null> {
    return await this.#reader.message(answerEnd, this.#within(ms));
  }

  /** Forgets what has come; with a time, also what comes until the line has been quiet for that long. */
  async flush(quietMs = 0): Promise<void> {
    if (quietMs > 0) await this.#rest(quietMs);
    else this.#reader.skip(this.#reader.waiting.length);
  }

  /**
   * Takes all that comes until the line has been quiet for that long. Throws FRAME_MALFORMED if it does not become
   * quiet.
   */
  async #rest(quietMs: number): Promise<Uint8Array> {
    const deadline = this.#context.clock.now() + REST_BOUND_MS;
    while (await this.#reader.more(this.#within(quietMs))) {
      if (this.#context.clock.now() < deadline) continue;
      throw new Problem("FRAME_MALFORMED", "The device does not stop sending.");
    }
    return this.#reader.skip(this.#reader.waiting.length);
  }

  #within(ms: number): number {
    const left = this.#untilMs - this.#context.clock.now();
    if (left <= 0) throw this.#late();
    return Math.min(ms, left);
  }
}

/** A frame ends with LF, and no text holds one. A new STX ends what was no frame. */
function lineEnd(bytes: Uint8Array): number {
  const feed = bytes.indexOf(LF) + 1;
  const start = bytes.indexOf(STX, 1);
  if (start > 0 && (feed === 0 || start < feed)) return start;
  if (feed > 0) return feed;
  return bytes.length > FRAME_BYTES ? bytes.length : 0;
}

function answerEnd(bytes: Uint8Array): number {
  if (isSignal(bytes[0] ?? 0)) return 1;
  const end = bytes.findIndex((byte) => byte === ACK || byte === LF) + 1;
  if (end > 0) return end;
  return bytes.length > ANSWER_BYTES ? bytes.length : 0;
}
