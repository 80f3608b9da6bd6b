import { Problem } from "../../../src/domain/problem.js";
import { isWall } from "../../../src/domain/written-time.js";
import { wallMs } from "../../../src/domain/zone.js";

/** Bytes of a Date Time (2a08): year, low byte first, month, day, hour, minute, second (both sheets). */
export const DATE_TIME_BYTES = 7;
/** No meter with Bluetooth is older, and none is believed to be from later. */
const YEARS = { first: 2000, last: 2099 } as const;

/**
 * The wall-clock time of the seven bytes at that place, `2015-03-21T16:45:24`. Throws FRAME_TRUNCATED where they do not
 * stand, and FRAME_MALFORMED for a date that does not exist, that the meter does not know (zeros), or outside 2000 to 2099.
 */
export function readDateTime(bytes: Uint8Array, at = 0): string {
  if (bytes.length < at + DATE_TIME_BYTES) {
    throw new Problem("FRAME_TRUNCATED", "A time ends before its seventh byte.", { at, bytes: bytes.length });
  }
  const [low = 0, high = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = bytes.subarray(at, at + 7);
  const year = low | (high << 8);
  const wall = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
  if (!isWall(wall) || year < YEARS.first || year > YEARS.last) {
    throw new Problem("FRAME_MALFORMED", "A time is no date of this century that exists.", { wall });
  }
  return wall;
}

/** The seven bytes of a wall-clock time. Throws METER_REFUSED for one that is no date of 2000 to 2099. */
export function dateTimeBytes(wall: string): Uint8Array {
  const text = wall.slice(0, 19);
  const year = Number(text.slice(0, 4));
  if (!isWall(text) || year < YEARS.first || year > YEARS.last) {
    throw new Problem("METER_REFUSED", `A meter's calendar does not hold ${wall}.`, { wall });
  }
  const parts = text.slice(5).split(/[-T:]/).map(Number);
  return Uint8Array.from([year & 0xff, year >>> 8, ...parts]);
}

/**
 * The ten bytes of a Current Time: the wall-clock time, the day of the week (Monday is 1), no fraction, and a manual change
 * as the reason (Current Time Service, "Adjust Reason" bit 0). Throws as `dateTimeBytes`.
 */
export function currentTimeBytes(wall: string): Uint8Array {
  const time = dateTimeBytes(wall);
  const sundayFirst = new Date(wallMs(wall.slice(0, 19))).getUTCDay();
  return Uint8Array.from([...time, sundayFirst === 0 ? 7 : sundayFirst, 0, 1]);
}

/** The wall-clock time that many minutes later, or earlier for a negative number. Throws RangeError for no wall-clock time. */
export function minutesLater(wall: string, minutes: number): string {
  return new Date(wallMs(wall) + minutes * 60_000).toISOString().slice(0, 19);
}

function two(part: number): string {
  return String(part).padStart(2, "0");
}
