import { type Fields, malformed, numberAt } from "../fields.js";
import type { LibreColumns } from "./columns.js";

/** Bit of the error that says: no value (sheet b). The value is 0 then. */
const INVALID = 0x8000;

/**
 * The one of the readers whose records have as many columns. Throws FRAME_MALFORMED for a record of no known length: its
 * columns could mean anything.
 */
export function columnsFor(
  fields: Fields,
  readers: readonly LibreColumns[],
  lengths: (reader: LibreColumns) => readonly number[],
): LibreColumns {
  const found = readers.find((reader) => lengths(reader).includes(fields.all.length));
  if (found === undefined) throw malformed(fields, fields.all.length, "should be there, or should not");
  return found;
}

/**
 * True for a record whose measurement failed. Throws FRAME_MALFORMED for an error that nobody knows: whether its value may
 * be trusted is not known either.
 */
export function isWithoutValue(fields: Fields, errorPlace: number, value: number): boolean {
  const error = numberAt(fields, errorPlace);
  if (error === 0) return false;
  if ((error & INVALID) !== 0 && value === 0) return true;
  throw malformed(fields, errorPlace, `is the error ${error}, with the value ${value}`);
}

/** A flag: 1 or 0. Throws FRAME_MALFORMED for anything else. */
export function flagAt(fields: Fields, place: number): boolean {
  const flag = numberAt(fields, place);
  if (flag > 1) throw malformed(fields, place, `is ${flag} where only 0 and 1 are known`);
  return flag === 1;
}
