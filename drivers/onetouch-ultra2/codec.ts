import type { SourceReading } from "../../src/domain/reading.js";
import { latin1Bytes } from "../../src/kit/bytes.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import { type CheckedLine, checkedLine, demandLayout, malformed } from "./layout.js";
import { limits } from "./limits.js";

/** What the driver asks, by name. The meter knows more words, two of which change it: they are not here. */
export const QUERIES = { serial: "DM@", firmware: "DM?", clock: "DMF", unit: "DMSU?", dump: "DMP" } as const;
export type Query = keyof typeof QUERIES;

/** The first character by which a line says which query it answers (`S`: the unit). */
export const ANSWERS: Readonly<Record<Query, string>> = {
  serial: "@",
  firmware: "?",
  clock: "F",
  unit: "S",
  dump: "P",
};

/**
 * A query's bytes: DC1, CR and the letters (both sheets), then CR if `terminated` (sheet b sends it, sheet a does not).
 */
export function queryBytes(query: Query, terminated: boolean): Uint8Array {
  return latin1Bytes(`\x11\r${QUERIES[query]}${terminated ? "\r" : ""}`);
}

/** The answer to DM@: nine letters and digits. The last is the model; whether it is ours is the caller's question. */
export function readSerial(frame: Uint8Array): string {
  const line = checkedLine(frame);
  demandLayout(line, '@ "SSSSSSSSS"', "The serial number's line");
  return line.text.slice(3, 12);
}

/** The answer to DM?: the software's version as the meter words it, without the question mark before it. */
export function readFirmware(frame: Uint8Array): string {
  const line = checkedLine(frame);
  if (!/^\?[ -~]+$/.test(line.text)) throw malformed(line, 0, "The version's line");
  return line.text.slice(1).trim();
}

/** The answer to DMF: the meter's wall-clock time, `2013-08-03T22:12:00`. */
export function readClock(frame: Uint8Array): string {
  const line = checkedLine(frame);
  demandLayout(line, `F ${DATE_GROUP}`, "The clock's line");
  return readDate(line, 2);
}

/** The answer to DMSU?: the unit that the display is set to. Values on the wire are mg/dL all the same. */
export function readUnit(frame: Uint8Array): "mg/dL" | "mmol/L" {
  const line = checkedLine(frame);
  demandLayout(line, 'SU?,"......"', "The unit's line");
  return displayUnit(line, 5);
}

/** The first line of a dump: how many records follow (0 to 999), whose they are, and the display's unit. */
export interface DumpHeader {
  readonly count: number;
  readonly serial: string;
  readonly displayUnit: "mg/dL" | "mmol/L";
}

/** Reads the first line of the answer to DMP. */
export function readHeader(frame: Uint8Array): DumpHeader {
  const line = checkedLine(frame);
  demandLayout(line, 'P NNN,"SSSSSSSSS","......"', "The dump's first line");
  return {
    count: Number(line.text.slice(2, 5)),
    serial: line.text.slice(7, 16),
    displayUnit: displayUnit(line, 19),
  };
}

/**
 * One record of the dump. Its value is mg/dL whatever the display shows; beyond the meter's limits it is the bound and
 * a flag. A meal or comment that is not in the tables is kept as a note. Throws FRAME_CHECKSUM for a damaged line and
 * FRAME_MALFORMED, with the offset, for one that is whole and not understood: a date that does not exist, an unknown
 * mark beside the value (`?` is the meter's own sign that this memory cell is damaged), an unknown status.
 */
