import { Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import type { Specimen } from "../../src/domain/record.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import { minutesLater } from "../shared/gatt/date-time.js";
import { type Sfloat, scaled } from "../shared/gatt/sfloat.js";
import type { CgmRecord } from "./record.js";
import { markOf, statusNotes } from "./status.js";
import type { Feature } from "./values.js";

/** Bounds that stand for LO and HI without a number, mg/dL: those of most sensors; the service has none (README.md). */
export const BOUNDS = { low: 40, high: 400 } as const;
/** From there on a number is no glucose. */
const NONSENSE = 1_000;
/** A number that is marked as too low is not above this, nor below the other if as too high: else one of the two is wrong. */
const MARKED = { low: 70, high: 300 } as const;
/** What is measured, by the type (CGM Service, "CGM Feature"); others have no term here. */
const SPECIMENS: Readonly<Record<number, Specimen>> = {
  1: "capillary",
  2: "capillary",
  3: "venous",
  4: "venous",
  9: "interstitial",
  10: "control",
};
const CONTROL_TYPE = 10;
const CONTROL_LOCATION = 4;

/** What a record tells: a reading, or that the sensor had no value then and why. */
export type Told = { readonly reading: SourceReading } | { readonly passedOver: string };

/**
 * A record as a reading, at the session's start plus its minutes, by the wall clock. Throws FRAME_MALFORMED for what is not
 * understood: a word that is reserved, a number that is no glucose, a value and a mark that contradict each other.
 */
export function readingOf(record: CgmRecord, startTime: string, { type, location }: Feature): Told {
  const { glucose, status, minutes, raw } = record;
  const mark = markOf(status);
  const notes = [
    ...statusNotes(status),
    ...measureNotes("Trend", record.trend, "mg/dL/min"),
    ...measureNotes("Quality", record.quality, "%"),
  ];
  if (mark === null && (glucose.kind === "not a number" || glucose.kind === "not at this resolution")) {
    return { passedOver: notes.length === 0 ? "no value" : notes.join("; ") };
  }
  const control = type === CONTROL_TYPE || location === CONTROL_LOCATION;
  const specimen = control ? "control" : (SPECIMENS[type ?? -1] ?? null);
  return {
    reading: meterReading({
      ...amountOf(glucose, mark),
      kind: "glucose",
      unit: "mg/dL",
      control,
      meal: null,
      ...(specimen === null ? {} : { specimen }),
      note: notes.length === 0 ? null : notes.join("; "),
      deviceTime: minutesLater(startTime, minutes),
      raw,
    }),
  };
}

function amountOf(
  glucose: Sfloat,
  mark: "low" | "high" | null,
): Pick<SourceReading, "value" | "outOfRange" | "asSent"> {
  if (glucose.kind === "reserved") throw misfit("A record's value is a word that is reserved.");
  if (glucose.kind !== "number") {
    const infinite = glucose.kind === "above" ? "high" : glucose.kind === "below" ? "low" : mark;
    if (infinite === null || (mark !== null && mark !== infinite)) throw contradiction();
    return { value: BOUNDS[infinite], outOfRange: infinite, asSent: infinite === "high" ? "HI" : "LO" };
  }
  const value = scaled(glucose, 0);
  const asSent = String(value);
  if (mark === null) {
    if (value < 1 || value >= NONSENSE) throw misfit(`No sensor measures ${asSent} mg/dL.`);
    return { value, outOfRange: null, asSent };
  }
  if (mark === "low" ? value > MARKED.low : value < MARKED.high) throw contradiction();
  // A number of 0 or less, or beyond all glucose, stands for a bound that was not told.
  const isBound = value >= 1 && value < NONSENSE;
  return { value: isBound ? value : BOUNDS[mark], outOfRange: mark, asSent };
}

function measureNotes(name: string, amount: Sfloat | null, unit: string): string[] {
  if (amount === null) return [];
  if (amount.kind === "number") return [`${name} ${scaled(amount, 0)} ${unit}`];
  return amount.kind === "above" || amount.kind === "below" ? [`${name} ${amount.kind} what can be told`] : [];
}

function contradiction(): Problem {
  return misfit("A record's value and the device's mark for it contradict each other.");
}

function misfit(what: string): Problem {
  return new Problem("FRAME_MALFORMED", what);
}
