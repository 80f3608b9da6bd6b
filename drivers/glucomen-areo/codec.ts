import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { isWall } from "../../src/domain/written-time.js";
import { concat, latin1 } from "../../src/kit/bytes.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import { blockOf } from "./block.js";
import { LIMITS, type Unit } from "./limits.js";

/** What the hub asks (sheet b). The third word sets the clock and is not among them. */
export const REQUESTS = { info: Uint8Array.of(0xa2), readings: Uint8Array.of(0x80) } as const;

/** Who the meter is. */
export interface Info {
  readonly serial: string;
  readonly firmware: string;
}

/**
 * The info block's only line: three numbers that nobody has explained, the serial number and the software's version, both
 * with blanks before them (sheet b). Throws FRAME_MALFORMED for anything else.
 */
export function readInfo(lines: readonly Uint8Array[]): Info {
  const parts = INFO.exec(latin1(concat(lines)));
  const [, serial, firmware] = parts ?? [];
  if (serial === undefined || firmware === undefined)
    throw malformed("What the meter says of itself is not understood");
  return { serial, firmware };
}

const INFO = /^\d*,\d*,\d*, *([!-+\--~]+) *, *([!-+\--~][ -+\--~]*?) *\r\n$/;

/** `type,value,unit,mark,YYMMDD,hhmm` (sheet b). */
const READING = /^([^,]+),([^,]+),([^,]+),([0-9A-Fa-f]{2}),(\d{6}),(\d{4})\r\n$/;

/** Meter's spellings of units in small letters, blanks trimmed: the GK model sends a blank before it (sheet b). */
const UNITS: Readonly<Record<string, Unit>> = { "mg/dl": "mg/dL", "mmol/l": "mmol/L" };

/** Bits of the mark (sheet b; it says that a person can choose only one). */
const MARK = { check: 0x01, before: 0x02, after: 0x04, exercise: 0x08 } as const;
const KNOWN_MARKS = MARK.check | MARK.before | MARK.after | MARK.exercise;

/**
 * One line of the memory. Throws FRAME_MALFORMED where it can't be told what the value means: another type than `Glu`
 * (the GK takes ketone strips, but their name is not known), another unit, an unknown mark (control solution might be
 * it), a date that does not exist, a value that no display shows.
 */
export function readReading(line: Uint8Array): SourceReading {
  const [, type, text = "", unitText = "", markText = "", date = "", time = ""] = READING.exec(latin1(line)) ?? [];
  if (type === undefined) throw malformed("A reading's line is not understood");
  if (type !== "Glu") throw malformed("A reading's type is unknown");
  const unit = UNITS[unitText.trim().toLowerCase()];
  if (unit === undefined) throw malformed("A reading's unit is unknown");
  const mark = Number.parseInt(markText, 16);
  if ((mark & ~KNOWN_MARKS) !== 0) throw malformed("A reading's mark is unknown, so it may be no patient's reading");
  const { value, outOfRange } = readValue(text.trim(), unit);
  const { meal, note } = readMark(mark);
  return meterReading({
    kind: "glucose",
    value,
    outOfRange,
    unit,
    control: false,
    meal,
    note,
    deviceTime: readTime(date, time),
    asSent: text,
    raw: Uint8Array.from(line),
  });
}

/** The unit of the display: that of all readings, which are sent in it (sheet b); null if there are none or they differ. */
export function displayUnit(units: readonly (string | null)[]): string | null {
  const [first = null] = units;
  return units.every((unit) => unit === first) ? first : null;
}

/** Sets the clock to the wall time's minute: C2 A1 and a block with `YYMMDDhhmm` (sheet b). */
export function clockRequest(wall: string): Uint8Array {
  const digits = wall.slice(2, 16).replace(/[-T:]/g, "");
  return concat([Uint8Array.of(0xc2, 0xa1), blockOf(digits)]);
}

/** The meter's answers to it: one letter (sheet b). */
export const PASSED = "P".charCodeAt(0);
export const FAILED = "F".charCodeAt(0);

function readMark(mark: number): Pick<SourceReading, "meal" | "note"> {
  const [before, after] = [(mark & MARK.before) !== 0, (mark & MARK.after) !== 0];
  const notes = [
    ...(before && after ? ["Before and after a meal"] : []),
    ...((mark & MARK.check) === 0 ? [] : ["Check mark"]),
    ...((mark & MARK.exercise) === 0 ? [] : ["Exercise"]),
  ];
  const meal = before === after ? null : before ? "before" : "after";
  return { meal, note: notes.length === 0 ? null : notes.join("; ") };
}

/**
 * HI and LO as words are in no sheet; should a meter send them, they mean what its display says. A number just beyond the
 * display's range is one of them too; 0 and what is farther off is refused, and so is a fraction of mg/dL.
 */
function readValue(text: string, unit: Unit): Pick<SourceReading, "value" | "outOfRange"> {
  const { low, high, farthest } = LIMITS[unit];
  const word = /^(HI|HIGH|LO|LOW)$/i.exec(text)?.[1]?.toUpperCase();
  if (word !== undefined) return beyond(word.startsWith("H") ? "high" : "low", unit);
  const number = (unit === "mg/dL" ? /^\d{1,3}$/ : /^\d{1,2}(?:\.\d{1,2})?$/).test(text) ? Number(text) : 0;
  if (number === 0 || number > farthest) throw malformed("A reading's value is none that the meter shows");
  if (number < low) return beyond("low", unit);
  if (number > high) return beyond("high", unit);
  return { value: number, outOfRange: null };
}

function beyond(outOfRange: "low" | "high", unit: Unit): Pick<SourceReading, "value" | "outOfRange"> {
  return { value: LIMITS[unit][outOfRange], outOfRange };
}

function readTime(date: string, time: string): string {
  const wall = `${date}${time}`.replace(/^(..)(..)(..)(..)(..)$/, "20$1-$2-$3T$4:$5:00");
  if (!isWall(wall)) throw malformed("A reading's date does not exist");
  return wall;
}

function malformed(what: string): Problem {
  return new Problem("FRAME_MALFORMED", `${what}.`);
}
