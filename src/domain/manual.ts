import { Problem } from "./problem.js";
import { EMPTY_FIELDS, FIELD_ORDER, KINDS, type Kind, type RecordFields } from "./record.js";
import { requireValid } from "./validate.js";
import { normalInstant } from "./written-time.js";

/** Names that a person may not give when typing a value: they say where a record came from. */
const GIVEN_BY_SOURCE = new Set(["source", "timeQuality", "deviceTime"]);

/**
 * The content of a record that a person typed. `time` (RFC 3339) is now where left out. Throws RECORD_INVALID with
 * everything that is wrong.
 */
export function manualFields(
  id: string,
  kind: string,
  given: Readonly<Record<string, unknown>>,
  nowMs: number,
): { kind: Kind; fields: RecordFields } {
  if (!(KINDS as readonly string[]).includes(kind))
    throw new Problem("RECORD_INVALID", `kind must be one of ${KINDS.join(", ")}, not "${kind}".`);
  for (const name of Object.keys(given)) {
    if (!(FIELD_ORDER as readonly string[]).includes(name))
      throw new Problem("RECORD_INVALID", `A record has no field "${name}".`);
    if (GIVEN_BY_SOURCE.has(name)) throw new Problem("RECORD_INVALID", `${name} can't be given for a manual entry.`);
  }
  const { time } = given;
  if (time !== undefined && time !== null && typeof time !== "string")
    throw new Problem("RECORD_INVALID", "time must be text.");
  const instant = typeof time === "string" ? normalInstant(time) : new Date(nowMs).toISOString();
  if (instant === null)
    throw new Problem(
      "RECORD_INVALID",
      `time must be an instant with its zone such as 2026-11-21T08:03:00+01:00, not "${String(time)}".`,
    );
  const fields = { ...EMPTY_FIELDS, ...given, time: instant, timeQuality: "exact", source: "manual" } as RecordFields;
  requireValid(id, kind as Kind, fields);
  return { kind: kind as Kind, fields };
}
