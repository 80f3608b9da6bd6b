import { derivedId } from "../../src/domain/identity.js";
import { EMPTY_FIELDS, type RecordFields } from "../../src/domain/record.js";
import type { Author, NewRecord } from "../../src/store/records.js";

/** Who keeps the records of the benchmarks, as a session with a meter does. */
export const READER: Author = {
  by: "onetouch-ultra2",
  why: "read from the meter",
  at: "2026-03-05T12:00:00.000Z",
};

/** The session that gave them. */
export const CAPTURE = "0b6cf4b1-7f3c-4d0e-9f57-2d4b1c1f5a10";

const NEWEST = Date.UTC(2026, 2, 5, 11);
const MEALS = [null, "before", "after"] as const;

/**
 * That many readings as a session with a meter makes them, newest first, five minutes apart and different in value,
 * meal and comment. Equal counts give equal records.
 */
export function meterRecords(count: number): NewRecord[] {
  let state = 1;
  /** A number from 0 up to `below`: the low-quality generator of Park and Miller is good enough for values. */
  const next = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  return Array.from({ length: count }, (_, index) => {
    const time = new Date(NEWEST - index * 300_000).toISOString();
    const deviceTime = time.slice(0, 19);
    const value = 60 + next(240);
    const fields: RecordFields = {
      ...EMPTY_FIELDS,
      time,
      utcOffset: 0,
      deviceTime,
      timeQuality: "device",
      value,
      unit: "mg/dL",
      meal: MEALS[next(3)] ?? null,
      specimen: "capillary",
      note: next(8) === 0 ? "feeling stressed" : null,
      patient: "anna",
      source: "meter",
      manufacturer: "LifeScan",
      model: "OneTouch Ultra 2",
      serial: "TEST0001Y",
    };
    const raw = Buffer.from(`P "${deviceTime}", " ${String(value).padStart(3)} ","N","00", 00 0000`, "latin1");
    return { id: derivedId("bench", "TEST0001Y", deviceTime, value), kind: "glucose", fields, raw };
  });
}

/** The list in pages of at most that many. */
export function pagesOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, page) => list.slice(page * size, (page + 1) * size));
}
