import { Problem } from "../../../src/domain/problem.js";
import { wallMs } from "../../../src/domain/zone.js";

/** Seconds by which an epoch of 1970 differs from one of 2000 (both sheets). */
export const EPOCH_2000_SECONDS = 946_684_800;
/** No meter of these is older than that; beyond it a date is an empty memory cell or damage. */
const END_OF_DATES = "2100";

/**
 * The wall-clock time of a meter that counts seconds since that epoch (seconds after 1970) on its own, zoneless clock.
 * Throws FRAME_MALFORMED for a time that no meter shows: of the year 2100 or later (FFFFFFFF is an erased cell).
 */
export function wallOf(seconds: number, epochSeconds: number): string {
  const wall = new Date((epochSeconds + seconds) * 1_000).toISOString().slice(0, 19);
  if (wall >= END_OF_DATES) throw new Problem("FRAME_MALFORMED", "The date lies beyond all calendars.", { seconds });
  return wall;
}

/** Seconds since the epoch of a wall-clock time. Throws METER_REFUSED for one that the meter can't show. */
export function secondsOf(wall: string, epochSeconds: number): number {
  const seconds = Math.floor(wallMs(wall) / 1_000) - epochSeconds;
  if (seconds < 0 || wall >= END_OF_DATES) {
    throw new Problem("METER_REFUSED", `The meter's calendar does not hold ${wall}.`, { wall });
  }
  return seconds;
}
