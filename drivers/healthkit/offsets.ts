import { isZone, offsetAt } from "../../src/domain/zone.js";

const HOUR_MS = 3_600_000;
const MAX_KEPT = 20_000;

/**
 * Looks up offsets for a session: minutes east of UTC in an IANA zone at an instant; null if there is no such zone or
 * its offset then was no whole number of minutes. Remembers answers: a sensor's readings lie minutes apart.
 */
export function createOffsets(): (zone: string, instantMs: number) => number | null {
  const zones = new Map<string, boolean>();
  const kept = new Map<string, number>();
  const at = (zone: string, ms: number): number => {
    const key = `${zone} ${ms}`;
    let offset = kept.get(key);
    if (offset === undefined) {
      offset = offsetAt(zone, ms);
      if (kept.size >= MAX_KEPT) kept.clear();
      kept.set(key, offset);
    }
    return offset;
  };
  return (zone, instantMs) => {
    let known = zones.get(zone);
    if (known === undefined) {
      known = zone.length < 64 && isZone(zone);
      if (zones.size < 1000) zones.set(zone, known);
    }
    if (!known) return null;
    const hour = Math.floor(instantMs / HOUR_MS) * HOUR_MS;
    const before = at(zone, hour);
    // No zone changes twice within an hour: equal ends mean that all between is equal.
    const offset = before === at(zone, hour + HOUR_MS) ? before : offsetAt(zone, instantMs);
    return Number.isInteger(offset) ? offset : null;
  };
}
