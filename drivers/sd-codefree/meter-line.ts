import { isProblem, Problem } from "../../src/domain/problem.js";
import { ByteReader } from "../../src/kit/byte-reader.js";
import { concat } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { CHALLENGE } from "./codec.js";
import { cutFrame, readFrame, zerosBefore } from "./frame.js";

/** How long a frame may take once its first byte has come: 7 ms at the line's pace, more on a slow machine. */
const FRAME_MS = 1_000;
/** How often a frame is sent that is met with silence. */
const TRIES = 3;
/** How long the line must be quiet until what came damaged is taken to be over; a frame takes 7 ms. */
const QUIET_MS = 200;
/** Bytes that may come before a challenge; a device that says more is no CodeFree. */
const CHATTER_BYTES = 4_096;

/** What came in place of a message: a message, damaged bytes with what is wrong with them, or null for silence. */
export type Heard =
  | { readonly frame: Uint8Array; readonly message: Uint8Array }
  | { readonly problem: Problem; readonly raw: Uint8Array }
  | null;

/** The line to the meter, frame by frame. */
export interface MeterLine {
  /**
   * Waits that long for the challenge, and writes nothing. Throws METER_TIMEOUT if it does not come, and FRAME_MALFORMED
   * if thousands of other bytes do.
   */
  challenge(ms: number): Promise<void>;
  send(frame: Uint8Array): Promise<void>;
  /** The next message, waiting at most that long for it to begin. */
  next(ms: number): Promise<Heard>;
  /** Sends a frame and hears the answer, waiting at most that long for it to begin; silence makes it send again, twice. */
  ask(frame: Uint8Array, ms: number): Promise<Heard>;
}

/** Opens the conversation's line over the context's transport. */
export function meterLine(context: SessionContext): MeterLine {
  const { transport, clock, signal } = context;
  const reader = new ByteReader(context);

  async function damage(problem: Problem, taken: Uint8Array): Promise<Heard> {
    return { problem, raw: concat([taken, await reader.drain(QUIET_MS, CHATTER_BYTES)]) };
  }

  async function next(ms: number): Promise<Heard> {
    if (reader.waiting.length === 0 && !(await reader.more(ms))) return null;
    let whole: Uint8Array | null;
    try {
      whole = await reader.message(cutFrame, FRAME_MS);
    } catch (error) {
      if (!isProblem(error, "FRAME_CHECKSUM")) throw error;
      return await damage(error, new Uint8Array());
    }
    if (whole === null) {
      if (zerosBefore(reader.waiting) === reader.waiting.length) return null;
      return await damage(new Problem("FRAME_TRUNCATED"), new Uint8Array());
    }
    try {
      return readFrame(whole);
    } catch (error) {
      if (!isProblem(error, "FRAME_CHECKSUM")) throw error;
      return await damage(error, whole);
    }
  }

  return {
    next,
    send: (frame) => transport.write(frame, signal),
    async ask(frame, ms) {
      let heard: Heard = null;
      for (let attempt = 0; attempt < TRIES && heard === null; attempt += 1) {
        await transport.write(frame, signal);
        heard = await next(ms);
      }
      return heard;
    },
    async challenge(ms) {
      const deadline = clock.now() + ms;
      for (;;) {
        const end = lastChallengeEnd(reader.waiting);
        if (end > 0) {
          reader.skip(end);
          return;
        }
        // A challenge may have begun.
        reader.skip(Math.max(0, reader.waiting.length - (CHALLENGE.length - 1)));
        if (reader.came > CHATTER_BYTES) throw new Problem("FRAME_MALFORMED", "What speaks here is no SD CodeFree.");
        const left = deadline - clock.now();
        if (left <= 0 || !(await reader.more(left))) {
          throw new Problem("METER_TIMEOUT", "No SD CodeFree was switched on while the hub listened.");
        }
      }
    },
  };
}

/** Where the last challenge in the bytes ends, or 0: an older one is no longer worth an answer. */
function lastChallengeEnd(bytes: Uint8Array): number {
  for (let start = bytes.length - CHALLENGE.length; start >= 0; start -= 1) {
    if (CHALLENGE.every((byte, at) => bytes[start + at] === byte)) return start + CHALLENGE.length;
  }
  return 0;
}
