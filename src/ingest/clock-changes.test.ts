import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reading } from "../../test/helpers/ingest.js";
import type { ClockChange } from "../domain/reading.js";
import { offsetAt, wallMs } from "../domain/zone.js";
import { CLOCK_TOLERANCE_MS, clockIntervals, clockShift, offsetFor } from "./clock-changes.js";
import { normaliser } from "./normalise.js";
import { clockError, timePlacer } from "./place-time.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LONDON = "Europe/London";
const NOW_MS = Date.parse("2024-06-10T12:00:00Z");

const wall = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

interface Vector {
  readonly description: string;
  readonly input_text: string;
  readonly expected: unknown;
}

interface Placing {
  readonly timezone: string;
  readonly mostRecent: string;
  readonly changes: readonly { readonly from: string; readonly to: string; readonly index: number }[];
  readonly deviceTime: string;
  readonly index: number | null;
}

const VECTORS = new URL("../../../shared/vectors/set-a/timezone-bootstrapping.json", import.meta.url);

function placerOf({ timezone, mostRecent, changes }: Placing) {
  return timePlacer({
    zone: timezone,
    clockErrorMs: 0,
    nowMs: Date.parse(mostRecent),
    changes: changes.map(({ from, to, index }) => ({ from, to, order: index })),
  });
}

describe.skipIf(!existsSync(VECTORS))("the vectors of a program that walks clocks back", () => {
  const all = (): readonly Vector[] => JSON.parse(readFileSync(VECTORS, "utf8")).vectors;

  test("give the instants that it gives, all of them", () => {
    const ran = { placed: 0, split: 0, changes: 0 };
    for (const { description, input_text, expected } of all()) {
      const input = JSON.parse(input_text);
      if (Array.isArray(expected)) {
        // The instant at which each change was made, newest first: the first moment of the time that it began.
        const place = placerOf(input);
        const made = [...(input as Placing).changes].reverse().map(({ to, index }) => place(to, index + 0.5).time);
        expect(made, description).toEqual(expected.map(({ time }: { time: string }) => time));
        ran.changes += 1;
      } else if ("deviceTime" in input) {
        const { deviceTime, index } = input as Placing;
        const placed = placerOf(input)(deviceTime, index ?? undefined);
        expect(placed.time, `${description} ${deviceTime}`).toBe((expected as { time: string }).time);
        ran.placed += 1;
      } else {
        const difference = wallMs(input.from) - wallMs(input.to);
        const { meantMs, driftMs } = clockShift(difference);
        expect({ offsetDifference: meantMs / 60_000 + 0, rawDifference: meantMs + driftMs }).toEqual(expected);
        ran.split += 1;
      }
    }
    expect(ran).toEqual({ placed: 25, split: 8, changes: 1 });
  });

  /**
   * Where ours says more, or another thing, than those vectors. Their `timezoneOffset` is the device's; ours is the
   * zone's, since a clock that was set wrong is no proof of a journey (an AM/PM mistake would make a Coloradan Asian).
   */
  test("differ in the offset told only where the device's clock was not the zone's", () => {
    const told: Record<string, string> = {};
    for (const { input_text, expected, description } of all()) {
      const input = JSON.parse(input_text);
      if (Array.isArray(expected) || !("deviceTime" in input)) continue;
      const { deviceTime, index, timezone } = input as Placing;
      const placed = placerOf(input)(deviceTime, index ?? undefined);
      expect(placed.utcOffset).toBe(offsetAt(timezone, Date.parse(placed.time)));
      const theirs = (expected as { timezoneOffset: number }).timezoneOffset;
      if (placed.utcOffset !== theirs) told[`${description} ${deviceTime} ${index}`] = placed.timeQuality;
    }
    expect(told).toEqual({
      // The clock showed summer time in winter, and had gone wrong by two minutes and five seconds: nobody knows since when.
      "clock drift adjustment only 2015-02-01T00:00:00 null": "suspect",
      "mixture of drift, DST and travel 2015-04-02T12:00:00 null": "corrected",
      "travel east across date line 2015-03-10T00:00:00 null": "corrected",
      "travel west across date line 2015-03-15T00:00:00 null": "corrected",
      "23-hour change 2013-12-10T00:00:00 5": "corrected",
      "AM/PM mistake makes device time ambiguous 2015-04-01T12:00:00 49": "corrected",
      "AM/PM mistake makes device time ambiguous 2015-04-01T12:00:00 null": "suspect",
    });
  });

  test("the twice shown time of the AM/PM mistake is the earlier and suspect without its place in the log, sure with it", () => {
    const ran = all().flatMap(({ description, input_text }) => {
      if (!description.startsWith("AM/PM")) return [];
      const input: Placing = JSON.parse(input_text);
      return [placerOf(input)(input.deviceTime, input.index ?? undefined).timeQuality];
    });
    expect(ran).toEqual(["device", "corrected", "suspect"]);
  });
});

