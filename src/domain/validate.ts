import { isUuid } from "./identity.js";
import { Problem } from "./problem.js";
import {
  DELIVERIES,
  EDITABLE_FIELDS,
  FIELD_ORDER,
  KINDS,
  type Kind,
  MEALS,
  type RecordFields,
  SOURCES,
  SPECIMENS,
  TIME_QUALITIES,
  UNITS,
} from "./record.js";
import { isInstant, isWall, normalInstant } from "./written-time.js";

const TEXT_LIMIT = 10_000;
/** Largest plain value of any kind (steps of a long span); beyond it something is wrong. */
const VALUE_LIMIT = 1_000_000;

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string" && value.length <= TEXT_LIMIT;
const oneOf =
  (words: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && words.includes(value);
const nullOr =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const number: Check = (value) =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 && value <= VALUE_LIMIT;

const FIELD_CHECKS: Readonly<Record<keyof RecordFields, readonly [Check, string]>> = {
  time: [isInstant, "an instant such as 2026-11-21T07:03:00.000Z"],
  endTime: [nullOr(isInstant), "an instant or null"],
  utcOffset: [
    nullOr((value) => Number.isInteger(value) && Math.abs(Number(value)) <= 1_440),
    "minutes east of UTC or null",
  ],
  deviceTime: [nullOr(isWall), "a time without zone such as 2026-11-21T08:02:00, or null"],
  timeQuality: [oneOf(TIME_QUALITIES), `one of ${TIME_QUALITIES.join(", ")}`],
  value: [nullOr(number), "a number from 0 to 1,000,000, or null"],
  value2: [nullOr(number), "a number from 0 to 1,000,000, or null"],
  unit: [nullOr(text), "a unit or null"],
  outOfRange: [nullOr(oneOf(["low", "high"])), "low, high or null"],
  control: [(value) => typeof value === "boolean", "true or false"],
  meal: [nullOr(oneOf(MEALS)), `one of ${MEALS.join(", ")}, or null`],
  specimen: [nullOr(oneOf(SPECIMENS)), `one of ${SPECIMENS.join(", ")}, or null`],
  delivery: [nullOr(oneOf(DELIVERIES)), "basal, bolus or null"],
  note: [nullOr(text), "text of at most 10,000 characters, or null"],
  patient: [nullOr(text), "a patient's id or null"],
  source: [oneOf(SOURCES), `one of ${SOURCES.join(", ")}`],
  sourceName: [nullOr(text), "text or null"],
  manufacturer: [nullOr(text), "text or null"],
  model: [nullOr(text), "text or null"],
  serial: [nullOr(text), "text or null"],
};

/** The fields of something that may be a record: nothing is known of their values. */
type Unchecked = { readonly [Name in keyof RecordFields]?: unknown };

/** What is wrong with the record, a sentence each; none for one that fits. Fields that we don't know may stand in it. */
export function recordFaults(
  id: unknown,
  kind: unknown,
  given: RecordFields | Readonly<Record<string, unknown>>,
): string[] {
  const fields: Unchecked = given;
  const faults: string[] = [];
  if (typeof id !== "string" || !isUuid(id)) faults.push("id must be a UUID in lower case");
  if (typeof kind !== "string" || !(KINDS as readonly string[]).includes(kind)) {
    faults.push(`kind must be one of ${KINDS.join(", ")}`);
    return faults;
  }
  if (!allFit(fields)) {
    for (const name of FIELD_ORDER) {
      const [check, expected] = FIELD_CHECKS[name];
      if (!check(fields[name] ?? null))
        faults.push(`${name} must be ${expected}, not ${JSON.stringify(fields[name] ?? null)}`);
    }
  }
  if (faults.length > 0) return faults;
  return kindFaults(kind as Kind, fields);
}

/** True if every field passes its check. Written out: looked up by name, each field costs more than its check does. */
function allFit(fields: Unchecked): boolean {
  return (
    FIELD_CHECKS.time[0](fields.time ?? null) &&
    FIELD_CHECKS.endTime[0](fields.endTime ?? null) &&
    FIELD_CHECKS.utcOffset[0](fields.utcOffset ?? null) &&
    FIELD_CHECKS.deviceTime[0](fields.deviceTime ?? null) &&
    FIELD_CHECKS.timeQuality[0](fields.timeQuality ?? null) &&
    FIELD_CHECKS.value[0](fields.value ?? null) &&
    FIELD_CHECKS.value2[0](fields.value2 ?? null) &&
    FIELD_CHECKS.unit[0](fields.unit ?? null) &&
    FIELD_CHECKS.outOfRange[0](fields.outOfRange ?? null) &&
    FIELD_CHECKS.control[0](fields.control ?? null) &&
    FIELD_CHECKS.meal[0](fields.meal ?? null) &&
    FIELD_CHECKS.specimen[0](fields.specimen ?? null) &&
    FIELD_CHECKS.delivery[0](fields.delivery ?? null) &&
    FIELD_CHECKS.note[0](fields.note ?? null) &&
    FIELD_CHECKS.patient[0](fields.patient ?? null) &&
    FIELD_CHECKS.source[0](fields.source ?? null) &&
    FIELD_CHECKS.sourceName[0](fields.sourceName ?? null) &&
    FIELD_CHECKS.manufacturer[0](fields.manufacturer ?? null) &&
    FIELD_CHECKS.model[0](fields.model ?? null) &&
    FIELD_CHECKS.serial[0](fields.serial ?? null)
  );
}

/** What a kind demands of its value, unit and extras. */
function kindFaults(kind: Kind, fields: Unchecked): string[] {
  const { value, value2, unit, outOfRange, delivery } = fields;
  if (kind === "note") {
    const faults = [];
    if (typeof fields.note !== "string" || fields.note.trim() === "") faults.push("a note needs its text in note");
    if (value !== null && value !== undefined) faults.push("a note has no value");
    return faults;
  }
  const faults = [];
  const units = UNITS[kind];
  if (typeof unit !== "string" || !units.includes(unit))
    faults.push(`the unit of ${kind} must be ${units.join(" or ")}, not ${JSON.stringify(unit ?? null)}`);
  if (typeof value !== "number") faults.push(`value must be a number for ${kind}`);
  else if (value <= 0 && !ZERO_IS_FINE.has(kind)) faults.push(`value must be positive for ${kind}, not ${value}`);
  if (kind === "blood_pressure" && typeof value2 !== "number") faults.push("blood_pressure needs value2 (diastolic)");
  if (kind !== "blood_pressure" && typeof value2 === "number") faults.push(`${kind} has no value2`);
  if (typeof delivery === "string" && kind !== "insulin") faults.push(`${kind} has no delivery`);
  if (typeof outOfRange === "string" && kind !== "glucose" && kind !== "ketone")
    faults.push(`${kind} has no outOfRange`);
  return faults;
}

/** Kinds of which nothing at all is a sensible measurement (a dose of 0 U, no steps). */
const ZERO_IS_FINE: ReadonlySet<Kind> = new Set<Kind>(["insulin", "carbs", "steps", "ketone"]);

/** Throws RECORD_INVALID with every fault if the record does not fit. */
export function requireValid(id: string, kind: Kind, fields: RecordFields): void {
  const faults = recordFaults(id, kind, fields as unknown as Record<string, unknown>);
  if (faults.length > 0) throw new Problem("RECORD_INVALID", `${faults.join("; ")}.`);
}

/**
 * The record's fields after a person's edit. Throws RECORD_FIELD_FIXED for what a device or an export measured, and
 * RECORD_INVALID for a name that no record has or a value that does not fit.
 */
export function editedFields(
  id: string,
  kind: Kind,
  fields: RecordFields,
  patch: Readonly<Record<string, unknown>>,
): RecordFields {
  for (const name of Object.keys(patch)) {
    if (name === "id" || name === "kind" || name === "source")
      throw new Problem("RECORD_FIELD_FIXED", `${name} of a record never changes.`);
    if (!(FIELD_ORDER as readonly string[]).includes(name))
      throw new Problem("RECORD_INVALID", `A record has no field "${name}".`);
    if (fields.source !== "manual" && !(EDITABLE_FIELDS as readonly string[]).includes(name)) {
      throw new Problem(
        "RECORD_FIELD_FIXED",
        `${name} of this record came from a ${fields.source === "meter" || fields.source === "cgm" ? "device" : "health export"} and can't be edited; ${EDITABLE_FIELDS.join(", ")} can.`,
      );
    }
  }
  const edited = { ...fields, ...patch } as RecordFields;
  const normal =
    typeof edited.time === "string" ? { ...edited, time: normalInstant(edited.time) ?? edited.time } : edited;
  requireValid(id, kind, normal);
  return normal;
}
