import { convertGlucose } from "../domain/glucose.js";
import type { Unreadable } from "../domain/reading.js";
import type { Kind, RecordFields } from "../domain/record.js";
import { type KnownState, knownStates } from "../store/known.js";
import type { NewRecord } from "../store/records.js";
import type { Tx } from "../store/store.js";

/** Two spellings of one glucose value: half a printed digit of mmol/L, in mg/dL. */
const SPELLING_MG_DL = 0.95;

/**
 * Of records that the store knew already, those that an export now tells differently (its app corrected them): by their
 * ids, with a sentence each. The records stay as they are; it is told and kept so that a person can look. A meter's
 * readings never change; what differs there from session to session is the hub's own estimate of the time.
 */
export async function changedSamples(tx: Tx, known: readonly NewRecord[]): Promise<Map<string, Unreadable>> {
  const changed = new Map<string, Unreadable>();
  const samples = known.filter(({ fields }) => fields.source !== "meter" && fields.source !== "cgm");
  if (samples.length === 0) return changed;
  const states = await knownStates(
    tx,
    samples.map(({ id }) => id),
  );
  for (const sample of samples) {
    const had = states.get(sample.id) ?? [];
    if (had.length === 0 || had.some((state) => sameMeasurement(sample.kind, state, sample.fields))) continue;
    const { id, raw, fields } = sample;
    const detail = `The export now tells ${id} differently (${fields.value} ${fields.unit} at ${fields.time}); the record here was left as it is.`;
    changed.set(id, { code: "IMPORT_CHANGED", detail, raw: raw ?? new Uint8Array() });
  }
  return changed;
}

function sameMeasurement(kind: Kind, had: KnownState, now: RecordFields): boolean {
  const same = had.time === now.time && had.endTime === now.endTime && had.delivery === now.delivery;
  if (!same || had.outOfRange !== now.outOfRange || had.value2 !== now.value2) return false;
  if (had.value === now.value && had.unit === now.unit) return true;
  if (kind !== "glucose" || had.value === null || now.value === null) return false;
  if (had.unit === null || now.unit === null || had.unit === now.unit) return false;
  // The phone's setting changed: every glucose value is then spelt in the other unit.
  const gap = convertGlucose(had.value, had.unit, "mg/dL") - convertGlucose(now.value, now.unit, "mg/dL");
  return Math.abs(gap) <= SPELLING_MG_DL;
}
