import { Problem } from "../../../../src/domain/problem.js";
import { hex } from "../../../../src/kit/bytes.js";
import { crc16Record } from "./crc.js";

/** Numbers of the tables with records (sheet a). */
export const TABLES = { results: 0, rapidInsulin: 1, historical: 6, events: 7 } as const;

/** Kinds of records whose layout is known (sheet a). */
export const KINDS = { historical: 12, clockSet: 5, userClockSet: 46 } as const;

/** Table's number, then the header: number 2, kind, flags, reader's time 4, user's offset 4 (sheet a). */
export const HEADER_BYTES = 13;
const TIME_VALID = 0x80;
const CRC_BYTES = 2;
/** Records may be filled up to whole words. */
const MOST_FILLING = 3;

/** A record as a table has it. */
export interface BinaryRecord {
  readonly table: number;
  /** The lower 16 bits of its number. */
  readonly bits: number;
  readonly kind: number;
  /** False: the clock was not set when it was made. */
  readonly isTimeValid: boolean;
  /** Seconds since the time base, by a clock that the user can't set. */
  readonly readerTime: number;
  /** What the user made of that, seconds to add. */
  readonly userOffset: number;
  /** All of it, the table's number in front. */
  readonly raw: Uint8Array;
}

/** Reads a record's header, which its checksum has not proven yet. Throws FRAME_TRUNCATED if there is none. */
export function readHeader(raw: Uint8Array): BinaryRecord {
  if (raw.length < HEADER_BYTES) throw problem("FRAME_TRUNCATED", "A record is shorter than its header.", 0, raw);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return {
    table: view.getUint8(0),
    bits: view.getUint16(1, true),
    kind: view.getUint8(3),
    isTimeValid: (view.getUint8(4) & TIME_VALID) !== 0,
    readerTime: view.getUint32(5, true),
    userOffset: view.getInt32(9, true),
    raw,
  };
}

/**
 * Proves a record whose body has that many bytes before its checksum, and gives the body. The checksum covers the header
 * and the body, not the table's number (sheet a). Throws FRAME_TRUNCATED, FRAME_CHECKSUM, or FRAME_MALFORMED for a record
 * that is longer than its kind is.
 */
export function provenBody({ raw }: BinaryRecord, bodyBytes: number): DataView {
  const end = HEADER_BYTES + bodyBytes;
  if (raw.length < end + CRC_BYTES) throw problem("FRAME_TRUNCATED", "A record is shorter than its kind is.", end, raw);
  const rest = raw.subarray(end + CRC_BYTES);
  if (rest.length > MOST_FILLING || rest.some((byte) => byte !== 0)) {
    throw problem("FRAME_MALFORMED", "A record is longer than its kind is.", end + CRC_BYTES, raw);
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  if (view.getUint16(end, true) !== crc16Record(raw.subarray(1, end))) {
    throw problem("FRAME_CHECKSUM", "A record does not have its checksum.", end, raw);
  }
  return new DataView(raw.buffer, raw.byteOffset + HEADER_BYTES, bodyBytes);
}

/** A problem with a record: where in it, and its bytes. */
export function problem(
  code: "FRAME_TRUNCATED" | "FRAME_CHECKSUM" | "FRAME_MALFORMED",
  detail: string,
  offset: number,
  raw: Uint8Array,
): Problem {
  return new Problem(code, detail, { offset, frame: hex(raw) });
}
