import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isInstant, isWall, normalInstant } from "./written-time.js";

/** True if the platform reads that as a date, and prints it so. */
function isDate(text: string, printed: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === printed;
}

describe("times", () => {
  test.each([
    ["2026-11-21T08:03:00+01:00", "2026-11-21T07:03:00.000Z"],
    ["2026-11-21T07:03:00.5Z", "2026-11-21T07:03:00.500Z"],
    ["2026-02-30T08:00:00Z", null],
    ["2026-02-29T08:00:00+02:00", null],
    ["2024-02-29T23:59:59-05:00", "2024-03-01T04:59:59.000Z"],
    ["2026-11-21T08:03:00", null],
    ["0000-01-01T00:00:00+05:00", null],
    ["yesterday", null],
  ])("%s is %s", (text, instant) => {
    expect(normalInstant(text)).toBe(instant);
  });

  test("an instant of its own making is one, any other spelling is not", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date("2199-12-31T23:59:59Z"), noInvalidDate: true }), (date) => {
        expect(isInstant(date.toISOString())).toBe(true);
        expect(isInstant(date.toISOString().replace("Z", "+00:00"))).toBe(false);
        expect(isWall(date.toISOString().slice(0, 19))).toBe(true);
      }),
    );
  });

  test("what is nearly a time is one just where Date reads it and prints it again", () => {
    const number = (max: number, digits: number) =>
      fc.integer({ min: 0, max }).map((value) => String(value).padStart(digits, "0"));
    const parts = fc.tuple(number(9_999, 4), number(13, 2), number(32, 2), number(25, 2), number(61, 2), number(61, 2));
    const slip = fc.option(fc.tuple(fc.nat({ max: 23 }), fc.constantFrom(..."0 9:-T.Z/;\u0660")), { freq: 3 });
    const seen = { instants: 0, walls: 0, others: 0 };
    fc.assert(
      fc.property(parts, number(999, 3), slip, ([year, month, day, hour, minute, second], ms, wrong) => {
        let text = `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`;
        if (wrong !== null) text = text.slice(0, wrong[0]) + wrong[1] + text.slice(wrong[0] + 1);
        const instant = isDate(text, text) && Number(text.slice(0, 4)) >= 1900 && Number(text.slice(0, 4)) <= 2199;
        expect(isInstant(text)).toBe(instant);
        const wall = text.slice(0, 19);
        expect(isWall(wall)).toBe(isDate(`${wall}Z`, `${wall}.000Z`));
        if (instant) seen.instants += 1;
        else if (isWall(wall)) seen.walls += 1;
        else seen.others += 1;
      }),
      { numRuns: 20_000, seed: 11 },
    );
    expect(Math.min(seen.instants, seen.walls, seen.others)).toBeGreaterThan(100);
  });

  test.each([null, 5, "", "2026-01-01T00:00:00", "2026-01-01T00:00:00.000Z ", "+02026-01-01T00:00:00.00Z"])(
    "%j is no instant",
    (text) => {
      expect(isInstant(text)).toBe(false);
    },
  );

  test.each(["2026-02-30T00:00:00", "2026-01-01T24:00:00", "2026-01-01", "2026-13-01T00:00:00"])(
    "%s is no wall-clock time",
    (text) => {
      expect(isWall(text)).toBe(false);
    },
  );
});
