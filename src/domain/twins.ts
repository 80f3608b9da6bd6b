import { convertGlucose, SPELLING_MG_DL } from "./glucose.js";
import type { Kind, RecordFields, Source } from "./record.js";

/** How far apart the instants of one measurement may be that came by two ways, milliseconds: apps cut seconds off. */
export const TWIN_WITHIN_MS = 60_000;

/** Kinds of which a meter and an export may hold the same measurement. */
export const TWIN_KINDS = ["glucose", "ketone"] as const satisfies readonly Kind[];

/** Sources that may hold a copy of what a meter measured. */
export const COPY_SOURCES = ["healthkit", "google-fit", "health-connect", "file"] as const satisfies readonly Source[];

/** A record as far as it matters for being the same measurement as another. */
export interface Measured {
  readonly kind: string;
  readonly deleted: boolean;
  readonly fields: RecordFields;
}

/**
 * True if a meter's record and an export's say the same of one measurement: kind, value, HI or LO, patient, and instants
 * at most `TWIN_WITHIN_MS` apart; neither is removed, a control test or a sensor's value, and the meter's time is not
 * suspect. Whether there is only one such pair is another question. `docs/twins.md` has the rule in words.
 */
export function sayTheSame(meter: Measured, copy: Measured): boolean {
  const [ours, theirs] = [meter.fields, copy.fields];
  if (ours.source !== "meter" || !isOneOf(COPY_SOURCES, theirs.source)) return false;
  if (meter.kind !== copy.kind || !isOneOf(TWIN_KINDS, meter.kind) || meter.deleted || copy.deleted) return false;
  if (isNoPatientsBlood(ours) || isNoPatientsBlood(theirs) || ours.timeQuality === "suspect") return false;
  if (ours.patient !== theirs.patient || ours.outOfRange !== theirs.outOfRange) return false;
  if (theirs.serial !== null && theirs.serial !== ours.serial) return false;
  if (ours.specimen !== null && theirs.specimen !== null && ours.specimen !== theirs.specimen) return false;
  const apart = Math.abs(Date.parse(ours.time) - Date.parse(theirs.time));
  return apart <= TWIN_WITHIN_MS && sameValue(meter.kind, ours, theirs);
}

/** A sensor's value agrees with a meter's only by chance; a test with control solution is nobody's. */
function isNoPatientsBlood({ control, specimen }: RecordFields): boolean {
  return control || specimen === "control" || specimen === "interstitial";
}

function sameValue(kind: string, a: RecordFields, b: RecordFields): boolean {
  if (a.value === null || b.value === null || a.unit === null || b.unit === null) return false;
  if (a.unit === b.unit) return a.value === b.value;
  if (kind !== "glucose") return false;
  const gap = convertGlucose(a.value, a.unit, "mg/dL") - convertGlucose(b.value, b.unit, "mg/dL");
  return Math.abs(gap) <= SPELLING_MG_DL;
}

function isOneOf(words: readonly string[], word: string): boolean {
  return words.includes(word);
}
