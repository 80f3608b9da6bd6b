import type { Delivery, Kind, Meal } from "../../src/domain/record.js";
import { amountOf, believed, glucoseUnit } from "../shared/export/amount.js";
import type { ExportReading } from "../shared/export/reading.js";
import { Unfit } from "../shared/export/unfit.js";
import { JsonNumber, type JsonObject, jsonText } from "../shared/json/value.js";

/** What one kind of the app's metrics is made of. */
export interface Metric {
  readonly kind: Kind;
  /** Equal ones of one instant are several; of a measurement they are the same one, sent again. */
  readonly additive: boolean;
  /** The sample as a reading, in the metric's unit. Null for one that is an average of several. Throws Unfit. */
  read(sample: JsonObject, units: string): Sample | null;
}

/** What a sample says, without when and from where. */
export type Sample = Pick<ExportReading, "value" | "unit" | "asSent"> & Partial<ExportReading>;

const MEALS: ReadonlyMap<string, Meal> = new Map([
  ["before meal", "before"],
  ["after meal", "after"],
]);
const DELIVERIES: ReadonlyMap<string, Delivery> = new Map([
  ["basal", "basal"],
  ["bolus", "bolus"],
]);

/** The metrics that are imported, by their names in the file (list of formats, section 4; the app's own list). */
export const METRICS: ReadonlyMap<string, Metric> = new Map<string, Metric>([
  ["blood_glucose", { kind: "glucose", additive: false, read: glucose }],
  ["insulin_delivery", { kind: "insulin", additive: true, read: insulin }],
  ["carbohydrates", { kind: "carbs", additive: true, read: plain(/^g$/i, "g", 5_000) }],
  ["step_count", { kind: "steps", additive: true, read: plain(/^(count|steps)$/i, "count", 200_000) }],
  ["weight_body_mass", { kind: "weight", additive: false, read: plain(/^kg$/i, "kg", 700) }],
  ["heart_rate", { kind: "heart_rate", additive: false, read: heartRate }],
  ["blood_pressure", { kind: "blood_pressure", additive: false, read: bloodPressure }],
]);

function glucose(sample: JsonObject, units: string): Sample {
  const quantity = numberOf(sample, "qty");
  const unit = glucoseUnit(units);
  if (unit === null) throw new Unfit(`glucose in ${JSON.stringify(units)} is not read`);
  const meal = MEALS.get((jsonText(sample.get("mealTime")) ?? "").toLowerCase()) ?? null;
  return { value: believed(quantity.toNumber(), unit), unit, meal, asSent: `${quantity.text} ${units}` };
}

function insulin(sample: JsonObject, units: string): Sample {
  const read = plain(/^(iu|u)$/i, "U", 1_000);
  const delivery = DELIVERIES.get((jsonText(sample.get("reason")) ?? "").toLowerCase()) ?? null;
  return { ...read(sample, units), delivery };
}

function plain(known: RegExp, unit: string, most: number): (sample: JsonObject, units: string) => Sample {
  return (sample, units) => {
    if (!known.test(units)) throw new Unfit(`an amount in ${JSON.stringify(units)} is not read`);
    const quantity = numberOf(sample, "qty");
    return { value: amountOf(quantity.toNumber(), "an amount", most), unit, asSent: `${quantity.text} ${units}` };
  };
}

/** One beat rate has the same least, mean and greatest; where these differ it is the summary of a span. */
function heartRate(sample: JsonObject, units: string): Sample | null {
  if (!/^(count|bpm|beats)\/min$|^bpm$/i.test(units))
    throw new Unfit(`a pulse in ${JSON.stringify(units)} is not read`);
  const names = ["Min", "Avg", "Max"].filter((name) => sample.has(name));
  const [mean, ...others] = (names.length > 0 ? names : ["qty"]).map((name) => numberOf(sample, name));
  if (mean === undefined || others.some((other) => other.toNumber() !== mean.toNumber())) return null;
  return { value: amountOf(mean.toNumber(), "a pulse", 400), unit: "/min", asSent: `${mean.text} ${units}` };
}

function bloodPressure(sample: JsonObject, units: string): Sample {
  if (!/^mmhg$/i.test(units)) throw new Unfit(`blood pressure in ${JSON.stringify(units)} is not read`);
  const [high, low] = [numberOf(sample, "systolic"), numberOf(sample, "diastolic")];
  const value = amountOf(high.toNumber(), "a pressure", 400);
  const value2 = amountOf(low.toNumber(), "a pressure", 400);
  return { value, value2, unit: "mmHg", asSent: `${high.text}/${low.text} ${units}` };
}

function numberOf(sample: JsonObject, name: string): JsonNumber {
  const member = sample.get(name);
  if (!(member instanceof JsonNumber)) throw new Unfit(`it has no number as its ${name}`);
  return member;
}
