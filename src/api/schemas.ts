import * as z from "zod";
import {
  DELIVERIES,
  EDITABLE_FIELDS,
  KINDS,
  MEALS,
  SOURCES,
  SPECIMENS,
  TIME_QUALITIES,
  UNITS,
} from "../domain/record.js";
import { instantOf } from "./instant.js";

/**
 * The shapes of every call: requests are checked against them, and `/openapi.json` is made of them. Answers are only
 * described: an answer that is checked could hide a record that a newer cloud wrote.
 */
const INSTANT = "An instant, RFC 3339, UTC, milliseconds: 2026-11-21T07:03:00.000Z.";
const instantText = z.string().describe(INSTANT);

/** What a record holds besides its identity, as it is answered. */
export const fieldsShape = {
  time: instantText,
  endTime: z.string().nullable().describe("End of a span (steps, basal), else null."),
  utcOffset: z.number().int().nullable().describe("Minutes east of UTC at that place and time; null if unknown."),
  deviceTime: z.string().nullable().describe("As the device showed it: 2026-11-21T08:02:00; null for instants."),
  timeQuality: z.enum(TIME_QUALITIES).describe("How good the instant is."),
  value: z.number().nullable().describe("As measured, in unit; the bound where outOfRange is set; systolic pressure."),
  value2: z.number().nullable().describe("Diastolic blood pressure, else null."),
  unit: z
    .string()
    .nullable()
    .describe(`One of ${[...new Set(Object.values(UNITS).flat())].join(", ")}; null for a note.`),
  outOfRange: z.enum(["low", "high"]).nullable().describe("LO or HI: the value is then the bound, not a measurement."),
  control: z.boolean().describe("True for a test with control solution: never a patient's reading."),
  meal: z.enum(MEALS).nullable(),
  specimen: z.enum(SPECIMENS).nullable(),
  delivery: z.enum(DELIVERIES).nullable().describe("Of insulin, else null."),
  note: z.string().nullable(),
  patient: z.string().nullable(),
  source: z.enum(SOURCES),
  sourceName: z.string().nullable().describe("App or file format."),
  manufacturer: z.string().nullable(),
  model: z.string().nullable(),
  serial: z.string().nullable(),
};

/** A record as it is answered. */
export const recordSchema = z
  .looseObject({ id: z.uuid(), kind: z.enum(KINDS), deleted: z.boolean(), ...fieldsShape })
  .describe("A record. Unknown is null, never absent.");

/** An instant in any RFC 3339 spelling, made into the records' own. */
const instantQuery = z
  .string()
  .describe("An instant, RFC 3339 with its zone.")
  .overwrite((text) => instantOf(text) ?? text)
  .refine((text) => instantOf(text) !== null, "must be an instant with its zone, such as 2026-11-21T08:03:00+01:00");

/** `GET /records`. */
export const listQuery = z.strictObject({
  since: instantQuery.optional(),
  until: instantQuery.optional(),
  kind: z.enum(KINDS).optional(),
  patient: z.string().optional(),
  deleted: z.enum(["true", "false"]).optional().describe("true: deleted ones too."),
  after: z.string().optional().describe("next of the answer before."),
  limit: z.coerce.number<string>().int().min(1).max(1_000).default(100),
});

/** A page of records. */
export const listAnswer = z.object({ records: z.array(recordSchema), next: z.string().nullable() });

// The content of a record is judged by the store's own rules, which name everything that is wrong with it at once.
const contentDocs = Object.fromEntries(
  Object.entries(fieldsShape)
    .filter(([name]) => !["source", "timeQuality", "deviceTime"].includes(name))
    .map(([name, schema]) => [name, described(schema)]),
);

/** The same in the document, but taking anything. */
function described(schema: z.ZodType): z.ZodType {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input" });
  return z.unknown().meta(json).optional();
}

/** `POST /records`: `time` is now where left out. */
export const newRecordBody = z.looseObject({ kind: z.string().meta({ enum: [...KINDS] }), ...contentDocs });

/** `PATCH /records/{id}`. */
export const patchBody = z
  .looseObject({ ...contentDocs, deleted: described(z.boolean()) })
  .describe(`Of what a device or an export gave, only ${EDITABLE_FIELDS.join(", ")} and deleted may change.`);

/** Whose id stands in the path. */
export const idParams = z.object({ id: z.string() });

/** `POST /records/{id}/restore`; without a number the newest state that was not deleted. */
export const restoreBody = z
  .strictObject({ state: z.number().int().min(1).optional().describe("As the history counts, from 1.") })
  .nullish();

/** `GET /records/{id}/history`. */
export const historyAnswer = z.object({
  states: z.array(
    z.object({
      state: z.number().int(),
      at: instantText,
      by: z.string(),
      why: z.string(),
      deleted: z.boolean(),
      fields: z.looseObject(fieldsShape),
    }),
  ),
});

/** `GET /twins`. */
export const twinsQuery = z.strictObject({
  after: z.string().optional().describe("next of the answer before."),
  limit: z.coerce.number<string>().int().min(1).max(1_000).default(100),
});

/** A page of measurements that came by two ways. */
export const twinsAnswer = z.object({
  twins: z.array(
    z.object({
      meter: recordSchema.describe("What the meter said: the record that counts."),
      copy: recordSchema.describe("What the export said."),
      rule: z.string().describe("Name of the rule by which they were found."),
      at: instantText,
      by: z.string(),
      holds: z.boolean().describe("False while the two say different things: then both count."),
    }),
  ),
  next: z.string().nullable(),
});

/** `GET /statistics`. */
export const statisticsQuery = z.strictObject({
  since: instantQuery.optional(),
  until: instantQuery.optional(),
  patient: z.string().optional(),
});

