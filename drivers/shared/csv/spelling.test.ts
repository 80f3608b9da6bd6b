import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DateOrder } from "../../../src/kit/driver.js";
import { Unfit } from "../export/unfit.js";
import { dateParts, readWall, readWallText, splitDateTime } from "./date.js";
import { readNumber, SpellingSurvey } from "./spelling.js";

function survey(dates: readonly string[], numbers: readonly string[] = []): SpellingSurvey {
  const made = new SpellingSurvey();
  for (const date of dates) made.date(date);
  for (const number of numbers) made.number(number);
  return made;
}

describe("the order of dates", () => {
  const cases: readonly [readonly string[], DateOrder | null][] = [
    [["05-06-2025 08:00", "13-06-2025 08:00"], "dmy"],
    [["05-06-2025 08:00", "06-13-2025 08:00"], "mdy"],
    [["13/06/2025"], "dmy"],
    [["6/13/2025 11:15 PM"], "mdy"],
    [["31.12.2025"], "dmy"],
    [["2025-05-06 08:00", "2025/05/07T08:00:00"], null],
    [["05-05-2025 08:00"], null],
    [["Jan 5, 2026", "5 Jan 2026"], null],
    [["", "no date", "13-13-2025", "99-01-2025", "05-06-25"], null],
    [["2025-01-02", "13-06-2025"], "dmy"],
  ];
  test.each(cases)("of %j is %s", (dates, order) => {
    expect(survey(dates).decide(null, "a.csv").dateOrder).toBe(order);
  });

  test.each([
    [["05-06-2025 08:00"]],
    [["05-06-2025 11:00 PM", "2025-01-01"]],
    [["05.06.2025"]],
    [["2025-01-13", "1/2/2025"]],
  ])("is not guessed for %j, whatever hints there are, and an example is named", (dates) => {
    expect(() => survey(dates).decide(null, "a.csv")).toThrow(
      expect.objectContaining({
        code: "IMPORT_AMBIGUOUS_DATES",
        message: expect.stringMatching(
          /a\.csv .* (05-06-2025|05\.06\.2025|1\/2\/2025) could have the day or the month/,
        ),
      }),
    );
    for (const given of ["dmy", "mdy"] as const) expect(survey(dates).decide(given, "a.csv").dateOrder).toBe(given);
  });

  test("that a person gives is refused where the file shows another", () => {
    const said = expect.objectContaining({
      code: "IMPORT_AMBIGUOUS_DATES",
      message: expect.stringContaining("13-06-2025"),
    });
    expect(() => survey(["05-06-2025", "13-06-2025"]).decide("mdy", "a.csv")).toThrow(said);
    expect(survey(["05-06-2025", "13-06-2025"]).decide("dmy", "a.csv").dateOrder).toBe("dmy");
  });

  test("of a file that contradicts itself is none, with or without a person's word", () => {
    for (const given of [null, "dmy", "mdy"] as const) {
      expect(() => survey(["13-06-2025", "06-14-2025"]).decide(given, "a.csv")).toThrow(
        expect.objectContaining({
          code: "IMPORT_MALFORMED",
          message: expect.stringMatching(/13-06-2025 .* 06-14-2025/),
        }),
      );
    }
  });
});

