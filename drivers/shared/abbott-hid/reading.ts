import type { SourceReading } from "../../../src/domain/reading.js";
import { type Fields, malformed, numberAt } from "./fields.js";
import { wallOf } from "./wall.js";

/** What a record says, without what none of these meters can say. */
export type Said = Pick<SourceReading, "kind" | "value" | "unit" | "deviceTime" | "asSent"> &
  Partial<Pick<SourceReading, "outOfRange" | "control" | "specimen" | "delivery" | "index" | "order">> & {
    /** Notes, put together into one. */
    readonly notes?: readonly string[];
  };

/** A reading with everything in its place. */
export function readingOf({ notes = [], ...said }: Said, { line }: Fields): SourceReading {
  return {
    value2: null,
    outOfRange: null,
    control: false,
    meal: null,
    specimen: null,
    delivery: null,
    note: notes.length === 0 ? null : notes.join("; "),
    instantMs: null,
    endMs: null,
    utcOffset: null,
    index: null,
    sourceKey: null,
    device: null,
    sourceName: null,
    raw: line,
    ...said,
  };
}

/** When something was, as a record says it. */
export interface When {
  /** Null if the clock was not set at that time. */
  readonly deviceTime: string | null;
  readonly notes: readonly string[];
}

/**
 * Month, day, year, hour, minute and perhaps second from that field on. `valid`: the field that is 1 while the clock is set, or
 * null where there is none known; without a set clock the reading has no time, and what was shown stays in a note.
 * Throws FRAME_MALFORMED for a date that does not exist.
 */
export function whenOf(fields: Fields, from: number, seconds: boolean, valid: number | null): When {
  const shown = fields.all.slice(from, from + (seconds ? 6 : 5)).join(",");
  if (valid !== null && numberAt(fields, valid) !== 1) {
    return { deviceTime: null, notes: [`The clock was not set and showed ${shown}`] };
  }
  const deviceTime = wallAt(fields, from, seconds);
  if (deviceTime === null) throw malformed(fields, from, "begins a date that does not exist");
  return { deviceTime, notes: [] };
}

/** The wall time from that field on; null for one that does not exist. Throws FRAME_MALFORMED for what is no number. */
export function wallAt(fields: Fields, from: number, seconds: boolean): string | null {
  const at = (place: number): number => numberAt(fields, from + place);
  const second = seconds ? at(5) : 0;
  return wallOf({ month: at(0), day: at(1), year: at(2), hour: at(3), minute: at(4), second });
}
