/** Bounds of what a meter shows as a number, in one unit. */
export interface Limits {
  readonly low: number;
  readonly high: number;
}

/** Bounds where a header states none: 20 to 600 mg/dL (sheet a), and the same in mmol/L. */
export const USUAL_LIMITS = {
  "mg/dL": { low: 20, high: 600 },
  "mmol/L": { low: 1.1, high: 33.3 },
} as const satisfies Record<string, Limits>;

/** The bounds that these meters have, in both units: displays round them so. */
const SAME_BOUND = [
  [10, 0.6],
  [20, 1.1],
  [600, 33.3],
] as const;

/** Smallest upper bound that can only be mg/dL, and the range of those that can only be tenths of mmol/L. */
const MG_DL_FROM = 500;
const TENTHS = { from: 250, to: 400 } as const;

/**
 * The bounds of setting V (two digits low, three digits high) in the wanted unit; null if there are none or they are not
 * understood. Meters with mmol/L write tenths (sheet a), but one was captured with 20 and 600 beside U=1 (sheet b), so
 * the number itself tells its unit.
 */
export function limitsOf(setting: string | undefined, unit: "mg/dL" | "mmol/L"): Limits | null {
  const parts = /^(\d\d)(\d\d\d)$/.exec(setting ?? "");
  if (parts === null) return null;
  const [low, high] = [Number(parts[1]), Number(parts[2])];
  if (low < 1) return null;
  if (high >= MG_DL_FROM) return unit === "mg/dL" ? { low, high } : both(other(low, 0), other(high, 0));
  if (high < TENTHS.from || high > TENTHS.to) return null;
  return unit === "mmol/L" ? { low: low / 10, high: high / 10 } : both(other(low / 10, 1), other(high / 10, 1));
}

/** The same bound in the other unit, of a table: a bound that is not in it is not converted. */
function other(bound: number, from: 0 | 1): number | null {
  const pair = SAME_BOUND.find((bounds) => bounds[from] === bound);
  return pair === undefined ? null : pair[from === 0 ? 1 : 0];
}

function both(low: number | null, high: number | null): Limits | null {
  return low === null || high === null ? null : { low, high };
}
