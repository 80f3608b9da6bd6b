import { Problem } from "../../../src/domain/problem.js";
import type { SourceReading } from "../../../src/domain/reading.js";
import type { Meal } from "../../../src/domain/record.js";
import { RECORD_BYTES } from "./answers.js";
import { type MeterResult, meterReading } from "./meter-reading.js";
import { wallTime } from "./wall-time.js";

/** mg/dL that the display shows as a number; beyond them it shows LO and HI (sheet a: less than 20, more than 600). */
export const limits = { low: 20, high: 600 } as const;
/** Tenths of mmol/L up to which ketone is a number (sheet a: HI is 8.0). No lower bound is known. */
const KETONE_HIGH = 80;

/** Bits of the seventh byte (sheet a; all eight are named there). */
const CONTROL = 0x01;
const LOW = 0x04;
const HIGH = 0x08;
const KETONE = 0x40;
/** Set where the meter marks LO and HI; others (Glucocard Shine XL) have only the value to tell them by. */
const MARKS_RANGE = 0x80;
const MEALS: readonly { readonly bit: number; readonly name: string; readonly meal: Meal | null }[] = [
  { bit: 0x02, name: "after meal", meal: "after" },
  { bit: 0x10, name: "fasting", meal: "fasting" },
  { bit: 0x20, name: "none", meal: null },
];

/**
 * The nine bytes of one record of protocol 3: year, month, day, hour, minute, second, flags, and the value, high byte
 * first. Meal marks that contradict each other cost only the mark and stand in the note. Throws FRAME_MALFORMED for a
 * date that does not exist and for range marks that leave open what the value is.
 */
export function readRecord(raw: Uint8Array): SourceReading {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, flags = 0, high = 0, low = 0] = raw;
  if (raw.length !== RECORD_BYTES) throw new Problem("FRAME_MALFORMED", "A record is not nine bytes long.");
  const amount = (high << 8) | low;
  const marked = rangeMark(flags);
  return meterReading({
    deviceTime: wallTime({ year, month, day, hour, minute, second }),
    ...((flags & KETONE) === 0 ? glucose(amount, marked) : ketone(amount, marked)),
    control: (flags & CONTROL) !== 0,
    ...mealMark(flags),
    // The digits alone: a meal mark that is put on later must not make another reading of it.
    asSent: String(amount),
    raw,
  });
}

/** An amount of glucose, mg/dL: what the meter marks, or else what lies beyond the limits, is out of range. */
export function glucose(
  amount: number,
  marked: "low" | "high" | null,
): Pick<MeterResult, "kind" | "value" | "unit" | "outOfRange"> {
  const beyond = amount < limits.low ? "low" : amount > limits.high ? "high" : null;
  const outOfRange = marked ?? beyond;
  return { kind: "glucose", value: outOfRange === null ? amount : limits[outOfRange], unit: "mg/dL", outOfRange };
}

function ketone(
  amount: number,
  marked: "low" | "high" | null,
): Pick<MeterResult, "kind" | "value" | "unit" | "outOfRange"> {
  if (marked === "low") throw new Problem("FRAME_MALFORMED", "A ketone record is marked LO, whose bound is not known.");
  const outOfRange = marked ?? (amount > KETONE_HIGH ? "high" : null);
  return { kind: "ketone", value: (outOfRange === null ? amount : KETONE_HIGH) / 10, unit: "mmol/L", outOfRange };
}

function rangeMark(flags: number): "low" | "high" | null {
  const [low, high] = [(flags & LOW) !== 0, (flags & HIGH) !== 0];
  if (low && high) throw new Problem("FRAME_MALFORMED", "A record is marked LO and HI at once.", { flags });
  if ((low || high) && (flags & MARKS_RANGE) === 0) {
    throw new Problem("FRAME_MALFORMED", "A record is marked LO or HI and says that such marks do not count.", {
      flags,
    });
  }
  return low ? "low" : high ? "high" : null;
}

function mealMark(flags: number): Pick<MeterResult, "meal" | "note"> {
  const marks = MEALS.filter(({ bit }) => (flags & bit) !== 0);
  const [only] = marks;
  if (marks.length <= 1) return { meal: only?.meal ?? null, note: null };
  return { meal: null, note: `Meal marks that exclude each other: ${marks.map(({ name }) => name).join(", ")}` };
}
