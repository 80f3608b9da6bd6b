import type { Kind } from "../../src/domain/record.js";

/** How one data type of Google Fit becomes readings. */
export interface FitType {
  readonly kind: Kind;
  readonly unit: string;
  /** Places in a point's values. Blood pressure has a second one. */
  readonly value: number;
  readonly value2: number | null;
  /** True where points count what happened in their spans: two equal ones are two. */
  readonly adds: boolean;
  /** Beyond it something is damaged. */
  readonly max: number;
}

/**
 * What is read, by the type's name (Google Fit's lists of health, activity, body and location data types, with their
 * fields in the order in which points have them, and their units).
 */
export const FIT_TYPES: ReadonlyMap<string, FitType> = new Map<string, FitType>([
  ["com.google.blood_glucose", { kind: "glucose", unit: "mmol/L", value: 0, value2: null, adds: false, max: 55.6 }],
  ["com.google.weight", { kind: "weight", unit: "kg", value: 0, value2: null, adds: false, max: 1_000 }],
  ["com.google.blood_pressure", { kind: "blood_pressure", unit: "mmHg", value: 0, value2: 1, adds: false, max: 400 }],
  ["com.google.heart_rate.bpm", { kind: "heart_rate", unit: "/min", value: 0, value2: null, adds: false, max: 1_000 }],
  ["com.google.step_count.delta", { kind: "steps", unit: "count", value: 0, value2: null, adds: true, max: 1_000_000 }],
]);
