import fc from "fast-check";
import { expect, test } from "vitest";
import { wallOf } from "./date.js";

const NAMES = ["Jan ", "Feb ", "Mar ", "Apr ", "May ", "June", "July", "Aug ", "Sep ", "Oct ", "Nov ", "Dec "] as const;

test("every minute from 1990 to 2099 is read as it was written", () => {
  const day = fc.date({ min: new Date("1990-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(day, (date) => {
      const wall = date.toISOString().slice(0, 19);
      const text = `${NAMES[date.getUTCMonth()]} ${wall.slice(8, 10)} ${wall.slice(0, 4)} ${wall.slice(11)}`;
      expect(wallOf(text, "seconds")).toBe(wall);
      expect(wallOf(text.slice(0, -3), "minutes")).toBe(`${wall.slice(0, 16)}:00`);
      expect(wallOf(text, "minutes")).toBeNull();
      expect(wallOf(text.slice(0, -3), "seconds")).toBeNull();
    }),
  );
});

test("June and July stand in full in records, and in three letters where the meter tells about itself", () => {
  expect(wallOf("June 02 2021 06:45", "minutes")).toBe("2021-06-02T06:45:00");
  expect(wallOf("July 31 2021 08:00", "minutes")).toBe("2021-07-31T08:00:00");
  expect(wallOf("Jun  01 2021\t08:00:59", "seconds")).toBe("2021-06-01T08:00:59");
  expect(wallOf("Jul  08 2021\t21:04:11", "seconds")).toBe("2021-07-08T21:04:11");
});

test.each([
  "Feb  29 2023 12:00",
  "Feb  29 1900 12:00",
  "Apr  31 2024 12:00",
  "May  00 2024 12:00",
  "May  32 2024 12:00",
  "May  06 2024 24:00",
  "May  06 2024 12:60",
  "Xxx  06 2024 12:00",
  "may  06 2024 12:00",
  "May 06 2024 12:00",
  "May  6 2024 12:00",
  "May  06 24 12:00",
  "                  ",
])("%s is no moment", (text) => {
  expect(wallOf(text, "minutes")).toBeNull();
});

test("29 February of a leap year is one", () => {
  expect(wallOf("Feb  29 2024 12:00", "minutes")).toBe("2024-02-29T12:00:00");
  expect(wallOf("Feb  29 2000 12:00", "minutes")).toBe("2000-02-29T12:00:00");
});
