import { Unfit } from "./unfit.js";

/** Units of glucose in the hub's spelling. */
export type GlucoseUnit = "mg/dL" | "mmol/L";

/** Ends of what a device shows as a number, in each unit. */
export type Bounds = Readonly<Record<GlucoseUnit, { readonly low: number; readonly high: number }>>;

/**
 * What a device for people shows as a number at the utmost: the widest range of any meter here is 10 to 800 mg/dL, with
 * room above. A number beyond was written in another unit than its heading says, or is damage.
 */
const BELIEVED: Bounds = { "mg/dL": { low: 10, high: 1_000 }, "mmol/L": { low: 0.55, high: 55.6 } };
const LOW = /^(lo|low)$/i;
const HIGH = /^(hi|high)$/i;

/** The unit of glucose that stands in a text such as a column's heading, in any case; null if none or both do. */
export function glucoseUnit(text: string): GlucoseUnit | null {
  const mass = /mg\s*\/\s*dl/i.test(text);
  const moles = /mmol\s*\/\s*l/i.test(text);
  return mass === moles ? null : mass ? "mg/dL" : "mmol/L";
}

/** A glucose value as its reading has it. */
export interface GlucoseAmount {
  readonly value: number;
  readonly unit: GlucoseUnit;
  readonly outOfRange: "low" | "high" | null;
  readonly asSent: string;
}

/**
 * A glucose value as printed: a number, or a word for below and above `bounds`. Throws Unfit for what nobody can have in
 * that unit, and for a word where `bounds` is null, since then nobody knows where they lie.
 */
export function readGlucose(
  printed: string,
  unit: GlucoseUnit,
  bounds: Bounds | null,
  number: (text: string) => number,
): GlucoseAmount {
  const text = printed.trim();
  const asSent = `${text} ${unit}`;
  const outOfRange = LOW.test(text) ? "low" : HIGH.test(text) ? "high" : null;
  if (outOfRange !== null) {
    if (bounds === null) throw new Unfit(`${text} is beyond bounds that are not known`);
    return { value: bounds[unit][outOfRange], unit, outOfRange, asSent };
  }
  return { value: believed(number(text), unit), unit, outOfRange: null, asSent };
}

/** The value, if somebody can have it. Throws Unfit else. */
export function believed(value: number, unit: GlucoseUnit): number {
  const { low, high } = BELIEVED[unit];
  if (!(value >= low && value <= high)) throw new Unfit(`glucose of ${value} ${unit} is beyond all meters`);
  return value;
}

/** A dose, a count or another amount that may be nothing, up to `most`. Throws Unfit beyond. */
export function amountOf(value: number, what: string, most: number): number {
  if (!(value >= 0 && value <= most)) throw new Unfit(`${what} of ${value} can't be`);
  return value;
}
