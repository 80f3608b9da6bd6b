import type { Kind } from "../../src/domain/record.js";

/** How one table of Health Connect becomes readings. */
export interface RecordTable {
  readonly kind: Kind;
  /** The table, and of a series the one that holds its samples beside it. */
  readonly table: string;
  readonly samples: string | null;
  /** Columns without which nothing can be told. */
  readonly time: string;
  readonly value: string;
  /** Columns that may be missing: of a span its end, of blood pressure the lower one, the offset in seconds. */
  readonly end: string | null;
  readonly value2: string | null;
  readonly offset: string;
  /** More that a note or a mark is made of. */
  readonly extras: readonly string[];
  /** As stored. */
  readonly storedUnit: string;
  /** Of the reading, and how many stored ones make it. */
  readonly unit: string;
  readonly perUnit: number;
  /** True where nothing (no steps, no carbohydrates) may be said. */
  readonly zero: boolean;
  /**
   * In the stored unit: what is above it is damage. At least what Health Connect takes from an app (its documentation of
   * each record's class; glucose to 50 mmol/L).
   */
  readonly max: number;
}

/** What one measurement at one instant shares: AOSP, InstantRecordHelper. */
const INSTANT = { samples: null, time: "time", end: null, value2: null, offset: "zone_offset", extras: [] } as const;
/** What one of a span shares: AOSP, IntervalRecordHelper. */
const SPAN = { ...INSTANT, time: "start_time", end: "end_time", offset: "start_zone_offset" } as const;

/**
 * What is read, by AOSP's helpers of the same names (BloodGlucoseRecordHelper and so on), which name tables, columns and
 * the units in which they are stored: mass in grams, pressure in mmHg.
 */
export const RECORD_TABLES: readonly RecordTable[] = [
  {
    ...INSTANT,
    kind: "glucose",
    table: "blood_glucose_record_table",
    value: "level",
    extras: ["specimen_source", "relation_to_meal", "meal_type"],
    storedUnit: "mmol/L",
    unit: "mmol/L",
    perUnit: 1,
    zero: false,
    max: 50,
  },
  {
    ...SPAN,
    kind: "carbs",
    table: "nutrition_record_table",
    value: "total_carbohydrate",
    extras: ["meal_type", "meal_name"],
    storedUnit: "g",
    unit: "g",
    perUnit: 1,
    zero: true,
    max: 100_000,
  },
  {
    ...INSTANT,
    kind: "weight",
    table: "weight_record_table",
    value: "weight",
    storedUnit: "g",
    unit: "kg",
    perUnit: 1_000,
    zero: false,
    max: 1_000_000,
  },
  {
    ...INSTANT,
    kind: "blood_pressure",
    table: "blood_pressure_record_table",
    value: "systolic",
    value2: "diastolic",
    storedUnit: "mmHg",
    unit: "mmHg",
    perUnit: 1,
    zero: false,
    max: 300,
  },
  {
    ...SPAN,
    kind: "steps",
    table: "steps_record_table",
    value: "count",
    storedUnit: "count",
    unit: "count",
    perUnit: 1,
    zero: true,
    max: 1_000_000,
  },
  {
    ...SPAN,
    kind: "heart_rate",
    table: "heart_rate_record_table",
    samples: "heart_rate_record_series_table",
    time: "epoch_millis",
    end: null,
    value: "beats_per_minute",
    storedUnit: "/min",
    unit: "/min",
    perUnit: 1,
    zero: false,
    max: 300,
  },
];
