import type { ClockChange } from "../domain/reading.js";
import { isWall } from "../domain/written-time.js";
import { wallMs } from "../domain/zone.js";

/** A clock within this many milliseconds of the hub's counts as right. */
export const CLOCK_TOLERANCE_MS = 120_000;
/** Beyond this a clock is not merely wrong (no two zones differ by more than 26 hours): it was never set, or lost. */
export const CLOCK_ERROR_LIMIT_MS = 26 * 3_600_000;
/**
 * Most zones differ by half hours; what is left over when a clock is set is how wrong it had become. (The few that differ
 * by a quarter are taken for drift of a quarter, and so are suspect.)
 */
const HALF_HOUR_MS = 30 * 60_000;

/** A time during which nobody set a device's clock. */
export interface ClockInterval {
  /** The device's clock minus UTC, milliseconds. */
  readonly offsetMs: number;
  /** False where nobody can say that it was so all the time. */
  readonly sure: boolean;
  /** First and last wall time (on the scale of `wallMs`) and place in the device's order that belong to it. */
  readonly fromWallMs: number;
  readonly untilWallMs: number;
  readonly fromOrder: number;
  readonly untilOrder: number;
}

/** How a difference between two clocks is understood. */
export interface ClockShift {
  /** Where the clock was meant to be: whole half hours, or all of a difference that no zone explains. */
  readonly meantMs: number;
  /** What the clock had gone wrong by, gradually: it belongs to no time before. */
  readonly driftMs: number;
}

/** What of a difference was meant, and what is drift. A quarter of an hour counts as drift backwards, as meant forwards. */
export function clockShift(differenceMs: number): ClockShift {
  if (Math.abs(differenceMs) > CLOCK_ERROR_LIMIT_MS) return { meantMs: differenceMs, driftMs: 0 };
  const meantMs = Math.round(differenceMs / HALF_HOUR_MS) * HALF_HOUR_MS;
  return { meantMs, driftMs: differenceMs - meantMs };
}

/** What is known of the device's clock now. */
export interface PresentClock {
  /** The zone's offset now, milliseconds. */
  readonly zoneMs: number;
  /** The device's clock minus the hub's, milliseconds; null if it could not be read. */
  readonly errorMs: number | null;
}

/**
 * The intervals between a device's clock changes, oldest first: from what its clock shows now, walked back change by
 * change. Nobody knows when a clock that was found wrong by minutes began to be: such an interval keeps the offset that
 * was meant, and is not sure.
 */
export function clockIntervals(changes: readonly ClockChange[], present: PresentClock): readonly ClockInterval[] {
  const ordered = changes.every(({ order }) => order !== null);
  const steps = changes.map(({ from, to, order }) => {
    const known = isWall(from) && isWall(to);
    const [fromMs, toMs] = known ? [wallMs(from), wallMs(to)] : [Number.NaN, Number.NaN];
    return { known, fromMs, toMs, order: ordered ? order : null, shift: clockShift(known ? fromMs - toMs : 0) };
  });
  const now = presentOffset(
    present,
    steps.map(({ shift }) => shift.meantMs),
  );
  let { meantMs, driftMs, sure } = now;
  const intervals: ClockInterval[] = [];
  for (let place = steps.length; place >= 0; place -= 1) {
    const [begun, ended] = [steps[place - 1], steps[place]];
    if (ended !== undefined) {
      meantMs += ended.shift.meantMs;
      driftMs += ended.shift.driftMs;
      sure &&= ended.known;
    }
    const left = ended === undefined ? 0 : Math.max(Math.abs(driftMs), Math.abs(ended.shift.driftMs));
    intervals.unshift({
      offsetMs: ended === undefined ? now.offsetMs : meantMs,
      sure: sure && left <= CLOCK_TOLERANCE_MS,
      fromWallMs: numberOr(begun?.toMs, Number.NEGATIVE_INFINITY),
      untilWallMs: numberOr(ended?.fromMs, Number.POSITIVE_INFINITY),
      fromOrder: begun?.order ?? Number.NEGATIVE_INFINITY,
      untilOrder: ended?.order ?? Number.POSITIVE_INFINITY,
    });
  }
  return intervals;
}

/** The offset to read a wall time with, and whether it is the only one that is possible. */
export interface FoundOffset {
  readonly offsetMs: number;
  readonly sure: boolean;
}

/**
 * The offset in force when a device logged that wall time, by its place in the device's order where it has one. A time
 * that the clock showed twice is taken for the earlier; one that it jumped over is read with the offset from before.
 */
export function offsetFor(intervals: readonly ClockInterval[], wall: number, order: number | null): FoundOffset {
  const ordered = order !== null && intervals.slice(1).every(({ fromOrder }) => Number.isFinite(fromOrder));
  // At the very place of a change both sides are possible.
  const here = ordered ? intervals.filter((one) => one.fromOrder <= order && order <= one.untilOrder) : intervals;
  for (const slackMs of ordered ? [CLOCK_TOLERANCE_MS] : [0, CLOCK_TOLERANCE_MS]) {
    const fitting = here.filter((one) => one.fromWallMs - slackMs <= wall && wall <= one.untilWallMs + slackMs);
    const [first] = fitting;
    if (first === undefined) continue;
    const sure = fitting.every((one) => one.sure && one.offsetMs === first.offsetMs);
    return { offsetMs: first.offsetMs, sure };
  }
  const nearest =
    (ordered ? here[0] : undefined) ?? intervals.findLast((one) => one.fromWallMs <= wall) ?? intervals[0];
  return { offsetMs: nearest?.offsetMs ?? 0, sure: false };
}

/**
 * The offset of the device's clock now: the zone's where the clock is right, else off by as much as it is. A clock that
 * is wrong by more than zones differ is believed only if some time of setting it explains that; else it was lost, and what it shows
 * is taken as it is.
 */
function presentOffset(
  { zoneMs, errorMs }: PresentClock,
  setMs: readonly number[],
): FoundOffset & { readonly meantMs: number; readonly driftMs: number } {
  const asShown = { offsetMs: zoneMs, meantMs: zoneMs, driftMs: 0 };
  if (errorMs === null) return { ...asShown, sure: false };
  // How wrong it was before it was last set, before the time before that, and so on.
  const before = setMs.map((_, place) => setMs.slice(place).reduce((sum, ms) => sum + ms, errorMs));
  const isLost = [...before, errorMs].every((ms) => Math.abs(ms) > CLOCK_ERROR_LIMIT_MS);
  if (isLost) return { ...asShown, sure: false };
  const { meantMs, driftMs } = clockShift(errorMs);
  const offsetMs = Math.abs(errorMs) <= CLOCK_TOLERANCE_MS ? zoneMs : zoneMs + errorMs;
  return { offsetMs, meantMs: zoneMs + meantMs, driftMs, sure: true };
}

function numberOr(value: number | undefined, instead: number): number {
  return value === undefined || Number.isNaN(value) ? instead : value;
}
