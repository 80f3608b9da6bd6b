import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import type { Meal } from "../../src/domain/record.js";
import { isWall } from "../../src/domain/written-time.js";
import { latin1 } from "../../src/kit/bytes.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import { limits, STORED } from "./limits.js";
import { DATA_AT } from "./packet.js";

/** Commands (sheet a). There is one more, which switches the meter off: it is never said. */
export const COMMANDS = { count: 0x00, record: 0x01, setClock: 0x04, serial: 0x09 } as const;
/** Bytes of data that answer each of them (sheet a; the clock's answer repeats what was sent, without seconds). */
export const ANSWER_BYTES = { count: 2, record: 8, setClock: 5, serial: 7 } as const;

/** How many records the meter holds: 0 to 65,535, most significant byte first (sheet a). */
export function readCount(data: Uint8Array): number {
  return word(data, 0);
}

/** The serial number: seven characters (sheet a). Throws FRAME_MALFORMED if they are no letters, digits or blanks. */
export function readSerial(data: Uint8Array): string {
  const text = latin1(data).replaceAll("\u0000", " ");
  if (!/^[0-9A-Za-z -]{7}$/.test(text) || text.trim() === "") {
    throw new Problem("FRAME_MALFORMED", "The meter's serial number is not seven characters.");
  }
  return text.trim();
}

/** The number that a record gives itself, most significant byte first (sheet a). */
export function readIndex(data: Uint8Array): number {
  return word(data, 0);
}

/** What the top two bits of byte 6 mean (sheet a). */
const EVENTS: readonly { readonly meal: Meal | null; readonly control: boolean }[] = [
  { meal: null, control: false },
  { meal: "after", control: false },
  { meal: "before", control: false },
  { meal: null, control: true },
];
/** Bits without a known meaning, in bytes 4 and 6 (sheet a). */
const UNKNOWN_BITS = { four: 0xfc, six: 0x38 } as const;

/**
 * One record, from its eight bytes and the packet that they came in. Values are mg/dL always (sheet a: HI is 601). Throws
 * FRAME_MALFORMED for a date that does not exist and for a number that no display shows.
 */
export function readRecord(data: Uint8Array, raw: Uint8Array): SourceReading {
  if (data.length !== ANSWER_BYTES.record) throw malformed("A record is not eight bytes long", data);
  const at = (place: number): number => data[place] ?? 0;
  const sent = ((at(4) & 0x03) << 8) | at(5);
  const { meal, control } = EVENTS[at(6) >> 6] ?? { meal: null, control: true };
  const unknown = [at(4) & UNKNOWN_BITS.four, at(6) & UNKNOWN_BITS.six];
  const { value, outOfRange } = shownOf(sent, data);
  return meterReading({
    kind: "glucose",
    value,
    outOfRange,
    unit: "mg/dL",
    control,
    meal,
    note: unknown.every((bits) => bits === 0) ? null : `Unexplained bits ${unknown.join(" and ")}`,
    deviceTime: wallOf(data),
    // Whether the record's number stays the same when new ones come is not known, so it is no index.
    asSent: String(sent),
    raw,
  });
}

/** What sets the clock: year, month, day, hour, minute, second, a byte each (sheet a). */
export function clockData(wall: string): readonly number[] {
  return wall.slice(2, 19).split(/[-T:]/).map(Number);
}

/** The date is packed into bytes 2 and 3, the time into the rest of byte 6 and byte 7 (sheet a). */
function wallOf(data: Uint8Array): string {
  const at = (place: number): number => data[place] ?? 0;
  const two = (value: number): string => String(value).padStart(2, "0");
  const month = ((at(2) & 0x01) << 3) | (at(3) >> 5);
  const hour = ((at(6) & 0x07) << 2) | (at(7) >> 6);
  const wall = `${2000 + (at(2) >> 1)}-${two(month)}-${two(at(3) & 0x1f)}T${two(hour)}:${two(at(7) & 0x3f)}:00`;
  if (!isWall(wall)) throw malformed(`A record's date does not exist: ${wall}`, data);
  return wall;
}

/** 601 and 19 are HI and LO (sheet a): told as the bound with its flag. Other numbers out of range mean nothing known. */
function shownOf(sent: number, data: Uint8Array): Pick<SourceReading, "value" | "outOfRange"> {
  if (sent === STORED.low) return { value: limits.low, outOfRange: "low" };
  if (sent === STORED.high) return { value: limits.high, outOfRange: "high" };
  if (sent < limits.low || sent > limits.high) throw malformed(`A record holds ${sent}, which no display shows`, data);
  return { value: sent, outOfRange: null };
}

function word(data: Uint8Array, at: number): number {
  return ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
}

function malformed(what: string, data: Uint8Array): Problem {
  return new Problem("FRAME_MALFORMED", `${what}.`, { offset: DATA_AT, bytes: data.length });
}
