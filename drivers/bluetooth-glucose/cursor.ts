import type { RecordSeen } from "./join.js";

/** Where the next session goes on: a record that must come back as it was, for anything after it to be all that is new. */
export interface Cursor {
  readonly sequence: number;
  readonly baseTime: string;
  /** How many records the meter held then, up to this one. */
  readonly count: number;
}

/** From there on sequence numbers may soon begin anew. */
const NEAR_WRAP = 65_000;

/** A cursor out of its text; null for none and for a text that is none. */
export function parseCursor(text: string | null): Cursor | null {
  if (text === null) return null;
  try {
    const { sequence, baseTime, count }: Partial<Record<string, unknown>> = JSON.parse(text) ?? {};
    if (!isCount(sequence) || !isCount(count) || typeof baseTime !== "string") return null;
    return { sequence, baseTime, count };
  } catch {
    return null;
  }
}

/** The cursor's text: one line. */
export function printCursor({ sequence, baseTime, count }: Cursor): string {
  return JSON.stringify({ sequence, baseTime, count });
}

/** Whether the meter may still be where the cursor left it; else everything is to be read. */
export function fits({ sequence, count }: Cursor, total: number): boolean {
  return sequence < NEAR_WRAP && total >= count;
}

/**
 * Whether what came from the cursor's record on is all that is new: that very record came back, at least as many after it as
 * the meter's count has grown by, and no number so high that some may have begun anew behind it. If not, the meter was reset,
 * or numbers in another way.
 */
export function goesOn(cursor: Cursor, records: readonly RecordSeen[], total: number): boolean {
  const isThere = records.some(
    ({ sequence, baseTime }) => sequence === cursor.sequence && baseTime === cursor.baseTime,
  );
  const fresh = records.filter(({ sequence }) => sequence > cursor.sequence).length;
  const isNearWrap = records.some(({ sequence }) => sequence >= NEAR_WRAP);
  return isThere && !isNearWrap && fresh >= total - cursor.count;
}

/**
 * The cursor after these records, which are all that the meter holds, or its last ones. Null where sequence number and time
 * do not grow together (some meters count backwards), near the end of the numbers, and without records. Of several tests
 * of one minute at the end the first is taken, since equal ones are only told apart by coming in one session.
 */
export function cursorAfter(records: readonly RecordSeen[], total: number): Cursor | null {
  const sorted = [...records].sort((a, b) => a.sequence - b.sequence);
  let before: RecordSeen | null = null;
  for (const record of sorted) {
    if (record.sequence < 0 || record.sequence >= NEAR_WRAP || record.baseTime === null) return null;
    const { sequence, baseTime } = before ?? { sequence: -1, baseTime: "" };
    if (record.sequence === sequence || record.baseTime < (baseTime ?? "")) return null;
    before = record;
  }
  let at = sorted.length - 1;
  while (at > 0 && minuteOf(sorted[at]) === minuteOf(sorted[at - 1])) at -= 1;
  const last = sorted[at];
  if (last === undefined || last.baseTime === null) return null;
  return { sequence: last.sequence, baseTime: last.baseTime, count: Math.max(0, total - (sorted.length - 1 - at)) };
}

function minuteOf(record: RecordSeen | undefined): string | null {
  return record?.time?.slice(0, 16) ?? null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
