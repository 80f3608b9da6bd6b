import type { Kind } from "../../src/domain/record.js";
import { amountOf, believed, glucoseUnit } from "../shared/export/amount.js";
import { readInstant } from "../shared/export/instant.js";
import type { ExportReading } from "../shared/export/reading.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";
import type { JsonElement } from "../shared/json/reader.js";
import { JsonNumber, type JsonObject, jsonNumber, jsonObject, jsonText } from "../shared/json/value.js";
import { outOfRange } from "./out-of-range.js";

/** Tells one datum of an export by its type (Tidepool's data model). */
export function tellDatum({ value, raw }: JsonElement, teller: Teller): void {
  const datum = jsonObject(value);
  if (datum === null) throw new Unfit("it is no object");
  const type = jsonText(datum.get("type")) ?? "unknown";
  const read = READERS.get(type);
  if (read === undefined) {
    teller.other(`type ${type}`);
    return;
  }
  const parts = read(datum);
  if (parts.length === 0) {
    teller.other(`type ${type} without an amount`);
    return;
  }
  const instantMs = readInstant(jsonText(datum.get("time")) ?? "");
  const deviceId = jsonText(datum.get("deviceId"));
  const id = jsonText(datum.get("id"));
  for (const { what, ...part } of parts) {
    teller.tell(id === null ? [type, what, deviceId, instantMs] : [id, what], {
      ...part,
      instantMs,
      utcOffset: offsetOf(datum),
      device: deviceId === null ? null : { manufacturer: null, model: deviceId, serial: null },
      raw,
    });
  }
}

type Part = Pick<ExportReading, "value" | "unit" | "asSent"> &
  Partial<ExportReading> & { readonly kind: Kind; readonly what: string };

const READERS: ReadonlyMap<string, (datum: JsonObject) => readonly Part[]> = new Map([
  ["cbg", (datum: JsonObject) => [glucose(datum, "interstitial")]],
  ["smbg", (datum: JsonObject) => [glucose(datum, "capillary")]],
  ["bloodKetone", ketone],
  ["bolus", bolus],
  ["insulin", pen],
  ["wizard", wizard],
  ["food", food],
  // A rate over a time: how much flowed is not said.
  ["basal", () => []],
]);

/** Value and unit as they stand there: mmol/L as a rule, whatever the meter showed, with five decimals. */
function glucose(datum: JsonObject, specimen: "interstitial" | "capillary"): Part {
  const printed = required(datum, "value");
  const unit = glucoseUnit(jsonText(datum.get("units")) ?? "");
  if (unit === null) throw new Unfit("its unit is not known");
  const beyond = outOfRange(datum, unit);
  const value = believed(beyond?.bound ?? printed.toNumber(), unit);
  const flag = beyond?.outOfRange ?? null;
  return {
    what: "glucose",
    kind: "glucose",
    value,
    unit,
    specimen,
    outOfRange: flag,
    asSent: `${printed.text} ${unit}`,
  };
}

function ketone(datum: JsonObject): readonly Part[] {
  const printed = required(datum, "value");
  if (!/^mmol\/l$/i.test(jsonText(datum.get("units")) ?? "")) throw new Unfit("its unit is not known");
  const value = amountOf(printed.toNumber(), "ketones", 20);
  return [
    { what: "ketone", kind: "ketone", value, unit: "mmol/L", specimen: "capillary", asSent: `${printed.text} mmol/L` },
  ];
}

/** What was given at once, and what over a time: two doses where a bolus had both. */
function bolus(datum: JsonObject): readonly Part[] {
  const parts: Part[] = [];
  const now = datum.get("normal");
  if (now instanceof JsonNumber) parts.push({ what: "normal", ...dose(now), delivery: "bolus" });
  const extended = datum.get("extended");
  if (extended instanceof JsonNumber && extended.toNumber() > 0) {
    const duration = jsonNumber(datum.get("duration"));
    const endMs = duration === null || duration <= 0 ? null : readInstant(jsonText(datum.get("time")) ?? "") + duration;
    parts.push({ what: "extended", ...dose(extended), delivery: "bolus", note: "extended", endMs });
  }
  return parts;
}

/** Insulin by pen or syringe: `dose: {total, units: "Units"}`. */
function pen(datum: JsonObject): readonly Part[] {
  const given = jsonObject(datum.get("dose"));
  const total = given?.get("total");
  if (!(total instanceof JsonNumber)) return [];
  if (!/^units$/i.test(jsonText(given?.get("units")) ?? "")) throw new Unfit("its dose is in no known unit");
  return [{ what: "insulin", ...dose(total) }];
}

/** What the bolus calculator was told of food. Its glucose value and its bolus stand in the export by themselves. */
function wizard(datum: JsonObject): readonly Part[] {
  const carbs = datum.get("carbInput");
  if (!(carbs instanceof JsonNumber) || carbs.toNumber() === 0) return [];
  if (!/^grams$/i.test(jsonText(datum.get("carbUnits")) ?? "grams"))
    throw new Unfit("its carbohydrates are not in grams");
  return [carbsOf(carbs)];
}

function food(datum: JsonObject): readonly Part[] {
  const carbs = jsonObject(jsonObject(datum.get("nutrition"))?.get("carbohydrate"));
  const net = carbs?.get("net");
  if (!(net instanceof JsonNumber)) return [];
  if (!/^grams$/i.test(jsonText(carbs?.get("units")) ?? "")) throw new Unfit("its carbohydrates are not in grams");
  return [carbsOf(net)];
}

function dose(amount: JsonNumber): { kind: "insulin"; value: number; unit: "U"; asSent: string } {
  return {
    kind: "insulin",
    value: amountOf(amount.toNumber(), "a dose", 1_000),
    unit: "U",
    asSent: `${amount.text} U`,
  };
}

function carbsOf(amount: JsonNumber): Part {
  const value = amountOf(amount.toNumber(), "carbohydrates", 5_000);
  return { what: "carbs", kind: "carbs", value, unit: "g", asSent: `${amount.text} g` };
}

function required(datum: JsonObject, name: string): JsonNumber {
  const value = datum.get(name);
  if (!(value instanceof JsonNumber)) throw new Unfit(`it has no number as its ${name}`);
  return value;
}

/** Minutes east of UTC, as the uploader worked it out for that time. */
function offsetOf(datum: JsonObject): number | null {
  const minutes = jsonNumber(datum.get("timezoneOffset"));
  return minutes !== null && Number.isInteger(minutes) && Math.abs(minutes) <= 15 * 60 ? minutes : null;
}
