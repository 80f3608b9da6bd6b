import fc from "fast-check";
import { expect, test } from "vitest";
import { unhex } from "../../../src/kit/bytes.js";
import { currentTimeBytes, dateTimeBytes, minutesLater, readDateTime } from "./date-time.js";

const malformed = expect.objectContaining({ code: "FRAME_MALFORMED" });

test("a date and time is read as the specification lays it out, also out of the middle", () => {
  expect(readDateTime(unhex("e0 07 02 1d 17 3b 3a"))).toBe("2016-02-29T23:59:58");
  expect(readDateTime(unhex("0b 04 00 e5 07 0a 13 08 03 23 3c 00"), 3)).toBe("2021-10-19T08:03:35");
});

test.each([
  ["a day that does not exist", "e7 07 02 1d 00 00 00"],
  ["a thirteenth month", "e7 07 0d 01 00 00 00"],
  ["month 0, which is unknown", "e7 07 00 01 00 00 00"],
  ["day 0, which is unknown", "e7 07 01 00 00 00 00"],
  ["year 0, which is unknown", "00 00 01 01 00 00 00"],
  ["hour 24", "e7 07 01 01 18 00 00"],
  ["minute 60", "e7 07 01 01 00 3c 00"],
  ["second 60", "e7 07 01 01 00 00 3c"],
  ["1999", "cf 07 0c 1f 00 00 00"],
  ["2100", "34 08 01 01 00 00 00"],
])("%s is refused", (_name, bytes) => {
  expect(() => readDateTime(unhex(bytes))).toThrow(malformed);
});

test("fewer than seven bytes are no time", () => {
  expect(() => readDateTime(unhex("e0 07 02 1d 17 3b"))).toThrow(expect.objectContaining({ code: "FRAME_TRUNCATED" }));
});

test("every moment of the century comes back as it was written", () => {
  const moments = fc.date({
    min: new Date("2000-01-01T00:00:00Z"),
    max: new Date("2099-12-31T23:59:59Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(moments, (moment) => {
      const wall = moment.toISOString().slice(0, 19);
      expect(readDateTime(dateTimeBytes(wall))).toBe(wall);
      expect(readDateTime(currentTimeBytes(wall))).toBe(wall);
    }),
  );
});

test("a Current Time has the day of the week from Monday on, no fraction, and says that it was set by hand", () => {
  // 23 November 2026 is a Monday, the 29th a Sunday.
  expect(currentTimeBytes("2026-11-23T08:15:42")).toEqual(unhex("ea 07 0b 17 08 0f 2a 01 00 01"));
  expect(currentTimeBytes("2026-11-29T08:15:42")).toEqual(unhex("ea 07 0b 1d 08 0f 2a 07 00 01"));
});

test.each(["1999-12-31T23:59:59", "2100-01-01T00:00:00", "2023-02-29T00:00:00", "today"])(
  "a meter is not set to %s",
  (wall) => {
    expect(() => dateTimeBytes(wall)).toThrow(expect.objectContaining({ code: "METER_REFUSED" }));
  },
);

test("minutes are added and taken across days, months and years, and no zone is in between", () => {
  expect(minutesLater("2023-12-31T23:59:30", 1)).toBe("2024-01-01T00:00:30");
  expect(minutesLater("2024-03-01T00:10:00", -30)).toBe("2024-02-29T23:40:00");
  // Where clocks went forward in London: a meter's clock knows nothing of that.
  expect(minutesLater("2024-03-31T00:30:00", 60)).toBe("2024-03-31T01:30:00");
});
