import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import type { Meal } from "../../src/domain/record.js";
import { isWall } from "../../src/domain/written-time.js";
import { latin1Bytes } from "../../src/kit/bytes.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import { FARTHEST, limits } from "./limits.js";

/** What the hub asks (sheet b): the meter knows more words, and the driver says none of them. */
export const WORDS = {
  hello: "hello",
  serial: "get serial",
  unit: "get gluunit",
  clock: "get datetime",
  count: "get glucount",
  record: "get glurec",
} as const;
export type Question = keyof typeof WORDS;

/** A request's bytes: its words and CR (sheet b). */
export function requestBytes(question: Question, argument: number | null = null): Uint8Array {
  return latin1Bytes(`${WORDS[question]}${argument === null ? "" : ` ${argument}`}\r`);
}

/** How the answers begin: 200 and the question's last word, but for the clock, which has none (sheet b). */
const ANSWERS: Readonly<Record<Question, RegExp>> = {
  hello: /^200 hello( |$)/,
  serial: /^200 serial( |$)/,
  unit: /^200 gluunit( |$)/,
  clock: /^200 (datetime )?\d+ /,
  count: /^200 glucount/,
  record: /^200 glurec( |$)/,
};

/** The question that the line answers; null if it answers none. */
export function questionOf(text: string): Question | null {
  const found = Object.entries(ANSWERS).find(([, start]) => start.test(text));
  return (found?.[0] as Question | undefined) ?? null;
}

/** The meter's name for itself: four letters, two letters; what they stand for nobody has explained (sheet b). */
export function readHello(text: string): string {
  return part(text, /^200 hello ([A-Za-z]{4}-[A-Za-z]{2})$/, "The greeting");
}

/** The serial number: 14 letters and digits, fewer where the meter leaves zeros at its start out (sheet b). */
export function readSerial(text: string): string {
  return part(text, /^200 serial ([0-9A-Za-z]{1,14})$/, "The serial number");
}

/** The display's unit as the meter writes it; in words of ours if it is one of the two. */
export function readUnit(text: string): string {
  const unit = part(text, /^200 gluunit (\S{1,16})$/, "The unit");
  return UNITS[unit.toLowerCase()] ?? unit;
}

const UNITS: Readonly<Record<string, string>> = { "mg/dl": "mg/dL", "mmol/l": "mmol/L" };

/** More than five times the memory of 1,865 (sheet b) is no count. */
const MOST_RECORDS = 10_000;

/** How many records the memory holds. */
export function readCount(text: string): number {
  const count = Number(part(text, /^200 glucount ?(\d{1,5})$/, "The count of records"));
  if (count > MOST_RECORDS) throw malformed("The count of records is impossible");
  return count;
}

/** The meter's clock, wall time. */
export function readClock(text: string): string {
  return wallOf(part(text, /^200 (?:datetime )?(\d+(?: \d+){5})$/, "The clock").split(" "), "The clock");
}

/** Meal codes (sheet b): which meal, and before or after it. */
const MEALS: Readonly<Record<string, readonly [Meal | null, string | null]>> = {
  "0": [null, null],
  "1": ["before", "Breakfast"],
  "2": ["after", "Breakfast"],
  "3": ["before", "Lunch"],
  "4": ["after", "Lunch"],
  "5": ["before", "Dinner"],
  "6": ["after", "Dinner"],
};

/**
 * One record: `200 glurec`, two digits that nobody has explained, value, meal, date and time (sheet b). Its value counts as
 * mg/dL only where the meter's unit is known to be that. Throws FRAME_MALFORMED for a failed measurement (its value begins
 * with E), a date that does not exist, a value that no display shows, and an unknown meal: control solution might be it.
 */
export function readRecord(text: string, raw: Uint8Array, unit: string): SourceReading {
  const fields = text.split(" ");
  const [, , first = "", second = "", value = "", meal = ""] = fields;
  if (value.startsWith("E")) throw malformed("A record is of a measurement that failed");
  if (questionOf(text) !== "record" || fields.length !== 12 || !/^\d \d$/.test(`${first} ${second}`)) {
    throw malformed("A record is not understood");
  }
  const [mark, meant] = MEALS[meal] ?? [];
  if (mark === undefined || meant === undefined) {
    throw malformed("A record's meal is unknown, so it may be no patient's reading");
  }
  if (unit !== "mg/dL") throw malformed(`The meter shows ${unit}, and in what unit it then sends is not known`);
  const shown = readValue(value);
  return meterReading({
    kind: "glucose",
    value: shown.value,
    outOfRange: shown.outOfRange,
    unit: "mg/dL",
    control: false,
    meal: mark,
    note: meant,
    deviceTime: wallOf(fields.slice(6), "A record's date"),
    asSent: value,
    raw,
  });
}

/**
 * How LO and HI are sent is unknown. A number just beyond the display's range can mean nothing else; 0 and what is
 * farther off is refused.
 */
function readValue(text: string): Pick<SourceReading, "value" | "outOfRange"> {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value === 0 || value > FARTHEST) throw malformed("A record's value is none that the meter shows");
  if (value < limits.low) return { value: limits.low, outOfRange: "low" };
  if (value > limits.high) return { value: limits.high, outOfRange: "high" };
  return { value, outOfRange: null };
}

/** Year, month, day, hour, minute, second, without leading zeros. */
function wallOf(parts: readonly string[], what: string): string {
  const [year = "", month = "", day = "", hour = "", minute = "", second = ""] = parts.map((text) =>
    /^\d{1,4}$/.test(text) ? text.padStart(2, "0") : "?",
  );
  const wall = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  if (!isWall(wall)) throw malformed(`${what} does not exist`);
  return wall;
}

function part(text: string, pattern: RegExp, what: string): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw malformed(`${what} is not understood`);
  return found;
}

function malformed(what: string): Problem {
  return new Problem("FRAME_MALFORMED", `${what}.`);
}
