import type { Kind, Specimen } from "../../src/domain/record.js";
import { amountOf, type GlucoseUnit, readGlucose } from "../shared/export/amount.js";
import { readInstant } from "../shared/export/instant.js";
import type { ExportReading } from "../shared/export/reading.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";
import { JsonNumber, type JsonObject, type JsonValue, jsonText } from "../shared/json/value.js";

const SPECIMENS: ReadonlyMap<string, Specimen> = new Map([
  ["finger", "capillary"],
  ["sensor", "interstitial"],
]);

/**
 * Tells a treatment: insulin, carbohydrates, a glucose value typed with it, and a note of one that has nothing else. Rates of
 * a pump are none of these. Its own id names it; older ones without get their instant and event.
 */
export function tellTreatment(document: JsonObject, raw: Uint8Array, teller: Teller): void {
  if (document.get("isValid") === false) {
    teller.other("removed treatments");
    return;
  }
  const event = jsonText(document.get("eventType")) || "treatment";
  const instantMs = readInstant(jsonText(document.get("created_at")) ?? "");
  const id = jsonText(document.get("identifier")) ?? jsonText(document.get("_id"));
  const name = id === null ? [instantMs, event] : [id];
  const written = jsonText(document.get("notes"));
  const note = written === null || written.trim() === "" ? null : written;
  const parts: Part[] = [];
  // One member that is not understood must not take the others along.
  for (const read of [insulin, carbs, glucose]) {
    try {
      parts.push(...read(document));
    } catch (error) {
      teller.unfit(error, `A part of the treatment of ${new Date(instantMs).toISOString()}`, raw);
    }
  }
  if (parts.length === 0 && note !== null) parts.push({ kind: "note", value: null, unit: null, asSent: "" });
  if (parts.length === 0) teller.other(event);
  for (const part of parts) teller.tell(["treatment", ...name], { ...part, note, instantMs, raw });
}

type Part = Pick<ExportReading, "value" | "unit" | "asSent"> & Partial<ExportReading> & { readonly kind: Kind };

function insulin(document: JsonObject): readonly Part[] {
  const printed = printedOf(document.get("insulin"));
  if (printed === null || Number(printed) === 0) return [];
  const value = amountOf(numberOf(printed), "a dose", 1_000);
  return [{ kind: "insulin", value, unit: "U", asSent: `${printed} U` }];
}

function carbs(document: JsonObject): readonly Part[] {
  const printed = printedOf(document.get("carbs"));
  if (printed === null || Number(printed) === 0) return [];
  const value = amountOf(numberOf(printed), "carbohydrates", 5_000);
  return [{ kind: "carbs", value, unit: "g", asSent: `${printed} g` }];
}

function glucose(document: JsonObject): readonly Part[] {
  const printed = printedOf(document.get("glucose"));
  if (printed === null || Number(printed) === 0) return [];
  const unit = unitOf(jsonText(document.get("units")));
  // The site's own unit is not in the export.
  if (unit === null) throw new Unfit("its glucose value has no unit");
  const specimen = SPECIMENS.get((jsonText(document.get("glucoseType")) ?? "").toLowerCase()) ?? null;
  return [{ kind: "glucose", specimen, ...readGlucose(printed, unit, null, numberOf) }];
}

function unitOf(text: string | null): GlucoseUnit | null {
  if (/^mg(\/?dl)?$/i.test(text ?? "")) return "mg/dL";
  return /^mmol(\/?l)?$/i.test(text ?? "") ? "mmol/L" : null;
}

/** A number as written, or text that is not empty; null for neither. */
function printedOf(value: JsonValue | undefined): string | null {
  if (value instanceof JsonNumber) return value.text;
  const text = jsonText(value)?.trim() ?? "";
  return text === "" ? null : text;
}

function numberOf(printed: string): number {
  if (!/^\d{1,6}(\.\d+)?$/.test(printed)) throw new Unfit(`${JSON.stringify(printed.slice(0, 40))} is no number`);
  return Number(printed);
}
