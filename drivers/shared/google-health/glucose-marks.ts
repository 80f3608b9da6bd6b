import type { Meal, Specimen } from "../../../src/domain/record.js";

/** A value of an enumeration as stored: a number, or text that should be one; null where it is not set. */
export type Code = number | string | null;

/** What Google's two health formats say beside a glucose value. */
export interface GlucoseMarks {
  readonly meal: Meal | null;
  readonly specimen: Specimen | null;
  /** What is no term of a record's fields, a few words each. */
  readonly notes: readonly string[];
}

const MEALS: ReadonlyMap<number, Meal> = new Map([
  [2, "fasting"],
  [3, "before"],
  [4, "after"],
]);
const RELATION_NOTES: ReadonlyMap<number, string> = new Map([[1, "Not related to a meal"]]);
const SPECIMENS: ReadonlyMap<number, Specimen> = new Map([
  [1, "interstitial"],
  [2, "capillary"],
]);
const SPECIMEN_NOTES: ReadonlyMap<number, string> = new Map([
  [3, "Plasma"],
  [4, "Serum"],
  [5, "Tears"],
  [6, "Whole blood"],
]);

/**
 * Relation to a meal and specimen, whose numbers are the same in Google Fit (developers.google.com/fit/datatypes/health)
 * and Health Connect (AOSP, BloodGlucoseRecord): 1 general, 2 fasting, 3 before, 4 after; 1 interstitial fluid, 2
 * capillary blood, 3 plasma, 4 serum, 5 tears, 6 whole blood; 0 not set. Others change nothing of the value: they are told.
 */
export function glucoseMarks(relation: Code, specimen: Code): GlucoseMarks {
  const [related, taken] = [numberOf(relation), numberOf(specimen)];
  const meal = MEALS.get(related) ?? null;
  const term = SPECIMENS.get(taken) ?? null;
  const notes = [
    meal === null ? codeNote(relation, RELATION_NOTES, "Relation to meal") : null,
    term === null ? codeNote(specimen, SPECIMEN_NOTES, "Specimen") : null,
  ].filter((note) => note !== null);
  return { meal, specimen: term, notes };
}

/** The words for a code; null where it is not set. One that nobody has described is told as it stands, with its label. */
export function codeNote(code: Code, words: ReadonlyMap<number, string>, label: string): string | null {
  const number = numberOf(code);
  if (code === null || code === "" || number === 0) return null;
  return words.get(number) ?? `${label} ${String(code).slice(0, 40)}`;
}

function numberOf(code: Code): number {
  if (code === null) return 0;
  if (typeof code === "number") return code;
  return /^\d{1,9}$/.test(code) ? Number(code) : Number.NaN;
}