describe("a clock that somebody set", () => {
  /** A person in London went forward late, at nine in the morning. */
  const forward: ClockChange = { from: "2024-03-31T08:00:00", to: "2024-03-31T09:00:00", order: 1_000 };
  /** And back in autumn on time. */
  const back: ClockChange = { from: "2023-10-29T02:00:00", to: "2023-10-29T01:00:00", order: 500 };
  const place = timePlacer({ zone: LONDON, clockErrorMs: 0, nowMs: NOW_MS, changes: [back, forward] });

  test.each([
    ["right before and after, device", "2024-03-30T08:00:00", 900, "2024-03-30T08:00:00.000Z", "device"],
    [
      "behind since the zone went forward, corrected",
      "2024-03-31T07:30:00",
      990,
      "2024-03-31T07:30:00.000Z",
      "corrected",
    ],
    ["set by then, device", "2024-03-31T09:30:00", 1_010, "2024-03-31T08:30:00.000Z", "device"],
    ["the hour that was twice, first time", "2023-10-29T01:30:00", 499, "2023-10-29T00:30:00.000Z", "device"],
    ["the hour that was twice, second time", "2023-10-29T01:30:00", 501, "2023-10-29T01:30:00.000Z", "device"],
    ["at the very place of a change, before", "2024-03-31T08:00:00", 1_000, "2024-03-31T08:00:00.000Z", "corrected"],
    ["at the very place of a change, after", "2024-03-31T09:00:00", 1_000, "2024-03-31T08:00:00.000Z", "device"],
    ["a time that it never showed at that place", "2024-03-31T12:00:00", 900, "2024-03-31T12:00:00.000Z", "suspect"],
    ["the future", "2024-06-10T13:03:00", 2_000, "2024-06-10T12:03:00.000Z", "suspect"],
  ])("%s", (_, deviceTime, order, time, timeQuality) => {
    expect(place(deviceTime, order)).toMatchObject({ time, timeQuality });
  });

  test.each([
    ["shown twice: the earlier", "2023-10-29T01:30:00", "2023-10-29T00:30:00.000Z", "suspect"],
    ["jumped over: the instant after it", "2024-03-31T08:30:00", "2024-03-31T08:30:00.000Z", "suspect"],
    ["shown once: sure", "2024-03-30T08:00:00", "2024-03-30T08:00:00.000Z", "device"],
  ])("without a place in the log, a time %s", (_, deviceTime, time, timeQuality) => {
    expect(place(deviceTime)).toMatchObject({ time, timeQuality });
    const unordered = [back, forward].map((change) => ({ ...change, order: null }));
    const facts = { zone: LONDON, clockErrorMs: 0, nowMs: NOW_MS, changes: unordered };
    expect(timePlacer(facts)(deviceTime, 1_234_567)).toMatchObject({ time, timeQuality });
  });

  test("was 14 minutes wrong when it was set: the time before is not moved, and suspect", () => {
    const drifted = { from: "2024-05-01T12:14:00", to: "2024-05-01T12:00:00", order: 7 };
    const placed = timePlacer({ zone: LONDON, clockErrorMs: 0, nowMs: NOW_MS, changes: [drifted] });
    expect(placed("2024-04-20T10:00:00", 5)).toMatchObject({
      time: "2024-04-20T09:00:00.000Z",
      timeQuality: "suspect",
    });
    expect(placed("2024-05-20T10:00:00", 9)).toMatchObject({ time: "2024-05-20T09:00:00.000Z", timeQuality: "device" });
  });

  test("is wrong by a year since it was last set: what was before is right, what was after is corrected", () => {
    const mistaken = { from: "2024-05-01T12:00:00", to: "2023-05-01T12:00:00", order: 7 };
    const facts = { zone: LONDON, clockErrorMs: -366 * DAY, nowMs: NOW_MS, changes: [mistaken] };
    const placed = timePlacer(facts);
    expect(placed("2024-04-20T10:00:00", 5)).toMatchObject({ time: "2024-04-20T09:00:00.000Z", timeQuality: "device" });
    expect(placed("2023-06-01T10:00:00", 9)).toMatchObject({
      time: "2024-06-01T09:00:00.000Z",
      timeQuality: "corrected",
    });
  });

  test("was lost and not set: nothing is moved, and everything suspect", () => {
    for (const clockErrorMs of [-5_000 * DAY, null]) {
      const placed = timePlacer({ zone: LONDON, clockErrorMs, nowMs: NOW_MS, changes: [forward] });
      expect(placed("2024-05-20T10:00:00", 2_000)).toMatchObject({
        time: "2024-05-20T09:00:00.000Z",
        timeQuality: "suspect",
      });
      expect(placed("2024-03-20T10:00:00", 2)).toMatchObject({
        time: "2024-03-20T10:00:00.000Z",
        timeQuality: "suspect",
      });
    }
  });

  test("is ten minutes ahead now: what was shown since is shifted, what was before is not, and suspect", () => {
    const placed = timePlacer({ zone: LONDON, clockErrorMs: 600_000, nowMs: NOW_MS, changes: [forward] });
    expect(placed("2024-05-20T10:10:00", 2_000)).toMatchObject({
      time: "2024-05-20T09:00:00.000Z",
      timeQuality: "corrected",
    });
    expect(placed("2024-03-20T10:00:00", 2)).toMatchObject({
      time: "2024-03-20T10:00:00.000Z",
      timeQuality: "suspect",
    });
  });

  test("by a change that is no time leaves everything before it suspect", () => {
    const broken = { from: "2024-02-30T00:00:00", to: "", order: 600 };
    const placed = timePlacer({ zone: LONDON, clockErrorMs: 0, nowMs: NOW_MS, changes: [back, broken, forward] });
    expect(placed("2024-02-20T10:00:00", 700)).toMatchObject({
      time: "2024-02-20T10:00:00.000Z",
      timeQuality: "device",
    });
    expect(placed("2024-01-20T10:00:00", 550).timeQuality).toBe("suspect");
    expect(placed("2023-09-20T10:00:00", 5).timeQuality).toBe("suspect");
  });

  test("refuses what is no wall time, and takes a lost one for the session's", () => {
    expect(() => place("2024-02-30T00:00:00", 1)).toThrow(RangeError);
    expect(place(null, 1)).toMatchObject({ time: "2024-06-10T12:00:00.000Z", timeQuality: "suspect" });
  });

  test("changes the instant of a reading, and never its identity", () => {
    const one = reading({ deviceTime: "2024-03-31T07:30:00" });
    const idWith = (order: number | undefined, changes: readonly ClockChange[], clockErrorMs: number | null) => {
      const normalise = normaliser({
        source: "cgm",
        sourceName: null,
        identity: { manufacturer: "M", model: null, serial: "S", firmware: null, displayUnit: null },
        place: timePlacer({ zone: LONDON, clockErrorMs, nowMs: NOW_MS, changes }),
        patientOf: () => null,
      });
      const { record } = normalise(order === undefined ? one : { ...one, order });
      return { id: record?.id, time: record?.fields.time };
    };
    const made = [
      idWith(undefined, [], 0),
      idWith(undefined, [forward], 0),
      idWith(990, [back, forward], 0),
      idWith(990, [back, forward], 3 * HOUR),
      idWith(2_000, [back, forward], null),
    ];
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(made[0]?.id).toBeDefined();
    expect(new Set(made.map(({ time }) => time)).size).toBeGreaterThan(2);
  });
});

