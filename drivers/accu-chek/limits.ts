/** Bounds of what a display shows as a number. */
export interface Limits {
  readonly low: number;
  readonly high: number;
}

/** The unit of a glucose value. */
export type GlucoseUnit = "mg/dL" | "mmol/L";

/** Outermost bounds of the family, mg/dL (sheet a: 10 or 20 to 600). Numbers beyond them are LO and HI. */
export const LIMITS: Limits = { low: 10, high: 600 };
/** From there on a number is no blood glucose any more: a mark that nobody has described, or damage. */
const NONSENSE = { "mg/dL": 1_000, "mmol/L": 56 } as const;

/** Both units' bounds: the lower one of Instant meters, and of all others (sheet a), of which 20 is true for both. */
const BOUNDS = {
  "mg/dL": { instant: 10, others: 20, high: LIMITS.high },
  "mmol/L": { instant: 0.6, others: 1.1, high: 33.3 },
} as const;

/**
 * The bounds that LO and HI stand for. Below which number a meter says LO is only known of the Instant; of all others the
 * greater of two possible bounds is told, which is true in either case.
 */
export function limitsOf(isInstant: boolean, unit: GlucoseUnit): Limits {
  const { instant, others, high } = BOUNDS[unit];
  return { low: isInstant ? instant : others, high };
}

/** Whether a number is beyond what any meter of the family shows; null where it is no glucose value at all. */
export function placeOf(value: number, unit: GlucoseUnit): "low" | "high" | "within" | null {
  if (!(value > 0) || value >= NONSENSE[unit]) return null;
  const { instant, high } = BOUNDS[unit];
  return value < instant ? "low" : value > high ? "high" : "within";
}
