import type { SourceReading } from "../../../src/domain/reading.js";
import { type Fields, malformed } from "./fields.js";

/** An amount as the hub has it. */
export type Measured = Pick<SourceReading, "kind" | "value" | "unit" | "outOfRange">;

/** What a strip gives as a number, mg/dL: LO below, HI above (both sheets, for the Precision Neo). */
export const STRIP_LIMITS = { low: 20, high: 500 } as const;
/** What a sensor gives as a number, mg/dL (sheet a). */
export const SENSOR_LIMITS = { low: 40, high: 500 } as const;
/** Above that many mmol/L ketone is HI (both sheets). */
export const KETONE_HIGH = 8;
/** Ketone comes as 18 times its mmol/L (both sheets). */
const KETONE_PARTS = 18;
/** Glucose has ten bits (sheet a); more is no measurement but a code. */
const MOST = 1_023;

/**
 * Glucose in mg/dL, whatever the display shows. A number beyond the limits is the bound and a flag; 0 is no measurement.
 * Throws FRAME_MALFORMED for anything else.
 */
export function glucoseOf(
  number: number,
  limits: typeof STRIP_LIMITS | typeof SENSOR_LIMITS,
  fields: Fields,
  place: number,
): Measured {
  if (number === 0 || number > MOST) throw malformed(fields, place, `holds ${number}, which is no glucose value`);
  if (number < limits.low) return lowGlucose(limits.low);
  if (number > limits.high) return highGlucose(limits.high);
  return { kind: "glucose", value: number, unit: "mg/dL", outOfRange: null };
}

/** Below what the meter gives as a number. */
export function lowGlucose(bound: number): Measured {
  return { kind: "glucose", value: bound, unit: "mg/dL", outOfRange: "low" };
}

/** Above what the meter gives as a number. */
export function highGlucose(bound: number): Measured {
  return { kind: "glucose", value: bound, unit: "mg/dL", outOfRange: "high" };
}

/** Ketone above what the meter gives as a number. */
export function highKetone(): Measured {
  return { kind: "ketone", value: KETONE_HIGH, unit: "mmol/L", outOfRange: "high" };
}

/**
 * Ketone of eighteenths of mmol/L. They are finer than the tenths that the display shows, and every tenth has a number
 * of its own: rounding to tenths gives what was shown (two users' numbers, sheet b), and claims no more.
 */
export function ketoneOf(number: number, fields: Fields, place: number): Measured {
  if (number > MOST) throw malformed(fields, place, `holds ${number}, which is no ketone value`);
  if (number > KETONE_HIGH * KETONE_PARTS) return highKetone();
  return { kind: "ketone", value: Math.round((number * 10) / KETONE_PARTS) / 10, unit: "mmol/L", outOfRange: null };
}
