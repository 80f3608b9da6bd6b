import type { Kind } from "../domain/record.js";
import { DELIVERIES, FIELD_ORDER, KINDS, MEALS, SOURCES, SPECIMENS, TIME_QUALITIES, UNITS } from "../domain/record.js";
import { isInstant } from "./instant.js";
import type { WireFields } from "./protocol.js";

const KNOWN: ReadonlySet<string> = new Set(FIELD_ORDER);
/** Kinds of which nothing is a measurement too: a meal without carbohydrates, a suspended basal, 0.0 mmol/L of ketones. */
const ZERO_ALLOWED: ReadonlySet<string> = new Set<Kind>(["ketone", "insulin", "carbs", "steps"]);
const WALL = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?$/;
/** Fields of one of a few words, each with its words. */
const WORDS: readonly (readonly [string, readonly unknown[]])[] = [
  ["timeQuality", TIME_QUALITIES],
  ["outOfRange", ["low", "high"]],
  ["control", [true, false]],
  ["meal", MEALS],
  ["specimen", SPECIMENS],
  ["delivery", DELIVERIES],
  ["source", SOURCES],
];
const TEXTS = ["note", "patient", "sourceName", "manufacturer", "model", "serial"] as const;

/**
 * What is wrong with a record's content, as a sentence for a person; null if nothing is. Checked by hand instead of by
 * a schema: it runs for every record that is pushed, a hundred thousand in a row after an import.
 *
 * A field that is absent counts as unknown, like null: a sender may be older than a field. `time` is needed always,
 * `value` and `unit` for every kind but a note. Names that are not known here are kept as they come, if their value is
 * plain (text, number, true, false, null).
 */
export function checkFields(kind: string, fields: WireFields): string | null {
  if (!isKind(kind)) return `kind must be one of ${KINDS.join(", ")}`;
  return (
    checkTimes(fields) ?? checkValue(kind, fields) ?? checkWords(fields) ?? checkTexts(fields) ?? checkOthers(fields)
  );
}

/** True for a kind of record that this cloud knows. */
export function isKind(kind: unknown): kind is Kind {
  return typeof kind === "string" && Object.hasOwn(UNITS, kind);
}

function checkTimes(fields: WireFields): string | null {
  const time = fields["time"];
  if (typeof time !== "string" || !isInstant(time)) return "time must be an RFC 3339 date-time";
  const end = fields["endTime"] ?? null;
  if (end !== null) {
    if (typeof end !== "string" || !isInstant(end)) return "endTime must be an RFC 3339 date-time or null";
    if (Date.parse(end) < Date.parse(time)) return "endTime must not be before time";
  }
  const offset = fields["utcOffset"] ?? null;
  // Bound of RFC 3339's numeric offset, 23:59. Not only whole minutes: Liberia was at -00:44:30 until 1972.
  if (offset !== null && !(typeof offset === "number" && Math.abs(offset) < 1440)) {
    return "utcOffset must be minutes between -1439 and 1439 or null";
  }
  const wall = fields["deviceTime"] ?? null;
  if (wall !== null && !(typeof wall === "string" && WALL.test(wall))) {
    return "deviceTime must be a date and time without zone or null";
  }
  return null;
}

function checkValue(kind: Kind, fields: WireFields): string | null {
  const value = fields["value"] ?? null;
  const unit = fields["unit"] ?? null;
  if (kind === "note") {
    if (value !== null || unit !== null) return "a note has neither value nor unit";
  } else {
    if (typeof value !== "number" || !Number.isFinite(value)) return "value must be a number";
    if (ZERO_ALLOWED.has(kind) ? value < 0 : value <= 0) {
      return ZERO_ALLOWED.has(kind) ? "value must not be negative" : "value must be positive";
    }
    if (typeof unit !== "string" || !UNITS[kind].includes(unit)) {
      return `unit of ${kind} must be ${UNITS[kind].join(" or ")}`;
    }
  }
  const second = fields["value2"] ?? null;
  if (second === null) return null;
  if (kind !== "blood_pressure") return "only a blood pressure has a value2";
  return typeof second === "number" && Number.isFinite(second) && second > 0 ? null : "value2 must be positive";
}

function checkWords(fields: WireFields): string | null {
  for (const [name, words] of WORDS) {
    const given = fields[name] ?? null;
    if (given !== null && !words.includes(given)) return `${name} must be one of ${words.join(", ")}`;
  }
  return null;
}

function checkTexts(fields: WireFields): string | null {
  for (const name of TEXTS) {
    const given = fields[name] ?? null;
    if (given !== null && typeof given !== "string") return `${name} must be text or null`;
  }
  return null;
}

function checkOthers(fields: WireFields): string | null {
  const names = Object.keys(fields);
  let known = 0;
  for (const name of FIELD_ORDER) if (fields[name] !== undefined) known++;
  // Nearly always every name is a known one: then counting is all it takes.
  if (known === names.length) return null;
  for (const name of names) {
    if (KNOWN.has(name)) continue;
    const given = fields[name];
    if (name === "" || name === "__proto__") return "a field has an impossible name";
    if (typeof given === "object" && given !== null) return `${name} must not be nested: fields are one flat object`;
  }
  return null;
}
