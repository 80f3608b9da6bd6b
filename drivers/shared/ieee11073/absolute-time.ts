import { Problem } from "../../../src/domain/problem.js";

/** Bytes of an absolute time: century, year, month, day, hour, minute, second, hundredths, each two digits (sheet a). */
export const ABSOLUTE_TIME_BYTES = 8;
/** No such device was built before this century, and a date after it is an empty cell or damage. */
const CENTURY = 20;

/**
 * The wall-clock time of eight bytes, `2015-03-21T16:45:24`; hundredths are left out. Throws FRAME_MALFORMED for bytes that
 * are no digits and for a moment that does not exist or lies in another century.
 */
export function readAbsoluteTime(bytes: Uint8Array): string {
  if (bytes.length !== ABSOLUTE_TIME_BYTES) throw noTime("is not eight bytes long");
  const [century = 0, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = Array.from(
    bytes.subarray(0, 7),
    digits,
  );
  if (century !== CENTURY) throw noTime("lies in another century");
  const full = century * 100 + year;
  if (month < 1 || month > 12 || day < 1 || day > daysOf(full, month)) throw noTime("is a day that does not exist");
  if (hour > 23 || minute > 59 || second > 59) throw noTime("is an hour that does not exist");
  return `${full}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

/** The eight bytes of a wall-clock time. Throws METER_REFUSED for one that the device can't hold. */
export function absoluteTimeBytes(wall: string): number[] {
  const parts = /^(20)(\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)/.exec(wall);
  if (parts === null) throw new Problem("METER_REFUSED", `The meter's calendar does not hold ${wall}.`, { wall });
  const bytes = [...parts.slice(1).map((pair) => Number.parseInt(pair, 16)), 0];
  readAbsoluteTime(Uint8Array.from(bytes));
  return bytes;
}

function digits(byte: number): number {
  const [tens, ones] = [byte >>> 4, byte & 0x0f];
  if (tens > 9 || ones > 9) throw noTime("holds what is no digit");
  return tens * 10 + ones;
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function two(part: number): string {
  return String(part).padStart(2, "0");
}

function noTime(how: string): Problem {
  return new Problem("FRAME_MALFORMED", `A time ${how}.`);
}
