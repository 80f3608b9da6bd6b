import { Problem } from "../domain/problem.js";
import { isInstant, isWall, normalInstant } from "../domain/written-time.js";
import { offsetAt, type PlacedWall, placeWall } from "../domain/zone.js";

/** An instant as a person wrote it. */
export interface Told {
  /** RFC 3339 in UTC with milliseconds. */
  readonly instant: string;
  /** Minutes east of UTC where the text or the zone tells; null for an instant written in UTC. */
  readonly utcOffset: number | null;
}

/**
 * Reads a time that a person wrote: an instant with its zone (`2026-11-21T08:03:00+01:00`), or a wall-clock time
 * (`2026-11-21T08:03`, seconds optional) that is meant in `zone`; with `days` also a day (`2026-11-21`), meant as its
 * beginning. Throws USAGE for anything else, for a date that does not exist, and for a wall-clock time that the zone
 * had twice or never: it is never guessed.
 */
export function readTime(text: string, zone: string, what: string, days = false): Told {
  const wall = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(\.\d+)?)?/i.exec(text);
  const [whole = "", date = "", minutes, seconds = ":00", fraction] = wall ?? [];
  const rest = text.slice(whole.length);
  const plainTime = `${date}T${minutes ?? "00:00"}${seconds}`;
  // JavaScript moves 30 February to 2 March and says nothing.
  if (wall === null || !isWall(plainTime)) throw wrong(text, what, days);
  if (minutes === undefined) {
    if (rest !== "" || !days) throw wrong(text, what, days);
    return placed(placeWall(zone, plainTime));
  }
  if (rest !== "") {
    const instant = normalInstant(text.replace(" ", "T"));
    if (instant === null || !isInstant(instant)) throw wrong(text, what, days);
    return { instant, utcOffset: offsetOf(rest) };
  }
  if (fraction !== undefined) throw wrong(text, what, days);
  const at = placeWall(zone, plainTime);
  if (at.fit !== "plain") {
    const how = at.fit === "gap" ? "did not exist" : "existed twice";
    throw new Problem(
      "USAGE",
      `${what}: ${text} ${how} in ${zone} (clocks were changed): add the offset from UTC to it.`,
    );
  }
  return placed(at);
}

/** Minutes east of UTC that the zone has at that instant; null if they are no whole number. */
export function wholeOffset(zone: string, instantMs: number): number | null {
  const offset = offsetAt(zone, instantMs);
  return Number.isInteger(offset) ? offset : null;
}

function placed({ instantMs, utcOffset }: PlacedWall): Told {
  return { instant: new Date(instantMs).toISOString(), utcOffset: Number.isInteger(utcOffset) ? utcOffset : null };
}

function offsetOf(zone: string): number | null {
  const match = /^([+-])(\d\d):(\d\d)$/.exec(zone);
  if (match === null) return null;
  return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}

function wrong(text: string, what: string, days: boolean): Problem {
  const day = days ? ", or a day such as 2026-11-21" : "";
  const forms = `an instant such as 2026-11-21T08:03:00+01:00, a time here such as 2026-11-21T08:03${day}`;
  return new Problem("USAGE", `${what} must be ${forms}, not "${text}".`);
}
