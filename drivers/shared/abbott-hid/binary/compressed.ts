import { Problem } from "../../../../src/domain/problem.js";
import { concat, hex } from "../../../../src/kit/bytes.js";
import { crc32Words } from "./crc.js";

/** First byte of a block (sheet a). */
const RAW = 0xfd;
const ZEROS = 0xff;
const BLOCK_HEAD_BYTES = 4;
const WORD_BYTES = 4;
const SUM_BYTES = 4;
/** More than any record has: a length that was damaged must not fill the memory. */
const LIMIT_BYTES = 65_536;

/**
 * The data of a database frame out of that of a compressed one (sheet a): table number, then blocks of raw bytes or of zeros,
 * their length in words, then a checksum over what comes of them. Throws FRAME_TRUNCATED, FRAME_MALFORMED or FRAME_CHECKSUM.
 */
export function expandDatabase(data: Uint8Array): Uint8Array {
  const end = data.length - SUM_BYTES;
  if (end < 1) throw problem("FRAME_TRUNCATED", "A compressed record is too short.", 0, data);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (let at = 1; at < end; ) {
    if (at + BLOCK_HEAD_BYTES > end) throw problem("FRAME_TRUNCATED", "A block's head is cut short.", at, data);
    const type = data[at];
    const length = WORD_BYTES * ((data[at + 1] ?? 0) | ((data[at + 2] ?? 0) << 8) | ((data[at + 3] ?? 0) << 16));
    const from = at + BLOCK_HEAD_BYTES;
    size += length;
    if (size > LIMIT_BYTES) throw problem("FRAME_MALFORMED", "A block says that it is far too long.", at, data);
    if (type === ZEROS) {
      // Real zeros: a program that leaves holes in their place gets the checksum right by chance only.
      pieces.push(new Uint8Array(length));
      at = from;
    } else if (type === RAW) {
      if (from + length > end) throw problem("FRAME_TRUNCATED", "A block is cut short.", at, data);
      pieces.push(data.subarray(from, from + length));
      at = from + length;
    } else throw problem("FRAME_MALFORMED", "A block is of no known kind.", at, data);
  }
  const bytes = concat(pieces);
  const told = new DataView(data.buffer, data.byteOffset + end).getUint32(0, true);
  if (told !== crc32Words(bytes))
    throw problem("FRAME_CHECKSUM", "A record did not expand to its checksum.", end, data);
  return concat([data.subarray(0, 1), bytes]);
}

function problem(
  code: "FRAME_TRUNCATED" | "FRAME_MALFORMED" | "FRAME_CHECKSUM",
  detail: string,
  offset: number,
  data: Uint8Array,
): Problem {
  return new Problem(code, detail, { offset, frame: hex(data) });
}
