import { readInstant } from "../shared/export/instant.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";
import type { JsonElement } from "../shared/json/reader.js";
import { JsonNumber, type JsonObject, jsonNumber, jsonObject, jsonText } from "../shared/json/value.js";
import { dateOf, tellEntry } from "./entry.js";
import { tellTreatment } from "./treatment.js";

/** Tells one document of either collection: what it is shows by its members. */
export function tellDocument({ value, raw }: JsonElement, teller: Teller): void {
  const document = jsonObject(value);
  if (document === null) throw new Unfit("it is no object");
  if (document.has("eventType") && document.has("created_at")) {
    tellTreatment(document, raw, teller);
    return;
  }
  const type = jsonText(document.get("type")) ?? (document.has("sgv") ? "sgv" : document.has("mbg") ? "mbg" : null);
  if (type !== "sgv" && type !== "mbg") {
    teller.other(`type ${type ?? "unknown"}`);
    return;
  }
  if (!teller.wants("glucose")) return;
  // Deleted in the site: kept there to tell others so.
  if (document.get("isValid") === false) {
    teller.other("removed entries");
    return;
  }
  const amount = numberOf(document, type);
  if (amount === null) throw new Unfit(`it has no number as its ${type}`);
  const dateMs = dateOf(jsonNumber(document.get("date")));
  const dateString = jsonText(document.get("dateString"));
  if (dateString !== null && contradicts(dateString, dateMs)) throw new Unfit("its two dates contradict each other");
  tellEntry({ type, dateMs, ...amount, device: jsonText(document.get("device")) }, raw, teller);
}

/** A number, or text that is one: some uploaders send it so. */
function numberOf(document: JsonObject, name: string): { readonly value: number; readonly printed: string } | null {
  const member = document.get(name);
  const printed = member instanceof JsonNumber ? member.text : jsonText(member);
  if (printed === null || !/^\d{1,4}(\.\d+)?$/.test(printed)) return null;
  return { value: Number(printed), printed };
}

/** Uploaders write `dateString` in several ways; only one that is an instant can contradict. */
function contradicts(dateString: string, dateMs: number): boolean {
  try {
    return Math.abs(readInstant(dateString) - dateMs) >= 1_000;
  } catch {
    return false;
  }
}
