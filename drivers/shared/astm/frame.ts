import { Problem } from "../../../src/domain/problem.js";
import { latin1 } from "../../../src/kit/bytes.js";
import { sum8 } from "../../../src/kit/checksum.js";
import { CR, ETB, ETX, LF, STX } from "./control.js";

/** Frame numbers run from 0 to 7 and begin again (sheets a and b). */
export const FRAME_NUMBERS = 8;
/** Bytes behind a frame's text: CR, ETB or ETX, two digits, CR, LF. */
const TAIL_BYTES = 6;
/** STX, the number, and the tail. */
const SHORTEST_BYTES = 2 + TAIL_BYTES;

/** A frame whose checksum was right: one record's text. */
export interface Frame {
  /** 0 to 7. */
  readonly number: number;
  /** Without the CR at its end. */
  readonly text: string;
  /** True if no frame of this message follows (ETX). */
  readonly last: boolean;
  /** From STX to LF. */
  readonly raw: Uint8Array;
}

/**
 * Reads one frame, from STX to LF: `STX n text CR ETB|ETX cc CR LF`. Throws FRAME_MALFORMED for bytes of another shape
 * and FRAME_CHECKSUM if they were turned over on the way, with the offset of what is wrong.
 */
export function readFrame(raw: Uint8Array): Frame {
  const end = raw.length;
  if (end < SHORTEST_BYTES) throw malformed("is too short for a frame", 0, raw);
  if (raw[0] !== STX) throw malformed("does not begin with STX", 0, raw);
  if (raw[end - 1] !== LF || raw[end - 2] !== CR) throw malformed("does not end with CR LF", end - 2, raw);
  const mark = raw[end - 5];
  if (mark !== ETB && mark !== ETX) throw malformed("has neither ETB nor ETX before its checksum", end - 5, raw);
  const stated = latin1(raw.subarray(end - 4, end - 2));
  const right = frameChecksum(raw.subarray(1, end - 4));
  if (stated !== right) {
    throw new Problem(
      "FRAME_CHECKSUM",
      `The frame says the checksum ${printable(stated)}, but its bytes give ${right}.`,
      {
        offset: end - 4,
        bytes: end,
      },
    );
  }
  const number = (raw[1] ?? 0) - 0x30;
  if (!(number >= 0 && number < FRAME_NUMBERS)) throw malformed("has no number from 0 to 7", 1, raw);
  if (raw[end - TAIL_BYTES] !== CR) throw malformed("holds a record without CR at its end", end - TAIL_BYTES, raw);
  const body = raw.subarray(2, end - TAIL_BYTES);
  const control = body.findIndex((byte) => byte < 0x20);
  if (control >= 0) throw malformed("holds a control character in its text", 2 + control, raw);
  return { number, text: latin1(body), last: mark === ETX, raw };
}

/** Two upper-case hex digits: the sum from the frame's number to ETB or ETX with it, modulo 256 (sheets a and b). */
export function frameChecksum(body: Uint8Array): string {
  return sum8(body).toString(16).toUpperCase().padStart(2, "0");
}

function malformed(what: string, offset: number, raw: Uint8Array): Problem {
  return new Problem("FRAME_MALFORMED", `What came ${what}.`, { offset, bytes: raw.length });
}

function printable(text: string): string {
  return JSON.stringify(text);
}
