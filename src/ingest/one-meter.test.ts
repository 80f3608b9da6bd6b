import { expect, test } from "vitest";
import type { Driver } from "../kit/driver.js";
import { awayMeters, oneMeter } from "./one-meter.js";

const DRIVERS = [
  { id: "by-radio", otherLinks: ["by-cable"] },
  { id: "by-cable" },
  { id: "other" },
] as unknown as Driver[];
const same = oneMeter(DRIVERS);

test("a meter is one whichever of its links names it, and two meters without a serial number are not taken for one", () => {
  expect(same({ driver: "by-radio", serial: "A1" }, { driver: "by-cable", serial: "A1" })).toBe(true);
  expect(same({ driver: "by-cable", serial: "A1" }, { driver: "by-radio", serial: "A1" })).toBe(true);
  expect(same({ driver: "by-cable", serial: "A1" }, { driver: "by-radio", serial: "A2" })).toBe(false);
  expect(same({ driver: "by-cable", serial: "A1" }, { driver: "other", serial: "A1" })).toBe(false);
  expect(same({ driver: "other", serial: null }, { driver: "other", serial: null })).toBe(false);
});

test("known meters are listed once, the newest link first, and not while one of their links is attached", () => {
  const known = [
    { driver: "by-radio", serial: "A1" },
    { driver: "by-cable", serial: "A1" },
    { driver: "other", serial: "A1" },
  ];
  expect(awayMeters(known, [], same)).toEqual([known[0], known[2]]);
  expect(awayMeters(known, [{ driver: "by-cable", serial: "A1" }], same)).toEqual([known[2]]);
});
