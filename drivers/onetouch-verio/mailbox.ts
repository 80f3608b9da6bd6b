import { crc16CcittFalse } from "../../src/kit/checksum.js";
import { BLOCK_BYTES } from "../../src/kit/transport.js";
import type { Frame } from "../shared/lifescan/frame.js";

/** Block through which the meter is asked, and gives its answer (both sheets). */
export const MAILBOX_LBA = 3;
/** Block through which it is asked for its settings (both sheets). A third one, 5, is named by sheet b and not used. */
export const SETTINGS_LBA = 4;

/** First and last byte around every message (both sheets). */
const START = 0x02;
const END = 0x03;
/** Bytes of a frame that are not its message: start, two of length, end and two of checksum (sheet a). */
const OVERHEAD = 6;

/**
 * Puts a request into a block: 02, the length of the whole frame in two bytes, the message, 03, and the CRC-16 of all of
 * that, each low byte first; zeros to the block's end. (Sheet b has a length of one byte and a link byte of 00 behind it:
 * for all that fits into 255 bytes the two are the same bytes, and every vector is.)
 */
export function blockOf(message: Uint8Array): Uint8Array {
  const length = message.length + OVERHEAD;
  if (length > BLOCK_BYTES) throw new RangeError(`a message of ${message.length} bytes fits no block`);
  const block = new Uint8Array(BLOCK_BYTES);
  block.set([START, length & 0xff, length >>> 8]);
  block.set(message, 3);
  return withChecksum(block, length);
}

/** The frame that begins a block, whatever stands behind it; null if no whole, sound frame does. */
export function frameIn(block: Uint8Array): Frame | null {
  const length = (block[1] ?? 0) | ((block[2] ?? 0) << 8);
  if (block[0] !== START || length < OVERHEAD || length > block.length) return null;
  const bytes = block.slice(0, length);
  const sent = (bytes[length - 2] ?? 0) | ((bytes[length - 1] ?? 0) << 8);
  if (bytes[length - 3] !== END || sent !== crc16CcittFalse(bytes.subarray(0, length - 2))) return null;
  return { link: 0, message: bytes.slice(3, -3), bytes };
}

/** The block with the end mark and the checksum of a frame of that length put where they belong. */
export function withChecksum(block: Uint8Array, length: number): Uint8Array {
  const made = Uint8Array.from(block);
  made[length - 3] = END;
  const crc = crc16CcittFalse(made.subarray(0, length - 2));
  made.set([crc & 0xff, crc >>> 8], length - 2);
  return made;
}

/** What came in a block, without the zeros that fill it up. */
export function contentOf(block: Uint8Array): Uint8Array {
  let end = block.length;
  while (end > 0 && block[end - 1] === 0) end -= 1;
  return block.slice(0, end);
}
