import type { Kind } from "../../src/domain/record.js";

/** How one type of HealthKit sample becomes a record. */
export interface SampleType {
  /** The type's identifier in the export. */
  readonly type: string;
  readonly kind: Kind;
  /** The unit of the record for a unit as printed; null if it is none that the kind may be measured in. */
  unit(printed: string): string | null;
  /**
   * True where samples add up (doses, food, steps): two equal ones are two. Else they measure, and two equal ones at
   * one instant from one source are one.
   */
  readonly additive: boolean;
  /** Which half of a blood pressure it is; null for what is whole by itself. */
  readonly half: "systolic" | "diastolic" | null;
}

/** The correlation that holds the two halves of a blood pressure (Apple: HKCorrelationTypeIdentifier). */
export const PRESSURE_TYPE = "HKCorrelationTypeIdentifierBloodPressure";

/** HealthKit prints the molar mass into the unit: `mmol<180.1558800000541>/L`, and other digits elsewhere. */
const MMOL_PER_LITRE = /^mmol(<[\d.]+>)?\/[lL]$/;

function sample(
  name: string,
  kind: Kind,
  unit: (printed: string) => string | null,
  additive: boolean,
  half: SampleType["half"] = null,
): SampleType {
  return { type: `HKQuantityTypeIdentifier${name}`, kind, unit, additive, half };
}

function only(printed: string, unit: string): (text: string) => string | null {
  return (text) => (text === printed ? unit : null);
}

const glucoseUnit = (text: string): string | null =>
  text === "mg/dL" ? "mg/dL" : MMOL_PER_LITRE.test(text) ? "mmol/L" : null;

/**
 * What is imported (Apple's documentation of HKQuantityTypeIdentifier; units as HealthKit prints them). Nothing is
 * converted: a weight in pounds, food in ounces, or a pressure in kilopascals is not read.
 */
export const SAMPLE_TYPES: readonly SampleType[] = [
  sample("BloodGlucose", "glucose", glucoseUnit, false),
  sample("InsulinDelivery", "insulin", only("IU", "U"), true),
  sample("DietaryCarbohydrates", "carbs", only("g", "g"), true),
  sample("HeartRate", "heart_rate", only("count/min", "/min"), false),
  sample("StepCount", "steps", only("count", "count"), true),
  sample("BodyMass", "weight", only("kg", "kg"), false),
  sample("BloodPressureSystolic", "blood_pressure", only("mmHg", "mmHg"), false, "systolic"),
  sample("BloodPressureDiastolic", "blood_pressure", only("mmHg", "mmHg"), false, "diastolic"),
];

/** The types that a session reads, to be found by their bytes. */
export interface TypeTable {
  /** True if blood pressure is among them. */
  readonly pressure: boolean;
  /** The type whose identifier these bytes are; null if it is none that is wanted. */
  find(window: Uint8Array, from: number, to: number): SampleType | null;
  /** The same of a text. */
  named(type: string): SampleType | null;
}

/** @param kinds those that are wanted; null for all */
export function typeTable(kinds: ReadonlySet<Kind> | null): TypeTable {
  const wanted = SAMPLE_TYPES.filter(({ kind }) => kinds === null || kinds.has(kind));
  const byName = new Map(wanted.map((one) => [one.type, one]));
  const byLength: { readonly bytes: Buffer; readonly sample: SampleType }[][] = [];
  for (const one of wanted) {
    const bytes = Buffer.from(one.type);
    byLength[bytes.length] = [...(byLength[bytes.length] ?? []), { bytes, sample: one }];
  }
  return {
    pressure: wanted.some(({ half }) => half !== null),
    find(window, from, to) {
      const alike = byLength[to - from];
      if (alike === undefined) return null;
      for (const { bytes, sample: one } of alike) {
        // They differ at their ends.
        let at = bytes.length - 1;
        while (at >= 0 && bytes[at] === window[from + at]) at--;
        if (at < 0) return one;
      }
      return null;
    },
    named: (type) => byName.get(type) ?? null,
  };
}
