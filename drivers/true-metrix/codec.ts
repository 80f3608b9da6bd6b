import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { isWall } from "../../src/domain/written-time.js";
import { latin1Bytes } from "../../src/kit/bytes.js";
import { sum16 } from "../../src/kit/checksum.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import { limits } from "./limits.js";

/** Words to the meter (sheet a). `powerOff` and `wakeUp` have no answer. */
export const WORDS = {
  powerOff: "_",
  wakeUp: "^",
  identify: "I",
  serial: "Z1",
  firmware: "V",
  clock: "T",
  results: "G",
} as const;

/** What answers begin with (sheet a). */
const SIGNS = { identify: "i", serial: "z1", clock: "t", result: "g5", sum: "x" } as const;

/** Codes by which models identify themselves (sheet a). The Pro's code is not known. */
const MODELS: ReadonlyMap<string, string> = new Map([
  ["MR2", "True Metrix"],
  ["RC2", "True Metrix Go"],
  ["BLU", "True Metrix Air"],
]);

/** What an answer's text says. */
export type Answer =
  | { readonly is: "code"; readonly code: string }
  | { readonly is: "serial"; readonly serial: string }
  | { readonly is: "clock"; readonly digits: string }
  | { readonly is: "result"; readonly cells: string }
  | { readonly is: "sum"; readonly sum: number }
  | { readonly is: "other"; readonly text: string };

/** Tells answers by what they begin with. The firmware's sign is not known: it is what is left over. */
export function readAnswer(text: string): Answer {
  const after = (sign: string): string => text.slice(sign.length);
  if (text.startsWith(SIGNS.result)) return { is: "result", cells: after(SIGNS.result) };
  if (text.startsWith(SIGNS.serial)) return { is: "serial", serial: after(SIGNS.serial) };
  const sum = /^x.([0-9A-F]{4})$/.exec(text)?.[1];
  if (sum !== undefined) return { is: "sum", sum: Number.parseInt(sum, 16) };
  if (/^i[0-9A-Z]{1,8}$/.test(text)) return { is: "code", code: after(SIGNS.identify) };
  if (/^t\d{12}$/.test(text)) return { is: "clock", digits: after(SIGNS.clock) };
  return { is: "other", text };
}

/** The marketing name by the code that the meter identifies itself with; the family's name with the code for another one. */
export function modelOf(code: string): string {
  return MODELS.get(code) ?? `True Metrix ${code}`;
}

/** Firmware as the meter says it, without the letter that repeats the question. */
export function firmwareOf(text: string): string | null {
  return text.replace(/^v/, "").trim() || null;
}

/** The meter's clock: `ssmmHHDDMMYY` (sheet a). Throws FRAME_MALFORMED for a time that does not exist. */
export function readClock(digits: string): string {
  const [second = "", minute = "", hour = "", day = "", month = "", year = ""] = digits.match(/\d\d/g) ?? [];
  const wall = `20${year}-${month}-${day}T${hour}:${minute}:${second}`;
  if (!isWall(wall)) throw new Problem("FRAME_MALFORMED", "The meter's clock shows no time that exists.");
  return wall;
}

/** The memory's sum: the characters of all results, without the sign before them, modulo 65,536 (sheet a). */
export function memorySum(payloads: readonly string[]): number {
  return sum16(latin1Bytes(payloads.join("")));
}

/** Places among the 12 hex digits of a result (sheet a). Digit 10 has no known meaning. */
const AT = { month: 0, day: 1, time: 4, value: 7, unknown: 10, control: 11, end: 12 } as const;
/** Bits of the glucose number; a fourth one stands in its first digit and has no known meaning (sheet a). */
const VALUE_BITS = 0x7ff;
const UNKNOWN_BIT = 0x800;

/**
 * One result, from its 12 hex digits and the frame that they came in. Each field is taken as a number before any bit is
 * looked at. Throws FRAME_MALFORMED for another length, other characters, and a date that does not exist.
 */
export function readResult(cells: string, raw: Uint8Array): SourceReading {
  if (!/^[0-9A-F]{12}$/.test(cells)) throw malformed("is not 12 hex digits");
  const number = (from: number, to: number): number => Number.parseInt(cells.slice(from, to), 16);
  const packed = number(AT.value, AT.unknown);
  const unknown = number(AT.unknown, AT.control);
  const notes = [
    ...((packed & UNKNOWN_BIT) === 0 ? [] : ["Mark 8 on the value"]),
    ...(unknown === 0 ? [] : [`Mark ${unknown}`]),
  ];
  const { value, outOfRange } = shownOf(packed & VALUE_BITS);
  return meterReading({
    kind: "glucose",
    value,
    outOfRange,
    unit: "mg/dL",
    control: number(AT.control, AT.end) !== 0,
    meal: null,
    note: notes.length === 0 ? null : notes.join("; "),
    deviceTime: wallOf(number(AT.month, AT.day), number(AT.day, AT.time), number(AT.time, AT.value)),
    asSent: cells.slice(AT.value, AT.unknown),
    raw,
  });
}

/** `dayAndYear` has the decimal digits D(D)YY, `time` HHmm (sheet a). */
function wallOf(month: number, dayAndYear: number, time: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `20${two(dayAndYear % 100)}-${two(month)}-${two(Math.floor(dayAndYear / 100))}`;
  const wall = `${date}T${two(Math.floor(time / 100))}:${two(time % 100)}:00`;
  if (!isWall(wall)) throw malformed(`has a date that does not exist: ${wall}`);
  return wall;
}

/** Numbers beyond the display's range stand for LO and HI (sheet a): the bound is told with the flag. */
function shownOf(sent: number): Pick<SourceReading, "value" | "outOfRange"> {
  if (sent < limits.low) return { value: limits.low, outOfRange: "low" };
  if (sent > limits.high) return { value: limits.high, outOfRange: "high" };
  return { value: sent, outOfRange: null };
}

function malformed(what: string): Problem {
  return new Problem("FRAME_MALFORMED", `A result ${what}.`);
}
