import { Problem } from "../../src/domain/problem.js";
import { concat } from "../../src/kit/bytes.js";
import { wallParts, wallTime } from "../shared/isens/wall-time.js";

/**
 * Models of which it is established that they measure glucose and speak like this: the TD-42xx family (sheet b's
 * title), and by name the TD-4141 (both sheets). The maker's other devices share the frames, and their numbers mean
 * something else.
 */
const KNOWN_MODEL = /^(42\d\d|4141)$/;

/**
 * The data of the model's answer: four decimal digits in two bytes, low byte first (both sheets). Throws
 * METER_UNSUPPORTED for a device that is not known to be such a meter.
 */
export function readModel(data: Uint8Array): string {
  const digits = hexDigits(Uint8Array.of(data[1] ?? 0, data[0] ?? 0));
  if (KNOWN_MODEL.test(digits)) return `TD-${digits}`;
  throw new Problem("METER_UNSUPPORTED", `A device of TaiDoc's answers, model ${digits}, which nobody has described.`, {
    model: digits,
  });
}

/** The serial number's two halves, four bytes each, as 16 hex digits: high half first, each from its last byte (both sheets). */
export function readSerial(high: Uint8Array, low: Uint8Array): string {
  return hexDigits(concat([high.toReversed(), low.toReversed()]));
}

/** The data of the count's answer: low byte first; what the other two bytes say is not known (sheet b: FFFF if empty). */
export function readCount(data: Uint8Array): number {
  return (data[0] ?? 0) | ((data[1] ?? 0) << 8);
}

/**
 * Four bytes of date and time: a word, low byte first, of seven bits of year since 2000, four of month, five of day; six
 * bits of minute; five of hour (both sheets). There are no seconds. Throws FRAME_MALFORMED for a moment that does not
 * exist, and for years from 2100 on.
 */
export function readWall(data: Uint8Array): string {
  const [low = 0, high = 0, minute = 0, hour = 0] = data;
  const word = low | (high << 8);
  return wallTime({
    year: word >>> 9,
    month: (word >>> 5) & 0x0f,
    day: word & 0x1f,
    hour: hour & HOUR_BITS,
    minute: minute & MINUTE_BITS,
    second: 0,
  });
}

/** The four bytes of `2015-03-21T16:45:24`; seconds are left out. Throws FRAME_MALFORMED for what these meters can't show. */
export function wallData(wall: string): Uint8Array {
  const { year, month, day, hour, minute } = wallParts(wall);
  const word = (year << 9) | (month << 5) | day;
  return Uint8Array.of(word & 0xff, word >>> 8, minute, hour);
}

/** Bits of the last two bytes that are minute and hour; nobody says what the others are (sheet b's masks). */
export const MINUTE_BITS = 0x3f;
export const HOUR_BITS = 0x1f;

function hexDigits(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .toUpperCase();
}
