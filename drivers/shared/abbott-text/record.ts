import { Problem } from "../../../src/domain/problem.js";
import type { SourceReading } from "../../../src/domain/reading.js";
import { hex, latin1 } from "../../../src/kit/bytes.js";
import { meterReading } from "../../../src/kit/meter-reading.js";
import { wallOf } from "./date.js";

/** What a record was made with: the only thing in which the two families differ. */
export type Measured = Pick<SourceReading, "kind" | "value" | "unit" | "outOfRange">;

/** A record's line, taken apart. */
export interface TextRecord {
  /** Three characters: digits, `HI ` or `LO `. */
  readonly amount: string;
  /** What stands between time and status. */
  readonly mark: string;
  /** Date and time as shown, 18 characters. */
  readonly shown: string;
  readonly status: number;
  readonly line: Uint8Array;
}

/** Least and greatest mg/dL that the display shows as a number (both sheets). */
export const GLUCOSE_LIMITS = { low: 20, high: 500 } as const;

/** Bits of the status (sheet a; sheet b: 0x01 for control solution). */
const CONTROL = 0b01;
const CLOCK_LOST = 0b10;

/**
 * Takes a record apart: `GGG  Mmmm DD YYYY HH:mm M 0xNN` (both sheets), where the mark has that many characters. Bytes
 * that are no printable characters may stand before it (sheet a: junk, to be skipped); a printable one might belong to
 * the value and is not skipped. Throws FRAME_MALFORMED with the offset of the first part that does not fit.
 */
export function textRecord(line: Uint8Array, markWidth: 1 | 2): TextRecord {
  const text = latin1(line).replace(/\r?\n$/, "");
  const start = text.search(/[!-~]/);
  const field = (at: number, width: number, form: RegExp, name: string): string => {
    const found = text.slice(start + at, start + at + width);
    if (form.test(found)) return found;
    throw malformed(`${name} of a record does not fit.`, line, start + at);
  };
  if (start < 0) throw malformed("A record is empty.", line, 0);
  const amount = field(0, 3, /^(?:[0-9]{3}|HI |LO )$/, "The value");
  field(3, 2, /^ {2}$/, "The gap behind the value");
  const shown = field(5, 18, /^[ -~]{18}$/, "The time");
  field(23, 1, /^ $/, "The gap behind the time");
  const mark = field(24, markWidth, /^[ -~]+$/, "The mark");
  const status = field(24 + markWidth, text.length, /^ 0x[0-9A-Fa-f]{2} *$/, "The status");
  return { amount, mark, shown, status: Number.parseInt(status.slice(3, 5), 16), line };
}

/**
 * Glucose in mg/dL, whatever the display shows (sheet b for the Optium; assumed for the Lite). HI and LO are the bound
 * and a flag, and so is a number beyond what the display shows.
 */
export function glucose(amount: string): Measured {
  const { low, high } = GLUCOSE_LIMITS;
  const number = amount === "HI " ? Number.POSITIVE_INFINITY : amount === "LO " ? -1 : Number(amount);
  if (number > high) return { kind: "glucose", value: high, unit: "mg/dL", outOfRange: "high" };
  if (number < low) return { kind: "glucose", value: low, unit: "mg/dL", outOfRange: "low" };
  return { kind: "glucose", value: number, unit: "mg/dL", outOfRange: null };
}

/**
 * The reading of a record. The status is a set of bits. A meter that had lost its clock shows a time that must not be
 * trusted: the reading has none then, and what was shown stays in `asSent` and the note. Bits that nobody knows are named
 * in the note. Throws FRAME_MALFORMED for a date that does not exist.
 */
export function readingOf({ amount, shown, status, line }: TextRecord, measured: Measured): SourceReading {
  const control = (status & CONTROL) !== 0;
  const clockLost = (status & CLOCK_LOST) !== 0;
  const deviceTime = clockLost ? null : wallOf(shown, "minutes");
  if (deviceTime === null && !clockLost) throw malformed("A record's date does not exist.", line, 0);
  const unknown = status & ~(CONTROL | CLOCK_LOST);
  const notes = [
    ...(clockLost ? [`The meter had lost its clock and showed ${shown.replace(/ +/g, " ").trim()}`] : []),
    ...(unknown === 0 ? [] : [`Status 0x${unknown.toString(16).toUpperCase().padStart(2, "0")} is not known`]),
  ];
  const { kind, value, unit, outOfRange } = measured;
  return meterReading({
    kind,
    value,
    unit,
    outOfRange,
    control,
    meal: null,
    note: notes.length === 0 ? null : notes.join("; "),
    deviceTime,
    // Without a time only this tells two readings apart.
    asSent: clockLost ? `${amount}  ${shown}` : amount,
    raw: line,
  });
}

/** A FRAME_MALFORMED for a line that came whole and does not fit, with its offset and the line. */
export function malformed(detail: string, line: Uint8Array, offset: number): Problem {
  return new Problem("FRAME_MALFORMED", detail, { offset, frame: hex(line) });
}