const count = z.number().int();
const inBothUnits = z.object({ mgDl: z.number(), mmolL: z.number() }).nullable();
const part = z.object({ count, share: z.number().describe("0 to 1.") }).nullable();

/** What the records come to. */
export const statisticsAnswer = z.object({
  kinds: z.array(
    z.object({
      kind: z.enum(KINDS),
      count: count.describe("Without removed ones, control tests and copies."),
      controls: count.describe("Tests with control solution that were left out."),
      copies: count.describe("Copies in exports of what a meter's record says; left out."),
    }),
  ),
  glucose: z.object({
    measured: count.describe("Readings with a number: those that mean, deviation, lowest and highest are of."),
    low: count.describe("Readings that only say LO."),
    high: count.describe("Readings that only say HI."),
    mean: inBothUnits,
    standardDeviation: inBothUnits.describe("Of a sample (n - 1)."),
    lowest: inBothUnits,
    highest: inBothUnits,
    below: part.describe("Below 70 mg/dL or 3.9 mmol/L, LO included."),
    within: part,
    above: part.describe("Above 180 mg/dL or 10.0 mmol/L, HI included."),
  }),
});

const conflictSchema = z.object({
  id: z.string(),
  record: z.string().describe("Id of the record."),
  field: z.string().describe("The field that was changed on both sides; deleted may be one."),
  base: z.unknown(),
  local: z.unknown(),
  remote: z.unknown(),
  localBy: z.string(),
  localAt: instantText,
  remoteBy: z.string(),
  remoteAt: instantText,
  at: instantText,
});

/** `GET /conflicts`. */
export const conflictsAnswer = z.object({ conflicts: z.array(conflictSchema) });

/** `POST /conflicts/{id}/resolve`. */
export const resolveBody = z.strictObject({ keep: z.enum(["local", "remote"]) });

/** The conflict that was resolved, and which side was kept. */
export const resolveAnswer = conflictSchema.extend({ kept: z.enum(["local", "remote"]) });

const meterSchema = z.object({
  port: z.string().nullable(),
  driver: z.string().nullable(),
  manufacturer: z.string().nullable(),
  model: z.string().nullable(),
  serial: z.string().nullable(),
  lastRead: z.string().nullable(),
  clockErrorMs: z.number().nullable().describe("The meter's clock minus the hub's."),
  state: z.enum(["waiting", "reading", "done", "failed", "away", "unclaimed", "unpaired"]),
  progress: z.object({ read: z.number(), expected: z.number().nullable(), new: z.number() }),
  detail: z.string(),
  virtual: z.boolean(),
});

/** `GET /meters`. */
export const metersAnswer = z.object({ meters: z.array(meterSchema) });

const blePort = z
  .string()
  .regex(/^ble:([0-9A-F]{2}:){5}[0-9A-F]{2}$/, "must be a Bluetooth meter's port, such as ble:C0:FF:EE:00:00:01");

/** `POST /pairings`. */
export const pairingBody = z.strictObject({ port: blePort });

/** `DELETE /pairings`. */
export const unpairQuery = z.strictObject({ port: blePort });

/** `POST /pairings/{id}`. */
export const pairingReply = z.strictObject({
  digits: z.string().optional().describe("The six digits that the meter shows."),
  yes: z.boolean().optional().describe("Whether the digits are the same, or the meter is yours; false ends it."),
});

/** `GET /pairings/{id}`. */
export const pairingAnswer = z.object({
  pairing: z.string(),
  port: z.string(),
  name: z.string().nullable(),
  state: z.enum(["connecting", "passkey", "confirm", "shown", "done", "failed"]),
  digits: z.string().nullable(),
  detail: z.string().describe("What to do now, or what went wrong."),
});

/** `GET /sync`. */
export const syncAnswer = z.object({
  state: z.enum(["idle", "running", "waiting", "blocked"]),
  pending: z.number().int().describe("Changes that the cloud has not confirmed."),
  conflicts: z.number().int(),
  rejected: z.number().int().describe("Records that the cloud refuses as they stand."),
  lastSuccess: z.string().nullable(),
  lastCompared: z.string().nullable().describe("When hub and cloud were last found to hold the same records."),
  lastError: z.string().nullable(),
  scheduler: z.enum(["bullmq", "timer", "off"]),
  cloud: z.object({ kind: z.string(), url: z.string() }).nullable(),
  records: z.number().int().describe("Records in the store, deleted ones too."),
});

/** `POST /sync`. */
export const ringQuery = z.strictObject({ full: z.enum(["true", "false"]).optional() });

/** Answer to `POST /sync`. */
export const rungAnswer = z.object({ rung: z.literal(true) });

/** What may stand behind `POST /imports`. */
export const importQuery = z.strictObject({
  "date-order": z
    .enum(["dmy", "mdy"])
    .optional()
    .describe("How dates such as 01/02/2026 are to be read where the file does not show it: day or month first."),
});

/** `POST /imports`. */
export const importStarted = z.object({ import: z.string() });

/** `GET /imports/{id}`. */
export const importAnswer = z.object({
  import: z.string(),
  name: z.string(),
  state: z.enum(["running", "done", "partial", "failed"]),
  format: z.string().nullable(),
  doneBytes: z.number(),
  totalBytes: z.number(),
  new: z.number(),
  known: z.number(),
  unreadable: z.number(),
  problem: z.object({ code: z.string(), detail: z.string(), remedy: z.string() }).nullable(),
});

/** `GET /healthz`. */
export const healthAnswer = z.object({
  ok: z.boolean().describe("True while meters are read and records are kept."),
  degraded: z.array(z.string()).describe("What does not work, a word each."),
});

/** Every error (RFC 9457). */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  remedy: z.string(),
});

/** An answer without a body. */
export const nothing = z.null().describe("Nothing.");
