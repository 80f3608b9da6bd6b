import type { Kind } from "../../src/domain/record.js";

/** How one type of HealthKit sample becomes a record. */
export interface SampleType {
  readonly kind: Kind;
  /** The unit of the record for a unit as printed; null if it is none that the kind may be measured in. */
  unit(printed: string): string | null;
  /**
   * True where samples add up (doses, food, steps): two equal ones are two. Else they measure, and two equal ones at
   * one instant from one source are one.
   */
  readonly additive: boolean;
}

/** HealthKit prints the molar mass into the unit: `mmol<180.1558800000541>/L`, and other digits elsewhere. */
const MMOL_PER_LITRE = /^mmol(<[\d.]+>)?\/[lL]$/;

function only(printed: string, unit: string): (text: string) => string | null {
  return (text) => (text === printed ? unit : null);
}

/**
 * What is imported, by the type's identifier (Apple's documentation of HKQuantityTypeIdentifier; units as HealthKit
 * prints them). Nothing is converted: a weight in pounds, or food in ounces, is not read.
 */
export const SAMPLE_TYPES: ReadonlyMap<string, SampleType> = new Map<string, SampleType>([
  [
    "HKQuantityTypeIdentifierBloodGlucose",
    {
      kind: "glucose",
      unit: (text) => (text === "mg/dL" ? "mg/dL" : MMOL_PER_LITRE.test(text) ? "mmol/L" : null),
      additive: false,
    },
  ],
  ["HKQuantityTypeIdentifierInsulinDelivery", { kind: "insulin", unit: only("IU", "U"), additive: true }],
  ["HKQuantityTypeIdentifierDietaryCarbohydrates", { kind: "carbs", unit: only("g", "g"), additive: true }],
  ["HKQuantityTypeIdentifierHeartRate", { kind: "heart_rate", unit: only("count/min", "/min"), additive: false }],
  ["HKQuantityTypeIdentifierStepCount", { kind: "steps", unit: only("count", "count"), additive: true }],
  ["HKQuantityTypeIdentifierBodyMass", { kind: "weight", unit: only("kg", "kg"), additive: false }],
]);