describe("any device that logs when it was set", () => {
  /** What a person did: how long the clock then ran, where it was set to (half hours), and how wrong it became (seconds). */
  const stretch = fc.record({
    hours: fc.integer({ min: 2, max: 2_000 }),
    halfHours: fc.integer({ min: -22, max: 28 }),
    drift: fc.oneof(fc.integer({ min: -60, max: 60 }), fc.integer({ min: -899, max: 899 })),
  });

  test("gives the true instants within what its clock was wrong by, whatever was done to it", () => {
    const seen = { readings: 0, sure: 0 };
    fc.assert(
      fc.property(
        fc.array(stretch, { minLength: 2, maxLength: 8 }),
        fc.integer({ min: 0, max: 300 * 24 }),
        fc.array(fc.integer({ min: 1, max: 999 }), { minLength: 3, maxLength: 12 }),
        (stretches, startHours, places) => {
          let at = Date.parse("2020-01-01T00:00:00Z") + startHours * HOUR;
          const runs = stretches.map(({ hours, halfHours, drift }) => {
            const run = {
              startMs: at,
              endMs: at + hours * HOUR,
              offsetMs: halfHours * (HOUR / 2),
              driftMs: drift * 1000,
            };
            at = run.endMs;
            return run;
          });
          const nowMs = at;
          const shownAt = (run: (typeof runs)[number], ms: number): number =>
            ms +
            run.offsetMs +
            Math.round((run.driftMs * (ms - run.startMs)) / (run.endMs - run.startMs) / 1000) * 1000;
          const changes = runs.slice(1).flatMap((run, index) => {
            const before = runs[index];
            if (before === undefined) return [];
            return [
              { from: wall(shownAt(before, run.startMs)), to: wall(shownAt(run, run.startMs)), order: run.startMs },
            ];
          });
          const last = runs.at(-1);
          if (last === undefined) return;
          const clockErrorMs = clockError(LONDON, wall(shownAt(last, nowMs)), nowMs);
          const place = timePlacer({ zone: LONDON, clockErrorMs, nowMs, changes });
          for (const run of runs) {
            for (const thousandths of places) {
              const taken = Math.floor((run.startMs + (thousandths / 1000) * (run.endMs - run.startMs)) / 1000) * 1000;
              const { time, timeQuality } = place(wall(shownAt(run, taken)), taken);
              const wrongMs = Math.abs(Date.parse(time) - taken);
              expect(wrongMs).toBeLessThanOrEqual(Math.abs(run.driftMs));
              if (timeQuality === "device" && run !== last) expect(wrongMs).toBeLessThanOrEqual(CLOCK_TOLERANCE_MS);
              seen.readings += 1;
              if (timeQuality !== "suspect") seen.sure += 1;
            }
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(seen.readings).toBeGreaterThan(5_000);
    expect(seen.sure).toBeGreaterThan(300);
  });

  test("has intervals that lie side by side, one more than changes, oldest first", () => {
    const changes = [
      { from: "2024-01-01T10:00:00", to: "2024-01-01T12:00:00", order: 1 },
      { from: "2024-02-01T10:00:00", to: "2024-02-01T09:00:00", order: 2 },
    ];
    const intervals = clockIntervals(changes, { zoneMs: HOUR, errorMs: 0 });
    expect(intervals.map(({ offsetMs }) => offsetMs / HOUR)).toEqual([0, 2, 1]);
    expect(intervals.map(({ fromOrder, untilOrder }) => [fromOrder, untilOrder])).toEqual([
      [Number.NEGATIVE_INFINITY, 1],
      [1, 2],
      [2, Number.POSITIVE_INFINITY],
    ]);
    expect(offsetFor(intervals, wallMs("2024-01-15T00:00:00"), null)).toEqual({ offsetMs: 2 * HOUR, sure: true });
  });
});
