import type { Meal, Specimen } from "../../src/domain/record.js";
import { PARTITION } from "../shared/ieee11073/nomenclature.js";
import type { Nomen } from "../shared/ieee11073/objects.js";

/** What a numeric object measures. */
export interface Measurement {
  readonly control: boolean;
  readonly specimen: Specimen | null;
  readonly note: string | null;
}

const CONTROL: Measurement = { control: true, specimen: "control", note: null };
const ARTERIAL: Measurement = { control: false, specimen: null, note: "Arterial blood" };

/** A patient's test of that specimen. */
function of(specimen: Specimen | null): Measurement {
  return { control: false, specimen, note: null };
}

/**
 * Glucose measurements by their codes (29136 and 29296 as a captured Guide has them; all others from IEEE 11073-10101 and
 * -10417, not from a capture).
 */
const MEASUREMENTS: ReadonlyMap<number, Measurement> = new Map([
  [28948, of(null)],
  [29112, of("capillary")],
  [29116, of("capillary")],
  [29120, of("venous")],
  [29124, of("venous")],
  [29128, ARTERIAL],
  [29132, ARTERIAL],
  [29136, CONTROL],
  [29140, of("interstitial")],
  [29292, of(null)],
  [29296, of(null)],
  [29300, CONTROL],
  [29304, CONTROL],
  [29308, CONTROL],
]);

/** Objects that say something about a test (29144 and 29256 captured; the third from the standard). */
const CONTEXTS: ReadonlyMap<number, "status" | "meal" | "location"> = new Map([
  [29144, "status"],
  [29256, "meal"],
  [29236, "location"],
]);

/** Meals by their codes (from the standard; bedtime has two in circulation). */
const MEALS: ReadonlyMap<number, Meal> = new Map([
  [29260, "before"],
  [29261, "bedtime"],
  [29264, "after"],
  [29268, "fasting"],
  [29272, "casual"],
  [29300, "bedtime"],
]);

/** Places that a sample can be from which change what it is, and those that do not (from the standard). */
const CONTROL_LOCATION = 29252;
const LOCATIONS: ReadonlyMap<number, string> = new Map([
  [29237, "Sample from an unknown place"],
  [29238, "Sample from another place"],
  [29240, "Sample from a finger"],
  [29241, "Sample from under the skin"],
  [29244, "Sample from an alternative site"],
  [29248, "Sample from an earlobe"],
]);

/** What that code measures; null for anything but glucose. */
export function measurementOf({ partition, code }: Nomen): Measurement | null {
  return partition === PARTITION.measurements ? (MEASUREMENTS.get(code) ?? null) : null;
}

/** What that code says about a test; null for what nobody has described. */
export function contextOf({ partition, code }: Nomen): "status" | "meal" | "location" | null {
  return partition === PARTITION.context ? (CONTEXTS.get(code) ?? null) : null;
}

/** The meal of that code; null for another one. */
export function mealOf(code: number): Meal | null {
  return MEALS.get(code) ?? null;
}

/** Where a sample is from: control solution, a place in words, or null for a code that nobody has described. */
export function locationOf(code: number): "control" | { readonly words: string } | null {
  if (code === CONTROL_LOCATION) return "control";
  const words = LOCATIONS.get(code);
  return words === undefined ? null : { words };
}
