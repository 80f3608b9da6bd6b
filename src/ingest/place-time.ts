import type { ClockChange } from "../domain/reading.js";
import type { TimeQuality } from "../domain/record.js";
import { isWall } from "../domain/written-time.js";
import { lastTransition, offsetAt, placeWall, wallAt, wallMs } from "../domain/zone.js";
import { CLOCK_ERROR_LIMIT_MS, CLOCK_TOLERANCE_MS, clockIntervals, offsetFor } from "./clock-changes.js";

export { CLOCK_ERROR_LIMIT_MS, CLOCK_TOLERANCE_MS };

/** How far back a change of the zone's offset may lie that a meter's owner has not followed yet. */
const TRANSITION_WITHIN_MS = 400 * 86_400_000;
const MINUTE_MS = 60_000;

/** Where a device time falls. */
export interface PlacedTime {
  /** The best estimate of the instant, RFC 3339 in UTC with milliseconds. */
  readonly time: string;
  /** Minutes east of UTC that the zone really had at that instant; null in the rare case that they were no whole number. */
  readonly utcOffset: number | null;
  readonly timeQuality: TimeQuality;
}

/**
 * Places a device's wall-clock time; null means that the device had lost its clock. `order`: its place in the order in
 * which the device logged things, where it has one. Throws RangeError for no date.
 */
export type PlaceTime = (deviceTime: string | null, order?: number) => PlacedTime;

/** What is known of a device's clock in one session. */
export interface ClockFacts {
  /** IANA name of the zone in which the device is used. */
  readonly zone: string;
  /** The device's clock minus the hub's, milliseconds (see `clockError`); null if it could not be read. */
  readonly clockErrorMs: number | null;
  /** The hub's clock in the session, milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Every time that the device's clock was set, oldest first, where the device logs that; default none. */
  readonly changes?: readonly ClockChange[];
}

/**
 * Gives the function that places a session's wall-clock times.
 *
 * - Clock right within two minutes: the time as shown in the zone, `device`.
 * - Clock wrong by just what the zone's last change of offset made: nobody set it since. What it showed before the
 *   change stands (`device`); what it showed after is read with the offset from before it (`corrected`).
 * - Clock wrong by up to 26 hours otherwise: the time shown is shifted by the error, `corrected`.
 * - Clock wrong by more, or unreadable: the time as shown, `suspect`.
 * - A time that the zone had twice (the earlier is taken) or never, or that would lie in the future: `suspect`.
 * - No device time at all: the session's instant, `suspect`.
 *
 * Where the device tells when its clock was set, its offset from UTC is taken to be constant in between, whatever the
 * zone does (see `clockIntervals`): `device` where that is the zone's own offset, `corrected` where it is another, and
 * `suspect` where several are possible, the clock had gone wrong by minutes before it was set, or the time was never
 * shown. `utcOffset` is the zone's then too: a clock set wrong is no proof of a journey.
 */
export function timePlacer({ zone, clockErrorMs, nowMs, changes = [] }: ClockFacts): PlaceTime {
  const missed = missedTransition(zone, clockErrorMs, nowMs);
  const at = (instantMs: number, quality: TimeQuality): PlacedTime => {
    const offset = offsetAt(zone, instantMs);
    return {
      time: new Date(instantMs).toISOString(),
      utcOffset: Number.isInteger(offset) ? offset : null,
      timeQuality: instantMs > nowMs + CLOCK_TOLERANCE_MS ? "suspect" : quality,
    };
  };
  const inZone = (wall: string, quality: TimeQuality): PlacedTime => {
    const placed = placeWall(zone, wall);
    return at(placed.instantMs, placed.fit === "plain" ? quality : "suspect");
  };

  const present = { zoneMs: offsetAt(zone, nowMs) * MINUTE_MS, errorMs: clockErrorMs };
  const intervals = clockIntervals(changes, present);

  return (deviceTime, order) => {
    if (deviceTime === null) return at(nowMs, "suspect");
    if (!isWall(deviceTime)) throw new RangeError(`not a wall-clock time: ${deviceTime}`);
    if (changes.length > 0) {
      const shown = wallMs(deviceTime);
      const { offsetMs, sure } = offsetFor(intervals, shown, order ?? null);
      const instantMs = shown - offsetMs;
      const wrongMs = Math.abs(offsetMs - offsetAt(zone, instantMs) * MINUTE_MS);
      return at(instantMs, sure ? (wrongMs <= CLOCK_TOLERANCE_MS ? "device" : "corrected") : "suspect");
    }
    if (clockErrorMs === null || Math.abs(clockErrorMs) > CLOCK_ERROR_LIMIT_MS) return inZone(deviceTime, "suspect");
    if (Math.abs(clockErrorMs) <= CLOCK_TOLERANCE_MS) return inZone(deviceTime, "device");
    if (missed !== null) {
      const instantMs = wallMs(deviceTime) - missed.before * MINUTE_MS;
      // A clock that nobody set shows the hour around the change once only: neither gap nor overlap there.
      if (instantMs >= missed.atMs) return at(instantMs, "corrected");
      return wallAt(zone, instantMs) === deviceTime ? at(instantMs, "device") : inZone(deviceTime, "device");
    }
    return inZone(shifted(deviceTime, -clockErrorMs), "corrected");
  };
}

/** The device's clock minus the hub's, milliseconds, both as wall clocks in the zone (the hub's in whole seconds). */
export function clockError(zone: string, deviceTime: string, nowMs: number): number {
  return wallMs(deviceTime) - wallMs(wallAt(zone, nowMs));
}

/** The zone's last change of offset, if the clock's error is just what it made. */
function missedTransition(
  zone: string,
  errorMs: number | null,
  nowMs: number,
): { atMs: number; before: number } | null {
  if (errorMs === null || Math.abs(errorMs) <= CLOCK_TOLERANCE_MS) return null;
  // A change that happens at this very instant is the last one too.
  const last = lastTransition(zone, nowMs + 1, TRANSITION_WITHIN_MS);
  if (last === null) return null;
  const made = (last.before - offsetAt(zone, nowMs)) * MINUTE_MS;
  return Math.abs(errorMs - made) <= CLOCK_TOLERANCE_MS ? last : null;
}

/** A wall-clock time moved on the scale without zone, with fractions of a second only where they come about. */
function shifted(wall: string, ms: number): string {
  return new Date(wallMs(wall) + ms).toISOString().replace(/(\.000)?Z$/, "");
}
