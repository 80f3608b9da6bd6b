import { isZone, offsetAt } from "../../src/domain/zone.js";

/**
 * No zone has left an offset and come back to it within six days (tz database, from 1970 on): one that is the same at both
 * ends of such a time did not change in it.
 */
const BLOCKS_MS = [6 * 86_400_000, 86_400_000, 3_600_000];
const MAX_KEPT = 20_000;

/**
 * Looks up offsets for a session: minutes east of UTC in an IANA zone at an instant; null if there is no such zone or
 * its offset then was no whole number of minutes. Remembers answers: a sensor's readings lie minutes apart.
 */
export function createOffsets(): (zone: string, instantMs: number) => number | null {
  const zones = new Map<string, boolean>();
  const kept = new Map<string, number>();
  /** Where the last answer holds. */
  let last = { zone: "", fromMs: 0, toMs: 0, offset: 0 };
  return (zone, instantMs) => {
    if (zone !== last.zone || instantMs < last.fromMs || instantMs >= last.toMs) {
      if (!isKnown(zone)) return null;
      last = around(zone, instantMs);
    }
    return Number.isInteger(last.offset) ? last.offset : null;
  };

  function isKnown(zone: string): boolean {
    let known = zones.get(zone);
    if (known === undefined) {
      known = zone.length < 64 && isZone(zone);
      if (zones.size < 1000) zones.set(zone, known);
    }
    return known;
  }

  /** The offset at an instant, and between which instants it is known to hold: the longest block without a change. */
  function around(zone: string, instantMs: number): typeof last {
    for (const length of BLOCKS_MS) {
      const fromMs = Math.floor(instantMs / length) * length;
      const toMs = fromMs + length;
      const offset = at(zone, fromMs);
      if (offset === at(zone, toMs)) return { zone, fromMs, toMs, offset };
    }
    return { zone, fromMs: instantMs, toMs: instantMs + 1, offset: offsetAt(zone, instantMs) };
  }

  function at(zone: string, ms: number): number {
    const key = `${zone} ${ms}`;
    let offset = kept.get(key);
    if (offset === undefined) {
      offset = offsetAt(zone, ms);
      if (kept.size >= MAX_KEPT) kept.clear();
      kept.set(key, offset);
    }
    return offset;
  }
}