export function readRecord(frame: Uint8Array): SourceReading {
  const line = checkedLine(frame);
  demandLayout(line, `P ${DATE_GROUP},"......",".","..", 00`, "A record");
  const deviceTime = readDate(line, 2);
  const result = readResult(line, 34);
  const meal = line.text.charAt(43);
  const notes = [mealNote(meal), commentNote(line.text.slice(47, 49))].filter((note) => note !== null);
  return meterReading({
    kind: "glucose",
    value: result.value,
    outOfRange: result.outOfRange,
    control: result.control,
    unit: "mg/dL",
    meal: MEALS[meal] ?? null,
    note: notes.length === 0 ? null : notes.join("; "),
    deviceTime,
    asSent: line.text.slice(34, 40),
    raw: frame,
  });
}

/** Weekday, MM/DD/YY, HH:MM:SS and three blanks, each in quotes (both sheets). */
const DATE_GROUP = '"AAA","NN/NN/NN","NN:NN:NN   "';

/** Reads a date group that fits its layout and starts at that place in the line. Two digits of year count from 2000. */
function readDate(line: CheckedLine, at: number): string {
  const number = (place: number): number => Number(line.text.slice(at + place, at + place + 2));
  const [month, day, year] = [number(7), number(10), 2000 + number(13)];
  const [hour, minute, second] = [number(18), number(21), number(24)];
  if (month < 1 || month > 12) throw malformed(line, at + 7, "A month");
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (day < 1 || day > days) throw malformed(line, at + 10, "A day");
  if (hour > 23) throw malformed(line, at + 18, "An hour");
  if (minute > 59) throw malformed(line, at + 21, "A minute");
  if (second > 59) throw malformed(line, at + 24, "A second");
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

/**
 * The six characters of a result: `C` or blank, blank, three digits, blank. HI and LO as words are in neither sheet;
 * should a meter send them, they mean what they say on its display.
 */
function readResult(
  line: CheckedLine,
  at: number,
): { value: number; outOfRange: "low" | "high" | null; control: boolean } {
  const field = line.text.slice(at, at + 6);
  const control = field.startsWith("C");
  const word = /^C? *(HIGH|HI|LOW|LO) *$/.exec(field)?.[1];
  if (word !== undefined) return beyond(word.startsWith("H") ? "high" : "low", control);
  const odd = [/^[C ]/, /^. /, /^..[0-9]/, /^...[0-9]/, /^....[0-9]/, /^..... /].findIndex((rule) => !rule.test(field));
  if (odd === 5 && field.endsWith("?")) throw malformed(line, at + 5, "A result marked as damaged by the meter itself");
  if (odd >= 0) throw malformed(line, at + odd, "A result");
  const value = Number(field.slice(2, 5));
  if (value < limits.low) return beyond("low", control);
  if (value > limits.high) return beyond("high", control);
  return { value, outOfRange: null, control };
}

function beyond(outOfRange: "low" | "high", control: boolean) {
  return { value: limits[outOfRange], outOfRange, control };
}

function displayUnit(line: CheckedLine, at: number): "mg/dL" | "mmol/L" {
  switch (line.text.slice(at, at + 6)) {
    case "MG/DL ":
      return "mg/dL";
    case "MMOL/L":
      return "mmol/L";
    default:
      throw malformed(line, at, "A unit");
  }
}

/** Meal letters (sheet b; sheet a saw N and B). */
const MEALS: Readonly<Record<string, "before" | "after" | null>> = { N: null, B: "before", A: "after" };

function mealNote(letter: string): string | null {
  return letter in MEALS || letter === " " ? null : `Meal mark ${letter}`;
}

/** What the meter's comment codes mean (sheet b), in our words. */
const COMMENTS: Readonly<Record<string, string | null>> = {
  "00": null,
  "01": "Too little food",
  "02": "Too much food",
  "03": "Mild exercise",
  "04": "Hard exercise",
  "05": "Medication",
  "06": "Stress",
  "07": "Illness",
  "08": "Felt low",
  "09": "Menstruation",
  "10": "Holiday",
  "11": "Other",
};

function commentNote(code: string): string | null {
  const known = COMMENTS[code];
  if (known !== undefined || code === "  ") return known ?? null;
  return `Comment ${code}`;
}
