import { Problem } from "../../../src/domain/problem.js";

/** Years that a meter of these families can mean: earlier ones and later ones are no dates but damage. */
const FIRST_YEAR = 1990;
const LAST_YEAR = 2099;

/**
 * The wall time of a stamp of 12 digits (`YYYYMMDDHHmm`) or 14 (with seconds): `2024-05-06T07:31:00`. Sheets a and b.
 * Throws FRAME_MALFORMED for anything else, also for a date that does not exist.
 */
export function wallOfStamp(stamp: string): string {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/.exec(stamp);
  if (parts === null) throw new Problem("FRAME_MALFORMED", "A time stamp is not 12 or 14 digits.");
  const [, year = "", month, day, hour, minute, second = "00"] = parts;
  const wall = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const ms = Date.parse(`${wall}Z`);
  const known = Number(year) >= FIRST_YEAR && Number(year) <= LAST_YEAR;
  if (!known || Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== wall) {
    throw new Problem("FRAME_MALFORMED", `A time stamp is no date that exists: ${stamp}.`);
  }
  return wall;
}

/**
 * The wall time of a date `YYMMDD` and a time `HHmm`, as the remote commands give them (sheet a). Throws as
 * `wallOfStamp`.
 */
export function wallOfParts(date: string, time: string): string {
  return wallOfStamp(`20${date}${time}`);
}
