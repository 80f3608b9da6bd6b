import { crc16CcittFalse } from "../../src/kit/checksum.js";
import type { CgmRecord } from "./record.js";

/** Where the next session goes on: a record that must come back as it was. */
export interface Cursor {
  /** When the CGM's session began: minutes count from there. */
  readonly startTime: string;
  readonly minutes: number;
  /** A sum over the record as it came, by which it is known without its value's being kept here. */
  readonly sum: number;
  /** How many records the CGM held then, up to this one. */
  readonly count: number;
}

const FORM = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d) (\d{1,5}) (\d{1,5}) (\d{1,7})$/;

/** The cursor as one line of text. */
export function cursorText({ startTime, minutes, sum, count }: Cursor): string {
  return `${startTime} ${minutes} ${sum} ${count}`;
}

/** The cursor of a text; null for none and for a text that `cursorText` does not give: then everything is read. */
export function cursorIn(text: string | null): Cursor | null {
  const [, startTime = "", minutes, sum, count] = FORM.exec(text ?? "") ?? [];
  if (startTime === "") return null;
  const cursor = { startTime, minutes: Number(minutes), sum: Number(sum), count: Number(count) };
  return cursor.minutes <= 0xffff && cursor.sum <= 0xffff ? cursor : null;
}

/** The cursor after these records, of which the CGM holds that many; null without any. */
export function cursorAfter(startTime: string, records: readonly CgmRecord[], count: number): Cursor | null {
  const last = records.reduce<CgmRecord | null>((a, b) => (a === null || b.minutes >= a.minutes ? b : a), null);
  return last === null ? null : { startTime, minutes: last.minutes, sum: sumOf(last.raw), count };
}

/** Not the records' own check: that of a record with its check is the same for all of them. */
function sumOf(raw: Uint8Array): number {
  return crc16CcittFalse(raw);
}

/** Whether the CGM may still be where the cursor left it: in the same session, with no fewer records. */
export function fits(cursor: Cursor, startTime: string, total: number): boolean {
  return cursor.startTime === startTime && total >= cursor.count;
}

/**
 * Whether what came from the cursor's record on is all that is new: that very record came back, and at least as many behind
 * it as there are more by the CGM's count; `came` counts it too, and what is not understood. If not, something was put in
 * before it.
 */
export function goesOn(cursor: Cursor, records: readonly CgmRecord[], came: number, total: number): boolean {
  const isThere = records.some(({ minutes, raw }) => minutes === cursor.minutes && sumOf(raw) === cursor.sum);
  return isThere && came - 1 >= total - cursor.count;
}
