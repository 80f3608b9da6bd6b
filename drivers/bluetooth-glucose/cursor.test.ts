import { expect, test } from "vitest";
import { cursorAfter, fits, goesOn, parseCursor, printCursor } from "./cursor.js";

const at = (sequence: number, minute: number, time: string | null = `2026-11-23T09:${minute}:00`) => ({
  sequence,
  baseTime: `2026-11-23T08:${minute}:00`,
  time,
});
const CURSOR = { sequence: 12, baseTime: "2026-11-23T08:12:00", count: 3 };

test("a cursor names the last record, and is one line of text", () => {
  const cursor = cursorAfter([at(12, 12), at(10, 10), at(11, 11)], 3);
  expect(cursor).toEqual(CURSOR);
  const text = printCursor(CURSOR);
  expect([parseCursor(text), text.includes("\n")]).toEqual([CURSOR, false]);
});

test("a text that is no cursor is none", () => {
  const texts = [
    "",
    "null",
    "{}",
    "[]",
    "12",
    '{"sequence":-1,"baseTime":"x","count":1}',
    '{"sequence":1,"count":1}',
    "{",
  ];
  expect(texts.map(parseCursor)).toEqual(Array(8).fill(null));
  expect(parseCursor(null)).toBeNull();
});

test("of tests of one minute at the end the first is named, so that equal ones come together again", () => {
  const twins = [at(10, 10), at(11, 11), at(12, 12, "2026-11-23T09:11:40"), at(13, 13, "2026-11-23T09:11:50")];
  expect(cursorAfter(twins, 40)).toEqual({ sequence: 11, baseTime: "2026-11-23T08:11:00", count: 38 });
});

test("there is none where number and time do not grow together, a number is there twice, a time can't be read, or near the end", () => {
  expect(cursorAfter([], 0)).toBeNull();
  expect(cursorAfter([at(0, 30), at(1, 20)], 2)).toBeNull();
  expect(cursorAfter([at(5, 20), at(5, 21)], 2)).toBeNull();
  expect(cursorAfter([{ sequence: 1, baseTime: null, time: null }, at(2, 20)], 2)).toBeNull();
  expect(cursorAfter([{ sequence: -1, baseTime: null, time: null }, at(2, 20)], 2)).toBeNull();
  expect(cursorAfter([at(64_999, 20)], 1)).not.toBeNull();
  expect(cursorAfter([at(65_000, 20)], 1)).toBeNull();
});

test("a meter that holds fewer records than it did was emptied", () => {
  expect([fits(CURSOR, 3), fits(CURSOR, 2), fits({ ...CURSOR, sequence: 65_000 }, 9)]).toEqual([true, false, false]);
});

test("the last record must come back as it was, and as many behind it as there are more", () => {
  expect(goesOn(CURSOR, [at(12, 12)], 3)).toBe(true);
  expect(goesOn(CURSOR, [at(13, 13), at(12, 12)], 4)).toBe(true);
  // The same number with another time: the meter counts anew.
  expect(goesOn(CURSOR, [at(12, 30), at(13, 31)], 4)).toBe(false);
  expect(goesOn(CURSOR, [at(13, 13)], 4)).toBe(false);
  expect(goesOn(CURSOR, [at(12, 12), at(13, 13)], 5)).toBe(false);
  // Numbers may have gone round since, and 0 is not from 12 on.
  expect(goesOn(CURSOR, [at(12, 12), at(65_001, 13)], 3)).toBe(false);
  // A full memory loses an old record for each new one: the count stays.
  expect(goesOn(CURSOR, [at(12, 12), at(13, 13), at(14, 14)], 3)).toBe(true);
});
