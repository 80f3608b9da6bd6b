import type { Measured } from "../domain/twins.js";
import { sayTheSame, TWIN_WITHIN_MS } from "../domain/twins.js";

/** Name of the rule by which pairs are found, kept with each. */
export const TWIN_RULE = "same-value-within-a-minute";

/** How near to each other the readings of an app are that follows a sensor, milliseconds: one in 15 minutes, and some. */
export const STREAM_WITHIN_MS = 16 * 60_000;
/** This many others so near, and it is a sensor's stream. */
const STREAM_OTHERS = 2;

/** How far around a meter's reading everything must be known to judge it, milliseconds. */
export const NEIGHBOURHOOD_MS = TWIN_WITHIN_MS + STREAM_WITHIN_MS;
/** Where more readings than that are so near, nothing is judged. */
export const MOST_NEIGHBOURS = 200;

/**
 * The one export's record that is the same measurement as the meter's, or null: none says the same, several do, another
 * meter's reading says the same too, or it comes from an app that follows a sensor.
 *
 * @param near every record of that kind within `NEIGHBOURHOOD_MS` of the meter's, itself and removed ones included
 */
export function twinOf<T extends Measured>(meter: T, near: readonly T[]): T | null {
  if (near.length > MOST_NEIGHBOURS) return null;
  const copies = near.filter((other) => sayTheSame(meter, other) && !isOfStream(other, near));
  const [copy, ...others] = copies;
  if (copy === undefined || others.length > 0) return null;
  const meters = near.filter((other) => sayTheSame(other, copy));
  return meters.length === 1 ? copy : null;
}

/** Removed readings count too: whoever removes one of a sensor's values makes no finger test of the others. */
function isOfStream(reading: Measured, near: readonly Measured[]): boolean {
  const at = Date.parse(reading.fields.time);
  const others = near.filter(
    (other) =>
      other !== reading &&
      other.kind === reading.kind &&
      other.fields.source !== "meter" &&
      other.fields.sourceName === reading.fields.sourceName &&
      Math.abs(Date.parse(other.fields.time) - at) <= STREAM_WITHIN_MS,
  );
  return others.length >= STREAM_OTHERS;
}
