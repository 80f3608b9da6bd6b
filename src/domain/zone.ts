import { Temporal } from "temporal-polyfill";

/** Where a wall-clock time falls in a zone. */
export interface PlacedWall {
  /** Milliseconds since the Unix epoch; of an overlap the earlier instant, of a gap the instant after it. */
  readonly instantMs: number;
  /** Minutes east of UTC in force at that instant. */
  readonly utcOffset: number;
  /** `gap`: that time did not exist (clocks went forward); `overlap`: it existed twice (clocks went back). */
  readonly fit: "plain" | "gap" | "overlap";
}

/** True for an IANA zone name (or `UTC`) that this machine knows. */
export function isZone(name: string): boolean {
  try {
    Temporal.Now.zonedDateTimeISO(name);
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

/** Minutes east of UTC in the zone at that instant. */
export function offsetAt(zone: string, instantMs: number): number {
  return Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(zone).offsetNanoseconds / 60e9;
}

/**
 * Places a wall-clock time (`2015-03-21T16:45:24`) in a zone. Throws RangeError if it is no date that exists.
 */
export function placeWall(zone: string, wall: string): PlacedWall {
  const plain = Temporal.PlainDateTime.from(wall, { overflow: "reject" });
  const earlier = plain.toZonedDateTime(zone, { disambiguation: "earlier" });
  const later = plain.toZonedDateTime(zone, { disambiguation: "later" });
  if (earlier.epochMilliseconds === later.epochMilliseconds) {
    return { instantMs: earlier.epochMilliseconds, utcOffset: earlier.offsetNanoseconds / 60e9, fit: "plain" };
  }
  const exists = earlier.toPlainDateTime().equals(plain);
  const chosen = exists ? earlier : later;
  return {
    instantMs: chosen.epochMilliseconds,
    utcOffset: chosen.offsetNanoseconds / 60e9,
    fit: exists ? "overlap" : "gap",
  };
}

/** The wall-clock time in the zone at that instant, `2015-03-21T16:45:24` (fractions of a second left out). */
export function wallAt(zone: string, instantMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(instantMs)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .toString({ smallestUnit: "second" });
}

/** A wall-clock time as milliseconds on a scale without zone: for differences between wall clocks only. */
export function wallMs(wall: string): number {
  const ms = Date.parse(`${wall}Z`);
  if (Number.isNaN(ms)) throw new RangeError(`not a wall-clock time: ${wall}`);
  return ms;
}

/**
 * The zone's last change of offset before that instant, at most `withinMs` back: its instant and the offset (minutes
 * east) that was in force before it. Null if there was none.
 */
export function lastTransition(
  zone: string,
  instantMs: number,
  withinMs: number,
): { atMs: number; before: number } | null {
  const at = Temporal.Instant.fromEpochMilliseconds(instantMs)
    .toZonedDateTimeISO(zone)
    .getTimeZoneTransition("previous");
  if (at === null || instantMs - at.epochMilliseconds > withinMs) return null;
  return { atMs: at.epochMilliseconds, before: offsetAt(zone, at.epochMilliseconds - 1) };
}
