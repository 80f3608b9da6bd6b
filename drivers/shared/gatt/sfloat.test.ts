import fc from "fast-check";
import { expect, test } from "vitest";
import { readSfloat, scaled } from "./sfloat.js";

const word = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >>> 8);

/** A mantissa times ten to a power, written out as a person would, with the point moved and no arithmetic in between. */
function byHand(mantissa: number, power: number): string {
  const digits = String(Math.abs(mantissa)).padStart(Math.max(0, -power) + 1, "0");
  const whole = power >= 0 ? digits + "0".repeat(power) : digits.slice(0, power);
  const rest = power >= 0 ? "" : digits.slice(power).replace(/0+$/, "");
  return `${mantissa < 0 ? "-" : ""}${whole}${rest === "" ? "" : `.${rest}`}`;
}

test("every one of the 65,536 words is a number as it is written out, or one of the five that are none", () => {
  let special = 0;
  let numbers = 0;
  for (let value = 0; value < 0x10000; value += 1) {
    const read = readSfloat(word(value), 0);
    const low = value & 0xfff;
    if (low >= 0x7fe && low <= 0x802) {
      expect(read.kind, value.toString(16)).not.toBe("number");
      special += 1;
      continue;
    }
    const mantissa = low < 0x800 ? low : low - 0x1000;
    const exponent = value >>> 12 < 8 ? value >>> 12 : (value >>> 12) - 16;
    // A double prints as the shortest text that gives it back: what is compared is decimal.
    expect(read).toEqual({ kind: "number", mantissa, exponent, value: Number(byHand(mantissa, exponent)) });
    numbers += 1;
  }
  expect([special, numbers]).toEqual([80, 65_456]);
});

test("the five words without a number are named, and none of them with an exponent is taken for one", () => {
  const kinds = [0x07ff, 0x0800, 0x07fe, 0x0802, 0x0801, 0xb7fe, 0xb802, 0xc7ff].map(
    (value) => readSfloat(word(value), 0).kind,
  );
  expect(kinds).toEqual([
    "not a number",
    "not at this resolution",
    "above",
    "below",
    "reserved",
    "reserved",
    "reserved",
    "reserved",
  ]);
});

test("a number is scaled without binary dust, whatever mantissa, exponent and power", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -2_045, max: 2_045 }),
      fc.integer({ min: -8, max: 7 }),
      fc.integer({ min: -6, max: 6 }),
      (mantissa, exponent, power) => {
        expect(scaled({ mantissa, exponent }, power)).toBe(Number(byHand(mantissa, exponent + power)));
      },
    ),
  );
  // One peer uploads 5.800000000000001 for the first.
  expect(scaled({ mantissa: 58, exponent: -4 }, 3)).toBe(5.8);
  expect(scaled({ mantissa: 88, exponent: -5 }, 5)).toBe(88);
});

test("two bytes must stand where a number is read", () => {
  expect(() => readSfloat(Uint8Array.of(0x58), 0)).toThrow(expect.objectContaining({ code: "FRAME_TRUNCATED" }));
  expect(() => readSfloat(Uint8Array.of(0x58, 0xb0), 1)).toThrow(expect.objectContaining({ code: "FRAME_TRUNCATED" }));
});
