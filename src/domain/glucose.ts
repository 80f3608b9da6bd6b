/** mg/dL in 1 mmol/L of glucose: molar mass 180.156 g/mol (LOINC's figure; ../docs in `interfaces`: 18.0156). */
export const MG_DL_PER_MMOL_L = 18.0156;

/** Two spellings of one glucose value in the two units: half a printed digit of mmol/L, in mg/dL. */
export const SPELLING_MG_DL = 0.95;

/**
 * A glucose value in the other unit, for display and queries only: never stored over the measured one.
 * Not rounded; `unit` must be `mg/dL` or `mmol/L`.
 */
export function convertGlucose(value: number, from: string, to: string): number {
  if (from === to) return value;
  if (from === "mg/dL" && to === "mmol/L") return value / MG_DL_PER_MMOL_L;
  if (from === "mmol/L" && to === "mg/dL") return value * MG_DL_PER_MMOL_L;
  throw new RangeError(`no conversion of glucose from ${from} to ${to}`);
}
