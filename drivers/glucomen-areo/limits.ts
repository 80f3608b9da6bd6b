/** A meter's unit, as the hub writes it. */
export type Unit = "mg/dL" | "mmol/L";

/**
 * Least and greatest that the display shows as a number in its unit (the maker's published range; the sheet is silent),
 * and the value beyond which a number is no result but something unknown.
 */
export const LIMITS: Readonly<
  Record<Unit, { readonly low: number; readonly high: number; readonly farthest: number }>
> = {
  "mg/dL": { low: 20, high: 600, farthest: 999 },
  "mmol/L": { low: 1.1, high: 33.3, farthest: 55.5 },
};
