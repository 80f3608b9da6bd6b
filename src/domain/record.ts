/** What a record can be about. */
export const KINDS = [
  "glucose",
  "ketone",
  "insulin",
  "carbs",
  "heart_rate",
  "steps",
  "weight",
  "blood_pressure",
  "hba1c",
  "note",
] as const;
export type Kind = (typeof KINDS)[number];

export const TIME_QUALITIES = ["exact", "device", "corrected", "suspect"] as const;
/**
 * How good a record's instant is: `exact` (the source gives instants), `device` (the device's clock was checked and is
 * within tolerance), `corrected` (shifted by a known clock error), `suspect` (clock lost, ambiguous or never checked).
 */
export type TimeQuality = (typeof TIME_QUALITIES)[number];

export const MEALS = ["before", "after", "fasting", "bedtime", "casual"] as const;
export type Meal = (typeof MEALS)[number];

export const SPECIMENS = ["capillary", "venous", "interstitial", "control"] as const;
export type Specimen = (typeof SPECIMENS)[number];

export const DELIVERIES = ["basal", "bolus"] as const;
export type Delivery = (typeof DELIVERIES)[number];

export const SOURCES = ["meter", "cgm", "healthkit", "google-fit", "health-connect", "file", "manual"] as const;
export type Source = (typeof SOURCES)[number];

/** The content of a record as it stands on the wire to the cloud and in the store: flat, unknown is null. */
export interface RecordFields {
  /** The instant, RFC 3339 in UTC with milliseconds. */
  readonly time: string;
  /** End of a span (steps, basal insulin), else null. */
  readonly endTime: string | null;
  /** Minutes east of UTC at that place and time. */
  readonly utcOffset: number | null;
  /** Wall-clock time as the device showed it, `2026-11-21T08:02:00`. */
  readonly deviceTime: string | null;
  readonly timeQuality: TimeQuality;
  /** As measured, in `unit`; blood pressure: systolic; the bound where `outOfRange` is set; null for a note. */
  readonly value: number | null;
  /** Diastolic blood pressure, else null. */
  readonly value2: number | null;
  readonly unit: string | null;
  readonly outOfRange: "low" | "high" | null;
  /** True for a test with control solution: never a patient's reading. */
  readonly control: boolean;
  readonly meal: Meal | null;
  readonly specimen: Specimen | null;
  readonly delivery: Delivery | null;
  readonly note: string | null;
  readonly patient: string | null;
  readonly source: Source;
  readonly sourceName: string | null;
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly serial: string | null;
}

/** A record as outside programs see it: one flat object. */
export interface GlucoRecord extends RecordFields {
  readonly id: string;
  readonly kind: Kind;
  readonly deleted: boolean;
}

/** The fields in their one order, so that equal content has equal text. */
export const FIELD_ORDER = [
  "time",
  "endTime",
  "utcOffset",
  "deviceTime",
  "timeQuality",
  "value",
  "value2",
  "unit",
  "outOfRange",
  "control",
  "meal",
  "specimen",
  "delivery",
  "note",
  "patient",
  "source",
  "sourceName",
  "manufacturer",
  "model",
  "serial",
] as const satisfies readonly (keyof RecordFields)[];

/** Fields that a person may edit of a record that a device or an export gave (besides removing it). */
export const EDITABLE_FIELDS = ["note", "meal", "patient", "time"] as const satisfies readonly (keyof RecordFields)[];

/** Every field empty, to spread what is known over. */
export const EMPTY_FIELDS: Omit<RecordFields, "time" | "timeQuality" | "source"> = {
  endTime: null,
  utcOffset: null,
  deviceTime: null,
  value: null,
  value2: null,
  unit: null,
  outOfRange: null,
  control: false,
  meal: null,
  specimen: null,
  delivery: null,
  note: null,
  patient: null,
  sourceName: null,
  manufacturer: null,
  model: null,
  serial: null,
};

const KNOWN = new Set<string>(FIELD_ORDER);
/** What stands before each field's value. */
const LABELS = FIELD_ORDER.map((name, index) => `${index === 0 ? "{" : ","}"${name}":`);

const NULLS = LABELS.map((label) => `${label}null`);
/** Text that JSON writes as it stands: ASCII without controls, quotation marks and backslashes. */
const PLAIN = /^[ !#-[\]-~]*$/;

function valueText(value: unknown): string {
  return typeof value === "string" && PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
}

/**
 * The fields as JSON text: known ones in their order, then any that a newer cloud added, sorted by name. Two records of
 * equal content have equal text. Written by hand because it is made for each record of an import.
 */
export function fieldsText(fields: RecordFields): string {
  const all = fields as unknown as Readonly<Record<string, unknown>>;
  let text = "";
  let known = 0;
  for (let index = 0; index < FIELD_ORDER.length; index += 1) {
    const value = all[FIELD_ORDER[index] ?? ""];
    if (value !== undefined) known += 1;
    text += value === null || value === undefined ? NULLS[index] : LABELS[index] + valueText(value);
  }
  const names = Object.keys(all);
  if (names.length > known) {
    for (const name of names.filter((each) => !KNOWN.has(each)).sort()) {
      if (all[name] !== undefined) text += `,${JSON.stringify(name)}:${JSON.stringify(all[name])}`;
    }
  }
  return `${text}}`;
}

/** The unit in which each kind may be measured; a note has none. */
export const UNITS: Readonly<Record<Kind, readonly string[]>> = {
  glucose: ["mg/dL", "mmol/L"],
  ketone: ["mmol/L"],
  insulin: ["U"],
  carbs: ["g"],
  heart_rate: ["/min"],
  steps: ["count"],
  weight: ["kg"],
  blood_pressure: ["mmHg"],
  hba1c: ["%"],
  note: [],
};
