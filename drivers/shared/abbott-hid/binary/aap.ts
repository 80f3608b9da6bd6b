import { Problem } from "../../../../src/domain/problem.js";
import { hex } from "../../../../src/kit/bytes.js";

/** What a frame is about (sheet a). */
export const OPCODES = {
  database: 0x31,
  compressedDatabase: 0x35,
  setTime: 0x42,
  config: 0x51,
  /** Makes the device send what it holds back, as it sends full frames only. */
  flush: 0x7d,
  error: 0x7e,
} as const;

/** What an error frame says: all well, and that there is nothing of that number or form. */
export const ERROR_CODES = { none: 0, badParameters: 1, badId: 5 } as const;

/** At most that many bytes of length stand before the opcode, seven bits each (sheet a). */
const LENGTH_BYTES = 3;
const MORE = 0x80;

/** A frame of the inner protocol. Several may stand in one frame of the outer one, or one in several. */
export interface AapFrame {
  readonly opcode: number;
  /** A part of the bytes that it was taken from. */
  readonly data: Uint8Array;
}

/** The frame that begins there and where the next one does; null while it is not whole. Throws FRAME_MALFORMED for what is none. */
export function takeAap(bytes: Uint8Array, from = 0): { readonly frame: AapFrame; readonly next: number } | null {
  let length = 0;
  for (let at = from; ; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return null;
    if ((byte & MORE) === 0) {
      const next = at + 1 + length;
      if (next > bytes.length) return null;
      return { frame: { opcode: byte, data: bytes.subarray(at + 1, next) }, next };
    }
    if (at - from === LENGTH_BYTES) {
      const context = { offset: at, frame: hex(bytes.subarray(from, from + 8)) };
      throw new Problem("FRAME_MALFORMED", "A frame's length has more than three bytes.", context);
    }
    length |= (byte & ~MORE) << (7 * (at - from));
  }
}

/** A frame's bytes. Throws RangeError for data that is longer than a length can say. */
export function aapBytes(opcode: number, data: Uint8Array = new Uint8Array()): Uint8Array {
  if (data.length >= 1 << (7 * LENGTH_BYTES)) throw new RangeError(`${data.length} bytes do not fit into a frame`);
  const head: number[] = [];
  for (let left = data.length; left > 0; left >>>= 7) head.push(MORE | (left & 0x7f));
  return Uint8Array.from([...head, opcode, ...data]);
}
