import { Problem } from "../../../src/domain/problem.js";
import { latin1 } from "../../../src/kit/bytes.js";
import { wallParts, wallTime } from "./wall-time.js";

/** What the greeting's answer says of the meter: protocol 1, 2, 3, or nothing that is known. */
export type Dialect = "flash" | "second" | "framed" | "unknown";

/** The byte by which a meter is greeted (sheet a). */
export const GREETING: Uint8Array = Uint8Array.of(0x80);
/** Most bytes that an answer to the greeting is believed to have; the sheet only says what it contains. */
export const GREETING_ANSWER_BYTES = 8;

/** By which byte in its answer each protocol is known (sheet a). */
const DIALECTS: ReadonlyMap<number, Dialect> = new Map([
  [0x20, "flash"],
  [0x2e, "framed"],
  [0x2f, "second"],
]);

/** The protocol that an answer to the greeting names; `unknown` if it names none, or two at once. */
export function readGreeting(answer: Uint8Array): Dialect {
  const named = new Set([...answer].flatMap((byte) => DIALECTS.get(byte) ?? []));
  const [only = "unknown"] = named;
  return named.size === 1 && answer.length <= GREETING_ANSWER_BYTES ? only : "unknown";
}

/**
 * The data of RSNB: the serial number and one byte more, of which the sheet knows only that it is there.
 * Throws FRAME_MALFORMED for anything but letters, digits and hyphens.
 */
export function readSerial(data: Uint8Array): string {
  const serial = latin1(data.subarray(0, -1)).replace(/[\0 ]+$/, "");
  if (!/^[0-9A-Za-z-]{4,32}$/.test(serial)) {
    throw new Problem("FRAME_MALFORMED", "The serial number is none that this driver knows.", { bytes: data.length });
  }
  return serial;
}

/** The data of RTIM: year, month, day, hour, minute, second, a byte each. Throws FRAME_MALFORMED for no such moment. */
export function readClock(data: Uint8Array): string {
  if (data.length !== 6) throw new Problem("FRAME_MALFORMED", "The clock's answer is not six bytes long.");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = data;
  return wallTime({ year, month, day, hour, minute, second });
}

/** The data of WTIM, which the meter echoes. Throws FRAME_MALFORMED for a moment that the meter can't show. */
export function clockData(wall: string): Uint8Array {
  const { year, month, day, hour, minute, second } = wallParts(wall);
  return Uint8Array.of(year, month, day, hour, minute, second);
}

/** The data of NCOT: how many records there are, high byte first. Throws FRAME_MALFORMED unless it is two bytes. */
export function readCount(data: Uint8Array): number {
  const [high, low] = data;
  if (high === undefined || low === undefined || data.length !== 2) {
    throw new Problem("FRAME_MALFORMED", "The number of records is not two bytes long.");
  }
  return (high << 8) | low;
}

/** The data of GLUE: the first record wanted, from 1, high byte first, and how many, at most `BLOCK_RECORDS`. */
export function blockData(first: number, count: number): Uint8Array {
  return Uint8Array.of(first >>> 8, first & 0xff, count);
}

/** Most records that one GLUE gives: 27 of nine bytes (sheet a). */
export const BLOCK_RECORDS = 27;
/** Bytes of one record in the answer to GLUE (sheet a). */
export const RECORD_BYTES = 9;
