import { convertGlucose } from "./glucose.js";
import type { RecordFields } from "./record.js";

/**
 * The range that adults with diabetes aim at, in each unit as it is printed: 70 to 180 mg/dL, 3.9 to 10.0 mmol/L, both
 * ends within it (international consensus on time in range, Diabetes Care 2019;42(8):1593-1603, table 2).
 */
export const TARGET_RANGE = { "mg/dL": { from: 70, to: 180 }, "mmol/L": { from: 3.9, to: 10 } } as const;

/** A glucose value in both units: one as it was measured or summed, the other converted for display; not rounded. */
export interface InBothUnits {
  readonly mgDl: number;
  readonly mmolL: number;
}

/** How many readings, and which part (0 to 1) of all that count. */
export interface Share {
  readonly count: number;
  readonly share: number;
}

/** What a set of glucose readings looks like. Null where there are too few readings to say. */
export interface GlucoseStatistics {
  /** Readings with a number: those that mean, deviation, lowest and highest are of. */
  readonly measured: number;
  /** Readings that only say LO or HI. */
  readonly low: number;
  readonly high: number;
  readonly mean: InBothUnits | null;
  /** Of a sample: the squares' sum is divided by one less than the number of readings. */
  readonly standardDeviation: InBothUnits | null;
  readonly lowest: InBothUnits | null;
  readonly highest: InBothUnits | null;
  /** Below, within and above `TARGET_RANGE`; LO is below, HI above. Null without any reading. */
  readonly below: Share | null;
  readonly within: Share | null;
  readonly above: Share | null;
}

/**
 * Sums up glucose readings one by one, in mg/dL and in constant memory (Welford's way: no small difference of large sums).
 */
export class GlucoseSums {
  #measured = 0;
  #mean = 0;
  #squares = 0;
  #low = 0;
  #high = 0;
  #below = 0;
  #above = 0;
  #lowest: InBothUnits | null = null;
  #highest: InBothUnits | null = null;

  /** Takes a reading of glucose. Throws RangeError for one without a value or in a unit that glucose has not. */
  add({ value, unit, outOfRange }: Pick<RecordFields, "value" | "unit" | "outOfRange">): void {
    if (value === null || (unit !== "mg/dL" && unit !== "mmol/L")) throw new RangeError("not a value of glucose");
    if (outOfRange === "low") this.#low += 1;
    else if (outOfRange === "high") this.#high += 1;
    else this.#addMeasured(value, unit);
  }

  #addMeasured(value: number, unit: keyof typeof TARGET_RANGE): void {
    const both = { mgDl: convertGlucose(value, unit, "mg/dL"), mmolL: convertGlucose(value, unit, "mmol/L") };
    this.#measured += 1;
    const away = both.mgDl - this.#mean;
    this.#mean += away / this.#measured;
    this.#squares += away * (both.mgDl - this.#mean);
    if (this.#lowest === null || both.mgDl < this.#lowest.mgDl) this.#lowest = both;
    if (this.#highest === null || both.mgDl > this.#highest.mgDl) this.#highest = both;
    // As it is printed: a value that an app converted is not to fall out of the range by what it did not round.
    const printed = unit === "mg/dL" ? Math.round(value) : Math.round(value * 10) / 10;
    const { from, to } = TARGET_RANGE[unit];
    if (printed < from) this.#below += 1;
    if (printed > to) this.#above += 1;
  }

  /** What the readings so far come to. */
  result(): GlucoseStatistics {
    const measured = this.#measured;
    const all = measured + this.#low + this.#high;
    const share = (count: number): Share | null => (all === 0 ? null : { count, share: count / all });
    const [below, above] = [this.#below + this.#low, this.#above + this.#high];
    return {
      measured,
      low: this.#low,
      high: this.#high,
      mean: measured === 0 ? null : inBothUnits(this.#mean),
      standardDeviation: measured < 2 ? null : inBothUnits(Math.sqrt(this.#squares / (measured - 1))),
      lowest: this.#lowest,
      highest: this.#highest,
      below: share(below),
      within: share(all - below - above),
      above: share(above),
    };
  }
}

function inBothUnits(mgDl: number): InBothUnits {
  return { mgDl, mmolL: convertGlucose(mgDl, "mg/dL", "mmol/L") };
}
