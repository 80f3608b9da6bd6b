import { convertGlucose, SPELLING_MG_DL } from "../domain/glucose.js";
import type { Unreadable } from "../domain/reading.js";
import { fieldsText, type Kind, type RecordFields } from "../domain/record.js";
import { correctIn } from "../store/corrections.js";
import { type KnownState, keptTexts, knownStates } from "../store/known.js";
import type { Author, NewRecord } from "../store/records.js";
import type { Tx } from "../store/store.js";

/** What became of a sample that an export now tells differently. */
export type ChangedSample =
  /** The record follows the export, or what a person changed of it stands on the list of conflicts. */
  | { readonly became: "changed" | "conflict" }
  /** Nobody can tell what is right field by field: the record stays, and this is kept for a person to look at. */
  | { readonly became: "unclear"; readonly unreadable: Unreadable };

/** How many records are looked up at once. */
const LOOK_UP = 1_000;

/**
 * Of records that the store knew already, those that an export now tells differently (its app corrected them), by their
 * ids. Where nobody changed them here they follow the export, as a local change; what a person or the cloud changed is never
 * overwritten. A meter's readings never change; what differs there from session to session is the hub's own estimate of
 * the time. A state that the record had before is no news: an older export may be imported after a newer one.
 */
export async function changedSamples(
  tx: Tx,
  known: readonly NewRecord[],
  author: Author,
): Promise<Map<string, ChangedSample>> {
  const changed = new Map<string, ChangedSample>();
  for (let at = 0; at < known.length; at += LOOK_UP) {
    const samples = await toldOtherwise(tx, known.slice(at, at + LOOK_UP));
    if (samples.length > 0) await follow(tx, samples, author, changed);
  }
  return changed;
}

/** Of known records, the samples of an export whose record reads otherwise now: most often none. */
async function toldOtherwise(tx: Tx, known: readonly NewRecord[]): Promise<readonly NewRecord[]> {
  const samples = known.filter(({ fields }) => fields.source !== "meter" && fields.source !== "cgm");
  if (samples.length === 0) return samples;
  const kept = await keptTexts(
    tx,
    samples.map(({ id }) => id),
  );
  return samples.filter(({ id, fields }) => kept.get(id) !== fieldsText(fields));
}

async function follow(
  tx: Tx,
  samples: readonly NewRecord[],
  author: Author,
  changed: Map<string, ChangedSample>,
): Promise<void> {
  const states = await knownStates(
    tx,
    samples.map(({ id }) => id),
  );
  for (const sample of samples) {
    const had = states.get(sample.id) ?? [];
    if (had.length === 0 || had.some((state) => sameMeasurement(sample.kind, state, sample.fields))) continue;
    const { id, raw, fields } = sample;
    const became = await correctIn(tx, { id, told: fields }, author);
    if (became === "changed" || became === "conflict") changed.set(id, { became });
    if (became !== "unclear") continue;
    const detail = `The export now tells ${id} differently (${fields.value} ${fields.unit} at ${fields.time}); the record here was left as it is.`;
    const unreadable = { code: "IMPORT_CHANGED", detail, raw: raw ?? new Uint8Array() };
    changed.set(id, { became, unreadable });
  }
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
