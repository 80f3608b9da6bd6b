import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CLOCK_TOLERANCE_MS, clockError, timePlacer } from "./place-time.js";

const ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"] as const;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The witness: the machine's own calendar, which the code under test never asks. */
const FORMATS = new Map(
  ZONES.map((zone) => [
    zone as string,
    new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    }),
  ]),
);

function wallByIntl(zone: string, ms: number): string {
  const parts = new Map(
    FORMATS.get(zone)
      ?.formatToParts(ms)
      .map(({ type, value }) => [type as string, value]),
  );
  const part = (name: string): string => parts.get(name) ?? "";
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}:${part("second")}`;
}

function offsetByIntl(zone: string, ms: number): number {
  return (Date.parse(`${wallByIntl(zone, ms)}Z`) - Math.floor(ms / 1000) * 1000) / 60_000;
}

/** Whether the zone showed that wall time at another instant within a day and an hour too. */
function wasTwice(zone: string, ms: number): boolean {
  const wall = wallByIntl(zone, ms);
  return [-24 * HOUR, -HOUR, -HOUR / 2, HOUR / 2, HOUR, 24 * HOUR].some((by) => wallByIntl(zone, ms + by) === wall);
}

function moved(wall: string, ms: number): string {
  return new Date(Date.parse(`${wall}Z`) + ms).toISOString().slice(0, 19);
}

const seconds = (from: string, to: string): fc.Arbitrary<number> =>
  fc.integer({ min: Date.parse(from) / 1000, max: Date.parse(to) / 1000 }).map((value) => value * 1000);
const zones = fc.constantFrom(...ZONES);

describe("a right clock", () => {
  test("gives the instant at which the zone showed that time, in every zone and season", () => {
    const qualities = new Map<string, number>();
    fc.assert(
      fc.property(
        zones,
        seconds("2009-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        fc.integer({ min: 300, max: 300 * 86_400 }),
        fc.integer({ min: -120, max: 120 }),
        (zone, taken, ago, offSeconds) => {
          const place = timePlacer({ zone, clockErrorMs: offSeconds * 1000, nowMs: taken + ago * 1000 });
          const wall = wallByIntl(zone, taken);
          const placed = place(wall);
          qualities.set(placed.timeQuality, (qualities.get(placed.timeQuality) ?? 0) + 1);
          expect(wallByIntl(zone, Date.parse(placed.time))).toBe(wall);
          expect(placed.utcOffset).toBe(offsetByIntl(zone, Date.parse(placed.time)));
          expect(placed.timeQuality).toBe(wasTwice(zone, taken) ? "suspect" : "device");
          if (placed.timeQuality === "device") expect(Date.parse(placed.time)).toBe(taken);
          else expect(Date.parse(placed.time)).toBeLessThanOrEqual(taken);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(qualities.get("device")).toBeGreaterThan(1_900);
  });

  test.each([
    ["Europe/London", "2024-10-27T01:30:00", "2024-10-27T00:30:00.000Z", 60],
    ["America/New_York", "2024-11-03T01:15:00", "2024-11-03T05:15:00.000Z", -240],
    ["Australia/Lord_Howe", "2024-04-07T01:45:00", "2024-04-06T14:45:00.000Z", 660],
  ])("in %s takes %s, which was twice, as the earlier and says that it is suspect", (zone, wall, time, utcOffset) => {
    const place = timePlacer({ zone, clockErrorMs: 0, nowMs: Date.parse("2024-12-01T00:00:00Z") });
    expect(place(wall)).toEqual({ time, utcOffset, timeQuality: "suspect" });
  });

  test.each([
    ["Europe/London", "2024-03-31T01:30:00"],
    ["America/New_York", "2024-03-10T02:30:00"],
    ["Australia/Lord_Howe", "2024-10-06T02:15:00"],
    ["Pacific/Apia", "2011-12-30T12:00:00"],
  ])("in %s takes %s, which never was, as suspect", (zone, wall) => {
    const place = timePlacer({ zone, clockErrorMs: 0, nowMs: Date.parse("2024-12-01T00:00:00Z") });
    expect(place(wall).timeQuality).toBe("suspect");
  });
});

describe("a wrong clock", () => {
  test("is shifted by its error, in every zone and season", () => {
    let corrected = 0;
    fc.assert(
      fc.property(
        zones,
        // Away from 2009 to 2012 when Apia changed its side of the date line: an error of a day is a change missed there.
        seconds("2014-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        fc.integer({ min: 300, max: 300 * 86_400 }),
        fc.integer({ min: 121, max: 26 * 3600 }),
        fc.constantFrom(-1, 1),
        (zone, taken, ago, size, sign) => {
          const clockErrorMs = size * sign * 1000;
          // What a missed change of the clocks looks like is another test's.
          fc.pre([HOUR, HOUR / 2].every((change) => Math.abs(Math.abs(clockErrorMs) - change) > CLOCK_TOLERANCE_MS));
          const place = timePlacer({ zone, clockErrorMs, nowMs: taken + ago * 1000 });
          const placed = place(moved(wallByIntl(zone, taken), clockErrorMs));
          expect(wallByIntl(zone, Date.parse(placed.time))).toBe(wallByIntl(zone, taken));
          expect(placed.utcOffset).toBe(offsetByIntl(zone, Date.parse(placed.time)));
          expect(placed.timeQuality).toBe(wasTwice(zone, taken) ? "suspect" : "corrected");
          if (placed.timeQuality === "corrected") {
            corrected += 1;
            expect(Date.parse(placed.time)).toBe(taken);
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(corrected).toBeGreaterThan(1_500);
  });

  test.each([
    [120_000, "device", "2024-06-01T07:00:00.000Z"],
    [-120_000, "device", "2024-06-01T07:00:00.000Z"],
    [120_001, "corrected", "2024-06-01T06:57:59.999Z"],
    [-121_000, "corrected", "2024-06-01T07:02:01.000Z"],
    [26 * HOUR, "corrected", "2024-05-31T05:00:00.000Z"],
    [26 * HOUR + 1, "suspect", "2024-06-01T07:00:00.000Z"],
    [-27 * HOUR, "suspect", "2024-06-01T07:00:00.000Z"],
    [null, "suspect", "2024-06-01T07:00:00.000Z"],
  ] as const)("of %s ms makes 08:00 in London's summer %s at %s", (clockErrorMs, timeQuality, time) => {
    const place = timePlacer({ zone: "Europe/London", clockErrorMs, nowMs: Date.parse("2024-06-10T12:00:00Z") });
    expect(place("2024-06-01T08:00:00")).toEqual({ time, utcOffset: 60, timeQuality });
  });
});

describe("a clock that nobody set when the clocks changed", () => {
  /** Published changes: the instant, and minutes east of UTC before it. */
  const CHANGES = [
    ["Europe/London", "2024-03-31T01:00:00Z", 0],
    ["Europe/London", "2024-10-27T01:00:00Z", 60],
    ["America/New_York", "2024-03-10T07:00:00Z", -300],
    ["America/New_York", "2024-11-03T06:00:00Z", -240],
    ["Australia/Lord_Howe", "2024-04-06T15:00:00Z", 660],
    ["Australia/Lord_Howe", "2024-10-05T15:30:00Z", 630],
    ["Pacific/Apia", "2011-12-30T10:00:00Z", -600],
  ] as const;

  test.each(CHANGES)("in %s at %s is right before it and corrected after it, to the second", (zone, change, before) => {
    const at = Date.parse(change);
    const qualities = new Set<string>();
    fc.assert(
      fc.property(
        fc.integer({ min: -80 * 86_400, max: 80 * 86_400 }),
        fc.integer({ min: 0, max: 10 * 86_400 }),
        fc.integer({ min: -60, max: 60 }),
        (fromChange, sinceTaken, drift) => {
          const taken = at + fromChange * 1000;
          const nowMs = Math.max(at, taken) + sinceTaken * 1000;
          const shown = (ms: number): string => new Date(ms + before * 60_000).toISOString().slice(0, 19);
          const clockErrorMs = clockError(zone, shown(nowMs + drift * 1000), nowMs);
          const placed = timePlacer({ zone, clockErrorMs, nowMs })(shown(taken));
          qualities.add(placed.timeQuality);
          expect(placed).toEqual({
            time: new Date(taken).toISOString(),
            utcOffset: offsetByIntl(zone, taken),
            timeQuality: taken < at ? "device" : "corrected",
          });
        },
      ),
      { numRuns: 300 },
    );
    expect([...qualities].sort()).toEqual(["corrected", "device"]);
  });

  test("counts for 400 days, and then its error is one like any other", () => {
    // Jordan put its clocks forward then and never back: that change stays the last one.
    const zone = "Asia/Amman";
    const change = Date.parse("2022-02-24T22:00:00Z");
    const near = timePlacer({ zone, clockErrorMs: -HOUR, nowMs: change + 399 * DAY });
    const far = timePlacer({ zone, clockErrorMs: -HOUR, nowMs: change + 401 * DAY });
    expect(near("2022-02-20T08:00:00")).toMatchObject({ time: "2022-02-20T06:00:00.000Z", timeQuality: "device" });
    expect(far("2022-02-20T08:00:00")).toMatchObject({ time: "2022-02-20T07:00:00.000Z", timeQuality: "corrected" });
  });
});

describe("what can't be", () => {
  const facts = { zone: "Europe/London", clockErrorMs: 0, nowMs: Date.parse("2024-06-10T12:00:00Z") };

  test("a reading from the session's future stands where its device put it, and is suspect", () => {
    const place = timePlacer(facts);
    expect(place("2024-06-10T13:02:01")).toMatchObject({ time: "2024-06-10T12:02:01.000Z", timeQuality: "suspect" });
    expect(place("2024-06-10T13:02:00")).toMatchObject({ time: "2024-06-10T12:02:00.000Z", timeQuality: "device" });
    const shifted = timePlacer({ ...facts, clockErrorMs: -10 * 60_000 });
    expect(shifted("2024-06-10T13:00:00")).toMatchObject({ time: "2024-06-10T12:10:00.000Z", timeQuality: "suspect" });
  });

  test("a reading without a time gets the session's, and is suspect", () => {
    expect(timePlacer(facts)(null)).toEqual({
      time: "2024-06-10T12:00:00.000Z",
      utcOffset: 60,
      timeQuality: "suspect",
    });
  });

  test.each([
    "2024-02-30T08:00:00",
    "2024-06-01",
    "2024-06-01T08:00",
    "2024-06-01T08:00:60",
    "2024-06-01T08:00:00Z",
    "",
  ])("%j is no wall-clock time and throws", (wall) => {
    expect(() => timePlacer(facts)(wall)).toThrow(RangeError);
  });
});
