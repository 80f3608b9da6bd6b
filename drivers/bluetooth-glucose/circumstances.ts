import type { Meal } from "../../src/domain/record.js";
import { type Sfloat, scaled } from "../shared/gatt/sfloat.js";
import type { Context } from "./context.js";

/** What a context says of its test, in the hub's words. */
export interface Circumstances {
  readonly meal: Meal | null;
  /** Meal 6: what i-SENS marks a test of ketone with. */
  readonly ketone: boolean;
  /** Grams eaten, and what; null where nothing usable is said. */
  readonly carbs: { readonly grams: number; readonly what: string | null } | null;
  readonly notes: readonly string[];
}

/** Codes of both sheets. */
const MEALS: readonly (Meal | null)[] = [null, "before", "after", "fasting", "casual", "bedtime"];
const KETONE = 6;
const DISHES = [null, "Breakfast", "Lunch", "Dinner", "Snack", "Drink", "Supper", "Brunch"];
/** Oneself (1) is not worth a word. */
const TESTERS = [null, null, "Tested by a health professional", "Tested in a laboratory"];
/** Of 5 (nothing special) neither. */
const HEALTH = [null, "Minor health issues", "Major health issues", "During menses", "Under stress", null];
const MEDICINES = [
  null,
  "Rapid-acting insulin",
  "Short-acting insulin",
  "Intermediate-acting insulin",
  "Long-acting insulin",
  "Pre-mixed insulin",
];
/** Code of tester, health and so on for "not available". */
const UNSAID = 15;
/** More seconds of exercise than the field holds. */
const OVERRUN = 0xffff;
/** A kilogram of carbohydrates is no meal. */
const MOST_GRAMS = 1_000;

/** What a context says. Nothing in it is dropped: what has no field of its own, or is not understood, stands in the notes. */
export function circumstancesOf(context: Context): Circumstances {
  const { carbohydrate, meal, tester, health, exercise, medication, hba1c, extended } = context;
  const notes: string[] = [];
  const grams = carbohydrate?.kilograms.kind === "number" ? scaled(carbohydrate.kilograms, 3) : null;
  const dish = carbohydrate === null ? null : word(DISHES, carbohydrate.id, "Meal kind");
  const usable = grams !== null && grams >= 0 && grams < MOST_GRAMS;
  if (carbohydrate !== null && !usable) {
    notes.push(`${dish ?? "Carbohydrates"}: ${grams === null ? "amount unknown" : `${grams} g`}`);
  }
  if (meal !== null && meal !== KETONE && (MEALS[meal] ?? null) === null) notes.push(`Meal code ${meal}`);
  if (tester !== null && tester !== 1) notes.push(...some(word(TESTERS, tester, "Tester code")));
  if (health !== null && health !== 5) notes.push(...some(word(HEALTH, health, "Health code")));
  if (exercise !== null) {
    const seconds = exercise.seconds === OVERRUN ? "more than 65534" : String(exercise.seconds);
    notes.push(`Exercise: ${seconds} s at ${exercise.percent} %`);
  }
  if (medication !== null) {
    const what = word(MEDICINES, medication.id, "Medication code") ?? "Medication";
    // Milligrams or millilitres of insulin are not units of it: nothing is made of them but a note.
    const amount = medication.unit === "kg" ? inText(medication.amount, 6, "mg") : inText(medication.amount, 3, "mL");
    notes.push(`${what}: ${amount}`);
  }
  // Who found it, and when, is not said: no measurement of this meter's.
  if (hba1c !== null) notes.push(`HbA1c: ${inText(hba1c, 0, "%")}`);
  if (extended !== null && extended !== 0) notes.push(`Extended flags ${extended.toString(16).padStart(2, "0")}`);
  return {
    meal: meal === null ? null : (MEALS[meal] ?? null),
    ketone: meal === KETONE,
    carbs: usable ? { grams, what: dish } : null,
    notes,
  };
}

/** The code's word; null for "not available" and where the table has none on purpose. */
function word(words: readonly (string | null)[], code: number, label: string): string | null {
  if (code === UNSAID) return null;
  const found = words[code];
  // Zero is reserved everywhere.
  return found === undefined || code === 0 ? `${label} ${code}` : found;
}

function inText(amount: Sfloat, power: number, unit: string): string {
  return amount.kind === "number" ? `${scaled(amount, power)} ${unit}` : "amount unknown";
}

function some(text: string | null): string[] {
  return text === null ? [] : [text];
}
