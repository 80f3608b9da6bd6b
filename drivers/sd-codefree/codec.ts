import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import type { Meal } from "../../src/domain/record.js";
import { isWall } from "../../src/domain/written-time.js";
import { hex, latin1Bytes } from "../../src/kit/bytes.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import { hostFrame, MESSAGE_BYTES } from "./frame.js";
import { FARTHEST, limits } from "./limits.js";

/** What the meter sends when it is switched on, whole (vector set b, verbatim). */
export const CHALLENGE = Uint8Array.of(0x53, 0x20, 0x04, 0x10, 0x30, 0x20, 0xaa);
/** The answer to it (sheet b). */
export const ANSWER = hostFrame(Uint8Array.of(0x10, 0x40));
/** Asks for the next record, and after the last one, or after the clock was set, hangs up (sheet b). */
export const FETCH = hostFrame(Uint8Array.of(0x10, 0x60));

/** What a message of the meter is; `other` for one that proves itself and is not in the sheet. */
export type MessageKind = "challenge" | "count" | "record" | "clockSet" | "goodbye" | "other";

/** Tells a message's kind by its length and its signs (sheet b). */
export function kindOf(message: Uint8Array): MessageKind {
  if (message.length === MESSAGE_BYTES.record) return "record";
  if (message.length === MESSAGE_BYTES.count) return message[0] === 0x30 ? "count" : "other";
  if (message.length !== MESSAGE_BYTES.sign || message[0] !== 0x10) return "other";
  return SIGNS[message[1] ?? 0] ?? "other";
}

/** Second byte of the messages that begin with 10 (sheet b). */
const SIGNS: Readonly<Record<number, MessageKind>> = { 16: "clockSet", 48: "challenge", 112: "goodbye" };

/** How many records the count message announces: 0 to 65,535, most significant byte first (sheet b). */
export function readCount(message: Uint8Array): number {
  return word(message, 1);
}

/** Offsets within a record's message; the two bytes before them and the seven behind are unknown (sheet b). */
const AT = { year: 2, month: 3, day: 4, hour: 5, minute: 6, value: 7, meal: 9 } as const;

/** The meal byte (sheet b). Control solution has no known mark: another value may be it. */
const MEALS: Readonly<Record<number, Meal | null>> = { 0: null, 16: "before", 32: "after" };

/**
 * One record, from its whole frame and the message in it. Values are mg/dL by assumption: no unit is sent (sheet b).
 * Throws FRAME_MALFORMED for a date that does not exist, a value that no display shows, and an unknown meal byte: control
 * solution might hide behind it.
 */
export function readRecord(frame: Uint8Array, message: Uint8Array): SourceReading {
  if (message.length !== MESSAGE_BYTES.record) throw malformed("A record has another length than known", frame);
  const deviceTime = readTime(frame, message);
  const meal = MEALS[message[AT.meal] ?? -1];
  if (meal === undefined) throw malformed("A record's meal byte is unknown, so it may be no patient's reading", frame);
  const { value, outOfRange } = readValue(frame, word(message, AT.value));
  return meterReading({
    kind: "glucose",
    value,
    outOfRange,
    unit: "mg/dL",
    control: false,
    meal,
    note: null,
    deviceTime,
    asSent: hex(message.subarray(AT.value, AT.value + 2)),
    raw: frame,
  });
}

/** Sets the clock to the wall time's minute: `ADATEyyyymmddhhmm` (sheet b; the meter ignores the century). */
export function clockFrame(wall: string): Uint8Array {
  const digits = wall.slice(0, 16).replace(/[-T:]/g, "");
  return hostFrame(latin1Bytes(`ADATE${digits}`));
}

function readTime(frame: Uint8Array, message: Uint8Array): string {
  const two = (at: number): string => String(message[at] ?? 0).padStart(2, "0");
  const date = `20${two(AT.year)}-${two(AT.month)}-${two(AT.day)}`;
  const wall = `${date}T${two(AT.hour)}:${two(AT.minute)}:00`;
  if (!isWall(wall)) throw malformed("A record's date does not exist", frame);
  return wall;
}

/**
 * How LO and HI are sent is unknown. A number just beyond the display's range can mean nothing else; 0 and what is
 * farther off might be a mark for either, or for a failed test, and is refused.
 */
function readValue(frame: Uint8Array, value: number): Pick<SourceReading, "value" | "outOfRange"> {
  if (value === 0 || value > FARTHEST) throw malformed("A record's value is none that the meter shows", frame);
  if (value < limits.low) return { value: limits.low, outOfRange: "low" };
  if (value > limits.high) return { value: limits.high, outOfRange: "high" };
  return { value, outOfRange: null };
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function malformed(what: string, frame: Uint8Array): Problem {
  return new Problem("FRAME_MALFORMED", `${what}.`, { frame: hex(frame) });
}
