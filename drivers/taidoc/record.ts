import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import type { Meal } from "../../src/domain/record.js";
import { hex } from "../../src/kit/bytes.js";
import { type MeterResult, meterReading } from "../shared/isens/meter-reading.js";
import { HOUR_BITS, MINUTE_BITS, readWall } from "./codec.js";
import { dataOf } from "./frame.js";
import { KETONE_HIGH, limits } from "./limits.js";

/** What was measured: a number in four bits, not a set of flags (both sheets). */
const GLUCOSE = 0x0;
const KETONE = 0x7;
/** Kinds that are known and for which there is no kind of record here (both sheets). */
const OTHER_KINDS: ReadonlyMap<number, string> = new Map([
  [0x6, "haematocrit"],
  [0x8, "uric acid"],
  [0x9, "cholesterol"],
  [0xb, "haemoglobin"],
  [0xc, "lactate"],
  [0xd, "triglycerides"],
]);
/** The mark in the top two bits: general, before a meal, after a meal, control solution (both sheets). */
const MEALS: readonly (Meal | null)[] = [null, "before", "after", null];
const CONTROL = 3;
/** A ketone value is in thirtieths of mmol/L (both sheets). */
const KETONE_PARTS = 30;
/** The two lowest bits of the last byte, of which nothing is known. */
const UNKNOWN_BITS = 0x03;

/**
 * One test out of the two messages that hold it, its time and its value. The last byte of the value's message is mark
 * (two bits), kind (four bits), and two bits that nobody has described, like the byte before it. Throws FRAME_MALFORMED
 * for a kind that is not kept here and for a date that does not exist.
 *
 * @param raw the messages as they came
 */
export function readRecord(timeFrame: Uint8Array, valueFrame: Uint8Array, raw: Uint8Array): SourceReading {
  const [time, value] = [dataOf(timeFrame), dataOf(valueFrame)];
  const [low = 0, high = 0, unknown = 0, flags = 0] = value;
  const amount = low | (high << 8);
  const mark = flags >>> 6;
  const control = mark === CONTROL;
  return meterReading({
    ...measured((flags >>> 2) & 0x0f, amount),
    deviceTime: readWall(time),
    control,
    meal: MEALS[mark] ?? null,
    note: noteOf([(time[2] ?? 0) & ~MINUTE_BITS, (time[3] ?? 0) & ~HOUR_BITS, unknown, flags & UNKNOWN_BITS]),
    asSent: String(amount),
    raw,
  });
}

function measured(kind: number, amount: number): Pick<MeterResult, "kind" | "value" | "unit" | "outOfRange"> {
  if (kind === GLUCOSE) {
    const outOfRange = amount < limits.low ? "low" : amount > limits.high ? "high" : null;
    return { kind: "glucose", value: outOfRange === null ? amount : limits[outOfRange], unit: "mg/dL", outOfRange };
  }
  if (kind === KETONE) {
    const isHigh = amount > KETONE_HIGH * KETONE_PARTS;
    // Thousandths tell any two amounts apart, and claim no more digits than the meter has steps.
    const value = isHigh ? KETONE_HIGH : Math.round((amount * 1_000) / KETONE_PARTS) / 1_000;
    return { kind: "ketone", value, unit: "mmol/L", outOfRange: isHigh ? "high" : null };
  }
  const name = OTHER_KINDS.get(kind);
  throw new Problem(
    "FRAME_MALFORMED",
    name === undefined
      ? `A record of a kind that nobody has described (${kind}).`
      : `A record of ${name}, for which there is no place here: it is no glucose.`,
    { kind },
  );
}

function noteOf(bits: readonly number[]): string | null {
  return bits.every((byte) => byte === 0) ? null : `Bits of unknown meaning: ${hex(Uint8Array.from(bits))}`;
}
