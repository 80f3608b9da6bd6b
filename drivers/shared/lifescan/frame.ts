import { Problem } from "../../../src/domain/problem.js";
import { hex } from "../../../src/kit/bytes.js";
import { crc16CcittFalse } from "../../../src/kit/checksum.js";

/** First and last byte around every message (both sheets). */
const START = 0x02;
const END = 0x03;
/** Bytes of a frame that are not its message: start, length, link byte, end and two of checksum (both sheets). */
const OVERHEAD = 6;

/** One message with what stood around it. */
export interface Frame {
  /** 00 except on the UltraMini (sheet b). */
  readonly link: number;
  readonly message: Uint8Array;
  /** The whole frame as it came. */
  readonly bytes: Uint8Array;
}

/**
 * Puts a message into its frame: 02, the length of the whole frame, the link byte, the message, 03, and the CRC-16 of
 * all of that, low byte first (both sheets; `02 06 06 03` gives CD 41 in both sets of vectors).
 */
export function frameBytes(message: Uint8Array, link = 0): Uint8Array {
  const length = message.length + OVERHEAD;
  if (length > 0xff) throw new RangeError(`a message of ${message.length} bytes fits no frame`);
  const bytes = new Uint8Array(length);
  bytes.set([START, length, link]);
  bytes.set(message, 3);
  bytes[length - 3] = END;
  const crc = crc16CcittFalse(bytes.subarray(0, length - 2));
  bytes.set([crc & 0xff, crc >>> 8], length - 2);
  return bytes;
}

/**
 * The frame that starts at that byte, whatever follows it (a mailbox pads with zeros). Null if no whole, sound frame
 * stands there.
 */
export function frameAt(bytes: Uint8Array, at = 0): Frame | null {
  const length = bytes[at + 1] ?? 0;
  if (bytes[at] !== START || length < OVERHEAD || at + length > bytes.length) return null;
  const frame = bytes.slice(at, at + length);
  if (frame[length - 3] !== END || sentCrc(frame) !== crc16CcittFalse(frame.subarray(0, length - 2))) return null;
  return { link: frame[2] ?? 0, message: frame.slice(3, -3), bytes: frame };
}

/**
 * The first sound frame among the bytes, and how many bytes before it belong to none: noise, or a frame that arrived
 * damaged. Null while there is none.
 */
export function findFrame(bytes: Uint8Array): { readonly frame: Frame; readonly before: number } | null {
  for (let at = bytes.indexOf(START); at >= 0; at = bytes.indexOf(START, at + 1)) {
    const frame = frameAt(bytes, at);
    if (frame !== null) return { frame, before: at };
  }
  return null;
}

/**
 * What is wrong with bytes in which no sound frame stands: FRAME_TRUNCATED if one begins and does not end,
 * FRAME_CHECKSUM if one is whole but damaged, FRAME_MALFORMED if nothing in them looks like a frame.
 */
export function damageOf(bytes: Uint8Array): Problem {
  const at = bytes.indexOf(START);
  const length = bytes[at + 1] ?? OVERHEAD;
  const frame = hex(bytes.subarray(0, 64));
  if (at < 0 || length < OVERHEAD) return new Problem("FRAME_MALFORMED", "What came is no frame.", { frame });
  const missing = at + length - bytes.length;
  if (missing > 0) return new Problem("FRAME_TRUNCATED", undefined, { offset: bytes.length, missing, frame });
  return new Problem("FRAME_CHECKSUM", undefined, { offset: at + length - 2, frame });
}

function sentCrc(frame: Uint8Array): number {
  return (frame[frame.length - 2] ?? 0) | ((frame[frame.length - 1] ?? 0) << 8);
}
