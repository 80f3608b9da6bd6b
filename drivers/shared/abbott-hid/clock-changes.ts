import type { ClockChange } from "../../../src/domain/reading.js";
import { wallMs } from "../../../src/domain/zone.js";

/** A record of the log that tells that the clock was set. */
export interface LoggedChange {
  /** The record's number. */
  readonly order: number;
  /** Wall times; null for one that does not exist, or that the meter marks as not valid. */
  readonly from: string | null;
  readonly to: string | null;
  /** The same as sent. */
  readonly shownFrom: string;
  readonly shownTo: string;
}

/** When the log has a record, by its number and by the meter's clock. */
export interface Stamp {
  readonly order: number;
  readonly wall: string;
}

/** No two zones differ by more: a clock that goes back further without having been set was lost. */
const LOST_MS = 26 * 3_600_000;

/**
 * The clock changes in the order of the log. A change out of a lost clock is told with what that showed and not with a
 * time: how long it had stood still nobody knows, so nothing may be reckoned back over it. A clock is known as lost
 * where the meter marks it so, and where it shows a time long before one that the log had reached.
 */
export function clockChangesOf(changes: readonly LoggedChange[], stamps: Iterable<Stamp>): readonly ClockChange[] {
  const sorted = [...changes].sort((a, b) => a.order - b.order);
  const latest = latestBefore(sorted, stamps);
  return sorted.map(({ order, from, to, shownFrom, shownTo }, place) => {
    const before = sorted[place - 1];
    const wasLost = before !== undefined && before.to === null;
    const wentBack = from !== null && wallMs(from) + LOST_MS < (latest[place] ?? Number.NEGATIVE_INFINITY);
    return { from: from === null || wasLost || wentBack ? shownFrom : from, to: to ?? shownTo, order };
  });
}

/** The latest time that the clock had shown between each change and the one before it. */
function latestBefore(sorted: readonly LoggedChange[], stamps: Iterable<Stamp>): readonly number[] {
  const latest = sorted.map((_, place) => {
    const to = sorted[place - 1]?.to ?? null;
    return to === null ? Number.NEGATIVE_INFINITY : wallMs(to);
  });
  if (sorted.length === 0) return latest;
  for (const { order, wall } of stamps) {
    const place = sorted.findIndex((change) => order < change.order);
    if (place >= 0) latest[place] = Math.max(latest[place] ?? Number.NEGATIVE_INFINITY, wallMs(wall));
  }
  return latest;
}