describe("dates", () => {
  test("of any day and time are read in each spelling as they were written", () => {
    const two = (value: number): string => String(value).padStart(2, "0");
    const any = fc.date({ min: new Date("1970-01-01"), max: new Date("2150-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(
        any,
        fc.constantFrom("-", "/", "."),
        fc.constantFrom(" ", "\u00a0", "\u202f"),
        (date, sign, blank) => {
          const wall = date.toISOString().slice(0, 19);
          const [year, month, day, hour] = [
            date.getUTCFullYear(),
            date.getUTCMonth() + 1,
            date.getUTCDate(),
            date.getUTCHours(),
          ];
          const rest = wall.slice(13);
          const half = `${hour % 12 === 0 ? 12 : hour % 12}${rest}${blank}${hour < 12 ? "AM" : "p.m."}`;
          const time = `${two(hour)}${rest}`;
          expect(readWallText(`${year}${sign}${two(month)}${sign}${two(day)}T${time}`, null)).toBe(wall);
          for (const clock of [time, half]) {
            expect(readWallText(`${year}${sign}${month}${sign}${day}${blank}${clock}`, "mdy")).toBe(wall);
            expect(readWallText(`${day}${sign}${month}${sign}${year} ${clock}`, "dmy")).toBe(wall);
            expect(readWallText(`${two(month)}${sign}${two(day)}${sign}${year}, ${clock}`, "mdy")).toBe(wall);
          }
        },
      ),
    );
  });

  test("with names of months need no order", () => {
    expect(readWall("Jan 5, 2026", "8:01:22 AM", null)).toBe("2026-01-05T08:01:22");
    expect(readWall("5. September 2026", "08:01", null)).toBe("2026-09-05T08:01:00");
    expect(dateParts("Foo 5, 2026")).toBeNull();
  });

  test.each([
    ["31-02-2025", "08:00"],
    ["2025-02-29", "08:00"],
    ["13-13-2025", "08:00"],
    ["00-01-2025", "08:00"],
    ["05-06-25", "08:00"],
    ["05-06/2025", "08:00"],
    ["05-06-2025", "24:00"],
    ["05-06-2025", "13:00 PM"],
    ["05-06-2025", "0:30 AM"],
    ["05-06-2025", "08:60"],
    ["05-06-2025", ""],
    ["", "08:00"],
    ["2025-06-05", "8"],
  ])("that do not exist are refused: %s %s", (date, time) => {
    expect(() => readWall(date, time, "dmy")).toThrow(Unfit);
  });

  test("whose order nobody knows are refused, but for those that read alike either way", () => {
    expect(() => readWall("05-06-2025", "08:00", null)).toThrow("day or the month first");
    expect(readWall("06-06-2025", "08:00", null)).toBe("2025-06-06T08:00:00");
  });

  test("are parted from times at the first blank or T before a clock", () => {
    expect(splitDateTime("2025-01-02T08:00:00")).toEqual(["2025-01-02", "08:00:00"]);
    expect(splitDateTime("Jan 5, 2026, 8:01\u202fAM")).toEqual(["Jan 5, 2026", "8:01 AM"]);
    expect(splitDateTime("12-13-2025 11:15 PM")).toEqual(["12-13-2025", "11:15 PM"]);
  });
});

describe("numbers", () => {
  /** What a file shows, a number in it, and what that is: null for one that is refused. */
  const matrix: readonly [shown: readonly string[], text: string, value: number | null][] = [
    [["5,6"], "7,1", 7.1],
    [["5,6"], "7.1", null],
    [["5.6"], "7.1", 7.1],
    [["5.6"], "7,1", null],
    [["5.6"], "1,234", null],
    [["5,6"], "1,234", 1.234],
    [["0,025"], "1,234", 1.234],
    [["12,00000"], "0,5", 0.5],
    [["104"], "104", 104],
    [["1,234"], "1,234", null],
    [["1.234"], "1.234", null],
    [["1.234"], "0.025", 0.025],
    [[], "7,1", 7.1],
    [[], "7.1", 7.1],
    [["5.6", "5,6"], "5,6", 5.6],
    [["5.6", "5,6"], "1,234", null],
    [[], "-5", -5],
    [[], "", null],
    [[], "1.2.3", null],
    [[], "1e3", null],
    [[], "0x10", null],
    [[], "Infinity", null],
    [[], "١٢", null],
    [[], "1 000", null],
  ];
  test.each(matrix)("in a file with %j: %j is %s", (shown, text, value) => {
    const spelling = survey([], shown).decide(null, "a.csv");
    if (value === null) expect(() => readNumber(text, spelling)).toThrow(Unfit);
    else expect(readNumber(text, spelling)).toBe(value);
  });

  test("are told as they were written with either sign", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: 1, max: 4 }), (digits, places) => {
        const value = digits / 10 ** places;
        const text = value.toFixed(places);
        expect(readNumber(text, { decimal: "." })).toBe(value);
        expect(readNumber(text.replace(".", ","), { decimal: "," })).toBe(value);
      }),
    );
  });
});
