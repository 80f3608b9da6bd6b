import type { ClockChange } from "../../src/domain/reading.js";
import { NO_TIME, wallOf } from "./clock.js";
import { i32, u32 } from "./packet.js";

/** Where a settings record holds the seconds that the display is ahead of the system time (sheet a, by its order). */
const DISPLAY_OFFSET_AT = 12;
/** 2009 has these many seconds: records from then are of a clock that was not set yet (sheet a, vector). */
const FIRST_YEAR_SECONDS = 365 * 86_400;

/** From when on the display was how far ahead of the system time, seconds. */
export interface OffsetSince {
  readonly system: number;
  readonly offset: number;
}

/** The offset that a settings record tells; null for one from before the clock was first set. */
export function readSettings(record: Uint8Array): OffsetSince | null {
  const system = u32(record, 0);
  if (system < FIRST_YEAR_SECONDS || system === NO_TIME) return null;
  return { system, offset: i32(record, DISPLAY_OFFSET_AT) };
}

/** The offsets in their order, each once, however the records lay. */
export function offsetsOf(records: readonly OffsetSince[]): readonly OffsetSince[] {
  const sorted = [...records].sort((one, other) => one.system - other.system);
  return sorted.filter(({ offset }, at) => offset !== sorted[at - 1]?.offset);
}

/** Every time that the display was set, oldest first: what it showed before and after. The first offset is no change. */
export function clockChanges(offsets: readonly OffsetSince[]): readonly ClockChange[] {
  return offsets.slice(1).map(({ system, offset }, at) => ({
    from: wallOf(system + (offsets[at]?.offset ?? 0)),
    to: wallOf(system + offset),
    order: system,
  }));
}

/** How far the display was ahead at that system time; null before anything is known. */
export function offsetAt(offsets: readonly OffsetSince[], system: number): number | null {
  return offsets.findLast((one) => one.system <= system)?.offset ?? null;
}
