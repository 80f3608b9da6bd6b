import { Problem } from "../../../../src/domain/problem.js";
import { hex } from "../../../../src/kit/bytes.js";
import { crc32Words } from "./crc.js";

/** The number of the table with what the factory set (sheet a). */
export const FACTORY_TABLE = 1;
/** Places behind the table's number (sheet a, from a captured one). */
const UNIT_AT = 133;
const TIME_BASE_AT = 156;
const SUM_BYTES = 4;
/** Seconds since 1970 of 2000 and 2100: a time base beyond would make every date a wrong one. */
const EARLIEST = 946_684_800;
const LATEST = 4_102_444_800;

/** What the factory set. */
export interface Factory {
  /** What the display shows; values are mg/dL all the same. Null for one that is not known. */
  readonly displayUnit: "mg/dL" | "mmol/L" | null;
  /** The instant, as if in UTC, from which the reader's seconds count: seconds since 1970. */
  readonly timeBase: number;
}

/**
 * Takes the data of a configuration frame apart: table number, fields, a checksum over those. Throws FRAME_TRUNCATED,
 * FRAME_CHECKSUM, or FRAME_MALFORMED for another table or a time base that can't be.
 */
export function readFactory(data: Uint8Array): Factory {
  const end = data.length - SUM_BYTES;
  if (end < 1 + TIME_BASE_AT + 4) throw problem("FRAME_TRUNCATED", "The factory's table is cut short.", data);
  if (data[0] !== FACTORY_TABLE) throw problem("FRAME_MALFORMED", `Table ${data[0]} came instead of another.`, data);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (view.getUint32(end, true) !== crc32Words(data.subarray(1, end))) {
    throw problem("FRAME_CHECKSUM", "The factory's table does not have its checksum.", data);
  }
  const unit = data[1 + UNIT_AT];
  const timeBase = view.getUint32(1 + TIME_BASE_AT, true);
  if (timeBase < EARLIEST || timeBase >= LATEST) throw problem("FRAME_MALFORMED", "No time counts from there.", data);
  return { displayUnit: unit === 0 ? "mmol/L" : unit === 1 ? "mg/dL" : null, timeBase };
}

function problem(code: "FRAME_TRUNCATED" | "FRAME_MALFORMED" | "FRAME_CHECKSUM", detail: string, data: Uint8Array) {
  return new Problem(code, detail, { bytes: data.length, begins: hex(data.subarray(0, 32)) });
}
