import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { latin1 } from "../../src/kit/bytes.js";
import { meterReading } from "../shared/isens/meter-reading.js";
import { wallParts, wallTime } from "../shared/isens/wall-time.js";
import { PACKET_BYTES, payloadOf } from "./packet.js";

/** mg/dL from which on, and down from which, the meter shows HI and LO (sheet a: 600 and more, 20 and less). */
export const limits = { low: 20, high: 600 } as const;

/** In the first byte of a date, the low bits are the year (sheet a); of a record's, the top bit says mg/dL. */
const YEAR_MASK = 0x7f;
const MG_DL = 0x80;
/** In the second byte of a record: control solution, and bits of which the sheet says nothing. The month stands above. */
const CONTROL = 0x01;
const UNKNOWN_MARKS = 0x0e;

/** The answer to a ping or a clock that was set: its first byte is 1 if the meter agrees (sheet a). */
export function isAgreed(packet: Uint8Array): boolean {
  return payloadOf(packet)[0] === 1;
}

/** The serial number: eight letters and digits, sent backwards (sheet a). Throws FRAME_MALFORMED for anything else. */
export function readSerial(packet: Uint8Array): string {
  const serial = latin1(payloadOf(packet).reverse());
  if (!/^[0-9A-Za-z]{8}$/.test(serial)) {
    throw new Problem("FRAME_MALFORMED", "The serial number is none of eight letters and digits.");
  }
  return serial;
}

/** The clock, to the minute. Throws FRAME_MALFORMED for a moment that does not exist. */
export function readClock(packet: Uint8Array): string {
  const [year = 0, month = 0, low = 0, high = 0] = payloadOf(packet);
  return wallTime({ year: year & YEAR_MASK, month: month & 0x0f, ...dayTime(low | (high << 8)), second: 0 });
}

/** The payload that sets the clock: year, month, day, hour and minute, a byte each; the meter takes no seconds (sheet a). */
export function clockPayload(wall: string): Uint8Array {
  const { year, month, day, hour, minute } = wallParts(wall);
  return Uint8Array.of(year, month, day, hour, minute);
}

/** True for the packet of a place in the memory that holds no record: all its payload is FF (sheet a). */
export function isEmpty(packet: Uint8Array): boolean {
  return payloadOf(packet).every((byte) => byte === 0xff);
}

/** True if the record's own checksum is right, which the meter stored with it. */
export function isSound(packet: Uint8Array): boolean {
  const { year, unit, month, control, day, hour, minute, amount, sum } = partsOf(packet);
  return ((year + unit + control + month + day + hour + minute + amount) & 0xffff) === sum;
}

/**
 * One record of the dump, its packet proven. 600 and more is HI, 20 and less is LO: flags with a bound. Throws
 * FRAME_CHECKSUM if the record's own checksum is wrong, METER_UNSUPPORTED for one in mmol/L, whose scale no source tells,
 * and FRAME_MALFORMED for a date that does not exist.
 */
export function readRecord(packet: Uint8Array): SourceReading {
  const { year, unit, month, control, day, hour, minute, amount, marks } = partsOf(packet);
  if (packet.length !== PACKET_BYTES || !isSound(packet)) {
    throw new Problem("FRAME_CHECKSUM", "A record's own checksum is wrong.");
  }
  if (unit === 0) {
    throw new Problem("METER_UNSUPPORTED", "A record is in mmol/L, and nobody has described how this meter writes it.");
  }
  const outOfRange = amount <= limits.low ? "low" : amount >= limits.high ? "high" : null;
  return meterReading({
    kind: "glucose",
    value: outOfRange === null ? amount : limits[outOfRange],
    unit: "mg/dL",
    outOfRange,
    control: control === 1,
    meal: null,
    note: marks === 0 ? null : `Unknown marks ${(marks >> 1).toString(2).padStart(3, "0")}`,
    deviceTime: wallTime({ year, month, day, hour, minute, second: 0 }),
    asSent: String(amount),
    raw: packet,
  });
}

/** The parts of a record's payload, as they are summed up. */
function partsOf(packet: Uint8Array) {
  const [first = 0, second = 0, dayLow = 0, dayHigh = 0, low = 0, high = 0, sumLow = 0, sumHigh = 0] =
    payloadOf(packet);
  return {
    year: first & YEAR_MASK,
    unit: (first & MG_DL) >> 7,
    month: second >> 4,
    control: second & CONTROL,
    marks: second & UNKNOWN_MARKS,
    ...dayTime(dayLow | (dayHigh << 8)),
    amount: low | (high << 8),
    sum: sumLow | (sumHigh << 8),
  };
}

/** Five bits of day, five of hour, six of minute, from the lowest on (sheet a). */
function dayTime(packed: number): { day: number; hour: number; minute: number } {
  return { day: packed & 0x1f, hour: (packed >> 5) & 0x1f, minute: packed >> 10 };
}
