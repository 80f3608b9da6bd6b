import { believed } from "../shared/export/amount.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";

/** Below that many mg/dL a sensor's "value" is a code for why it has none (Nightscout's own reading of it). */
const CODES_BELOW = 13;

/** One sensor's value or one strip's, as Nightscout keeps it. */
export interface Entry {
  readonly type: "sgv" | "mbg";
  /** Milliseconds since the Unix epoch. */
  readonly dateMs: number;
  /** mg/dL, whatever the site shows (list of formats, section 4). */
  readonly value: number;
  /** As sent. */
  readonly printed: string;
  readonly device: string | null;
}

/**
 * Tells an entry. Its name is its type and its instant: an id stands in the JSON form only, and both forms of one site's
 * entries must give the same readings. The same value at the same instant is one, as uploaders send things again.
 */
export function tellEntry(entry: Entry, raw: Uint8Array, teller: Teller): void {
  const { type, dateMs, value, printed, device } = entry;
  if (value < CODES_BELOW) throw new Unfit(`its value ${printed} is no glucose but a sensor's code`);
  teller.tellOnce([type, dateMs], String(value), {
    kind: "glucose",
    value: believed(value, "mg/dL"),
    unit: "mg/dL",
    specimen: type === "sgv" ? "interstitial" : "capillary",
    instantMs: dateMs,
    device: device === null ? null : { manufacturer: null, model: device, serial: null },
    asSent: `${printed} mg/dL`,
    raw,
  });
}

/** The instant that a count of milliseconds names. Throws Unfit for one outside the years in which there are sensors. */
export function dateOf(ms: number | null): number {
  if (ms === null || !Number.isSafeInteger(ms) || ms < Date.UTC(1990, 0) || ms >= Date.UTC(2200, 0))
    throw new Unfit(`its date ${ms} is no count of milliseconds`);
  return ms;
}
