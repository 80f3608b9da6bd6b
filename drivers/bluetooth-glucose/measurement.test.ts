import fc from "fast-check";
import { expect, test } from "vitest";
import { concat, unhex } from "../../src/kit/bytes.js";
import { readContext } from "./context.js";
import { readMeasurement, recordName } from "./measurement.js";

/** 23 November 2026, 08:15:42. */
const BASE = "ea 07 0b 17 08 0f 2a";
const read = (text: string, mendMonth = false) => readMeasurement(unhex(text), mendMonth);
const refused = (code: string) => expect.objectContaining({ code });

test("all parts of a measurement are read where their flags put them", () => {
  expect(read(`1f 02 01 ${BASE} c4 ff 3a c0 12 01 05`)).toEqual({
    sequence: 258,
    baseTime: "2026-11-23T08:15:42",
    offsetMinutes: -60,
    time: "2026-11-23T07:15:42",
    monthMended: false,
    concentration: {
      amount: { kind: "number", mantissa: 58, exponent: -4, value: 0.0058 },
      unit: "mol/L",
      type: 2,
      location: 1,
    },
    status: 0x0501,
    contextFollows: true,
  });
  expect(read(`00 00 00 ${BASE}`)).toMatchObject({ offsetMinutes: null, concentration: null, status: null });
  // A status without a concentration, as of a test that failed.
  expect(read(`08 00 00 ${BASE} 10 00`)).toMatchObject({ concentration: null, status: 16 });
});

test("a sequence number has no sign (a peer's mistake: wrong above 32,767)", () => {
  expect(read(`00 ff ff ${BASE}`).sequence).toBe(65_535);
  expect(recordName(unhex(`00 00 80 ${BASE}`))).toEqual({ sequence: 32_768, baseTime: "2026-11-23T08:15:42" });
});

test("the type is the low nibble, the location the high one (a peer's mistake: the other way round)", () => {
  expect(read(`02 00 00 ${BASE} 58 b0 f8`).concentration).toMatchObject({ type: 8, location: 15 });
});

test("the time offset belongs to what the meter shows (a peer's mistake: left out)", () => {
  expect(read(`01 00 00 ${BASE} 3c 00`).time).toBe("2026-11-23T09:15:42");
  expect(read(`01 00 00 e8 07 01 01 00 0a 00 e2 ff`).time).toBe("2023-12-31T23:40:00");
});

test("month 13 is January where a meter is known to mean it, and no date elsewhere", () => {
  const text = "03 05 00 ea 07 0d 02 00 0a 00 e2 ff 64 b0 11";
  expect(read(text, true)).toMatchObject({
    baseTime: "2026-01-02T00:10:00",
    time: "2026-01-01T23:40:00",
    monthMended: true,
  });
  expect(() => read(text)).toThrow(refused("FRAME_MALFORMED"));
  expect(recordName(unhex(text), true)?.baseTime).toBe("2026-01-02T00:10:00");
  expect(recordName(unhex(text))).toEqual({ sequence: 5, baseTime: null });
  expect(() => read(`00 00 00 ea 07 0e 02 00 0a 00`, true)).toThrow(refused("FRAME_MALFORMED"));
});

test.each([
  ["no bytes", "FRAME_TRUNCATED", ""],
  ["a head that is cut short", "FRAME_TRUNCATED", "00 00 00 ea 07 0b 17 08 0f"],
  ["an offset that is cut short", "FRAME_TRUNCATED", `01 00 00 ${BASE} 3c`],
  ["a value without its type", "FRAME_TRUNCATED", `02 00 00 ${BASE} 58 b0`],
  ["a status that is cut short", "FRAME_TRUNCATED", `0a 00 00 ${BASE} 58 b0 f8 00`],
  ["a flag that nobody has described", "FRAME_MALFORMED", `22 00 00 ${BASE} 58 b0 f8`],
  ["bytes behind the end", "FRAME_MALFORMED", `02 00 00 ${BASE} 58 b0 f8 01`],
  ["an offset greater than its field", "FRAME_MALFORMED", `01 00 00 ${BASE} ff 7f`],
  ["an offset less than its field", "FRAME_MALFORMED", `01 00 00 ${BASE} 00 80`],
  ["30 February", "FRAME_MALFORMED", "00 00 00 ea 07 02 1e 08 0f 2a"],
])("%s is told as %s", (_name, code, text) => {
  expect(() => read(text)).toThrow(refused(code));
});

test("zeros behind the end say nothing", () => {
  expect(read(`02 00 00 ${BASE} 58 b0 f8 00 00`)).toEqual(read(`02 00 00 ${BASE} 58 b0 f8`));
});

test("parts are read from where they stand, whichever there are", () => {
  const flags = fc.record({
    offset: fc.option(fc.integer({ min: -1_440, max: 1_440 })),
    value: fc.option(fc.record({ mantissa: fc.integer({ min: 0, max: 2_045 }), place: fc.nat(255) })),
    status: fc.option(fc.nat(0xffff)),
    context: fc.boolean(),
    sequence: fc.nat(0xffff),
  });
  const two = (word: number): number[] => [word & 0xff, (word >> 8) & 0xff];
  fc.assert(
    fc.property(flags, ({ offset, value, status, context, sequence }) => {
      const bytes = concat([
        Uint8Array.of(
          (offset === null ? 0 : 1) + (value === null ? 0 : 2) + (status === null ? 0 : 8) + (context ? 16 : 0),
          ...two(sequence),
        ),
        unhex(BASE),
        Uint8Array.from(offset === null ? [] : two(offset)),
        Uint8Array.from(value === null ? [] : [...two(value.mantissa + 0xb000), value.place]),
        Uint8Array.from(status === null ? [] : two(status)),
      ]);
      const told = readMeasurement(bytes);
      expect([told.sequence, told.offsetMinutes, told.status, told.contextFollows]).toEqual([
        sequence,
        offset,
        status,
        context,
      ]);
      const { concentration } = told;
      if (value === null) expect(concentration).toBeNull();
      else {
        expect(concentration?.amount).toMatchObject({ mantissa: value.mantissa, exponent: -5 });
        expect((concentration?.location ?? 0) * 16 + (concentration?.type ?? 0)).toBe(value.place);
      }
      // Cut anywhere, it is no measurement.
      for (let length = 0; length < bytes.length; length += 1) {
        expect(() => readMeasurement(bytes.subarray(0, length))).toThrow();
      }
    }),
    { numRuns: 60 },
  );
});

test("carbohydrates have three bytes (a peer's mistake: two, and every part after them is wrong)", () => {
  expect(readContext(unhex("03 05 00 02 3c d0 03"))).toMatchObject({
    sequence: 5,
    carbohydrate: { id: 2, kilograms: { mantissa: 60, exponent: -3 } },
    meal: 3,
  });
});

test("all parts of a context are read in their order", () => {
  expect(readContext(unhex("ff 01 80 a5 01 1e d0 02 32 b0 04 46 03 08 d0 46 f0"))).toEqual({
    sequence: 32_769,
    extended: 0xa5,
    carbohydrate: { id: 1, kilograms: { kind: "number", mantissa: 30, exponent: -3, value: 0.03 } },
    meal: 2,
    tester: 2,
    health: 3,
    exercise: { seconds: 1_200, percent: 70 },
    medication: { id: 3, amount: { kind: "number", mantissa: 8, exponent: -3, value: 0.008 }, unit: "L" },
    hba1c: { kind: "number", mantissa: 70, exponent: -1, value: 7 },
  });
  expect(readContext(unhex("10 00 00 01 0a b0")).medication?.unit).toBe("kg");
});

test("a context is bounds-checked at every byte, and nothing but zeros may follow it", () => {
  const whole = unhex("ff 01 80 a5 01 1e d0 02 32 b0 04 46 03 08 d0 46 f0");
  for (let length = 0; length < whole.length; length += 1) {
    expect(() => readContext(whole.subarray(0, length)), String(length)).toThrow(refused("FRAME_TRUNCATED"));
  }
  expect(readContext(unhex("02 01 00 01 00 00"))).toMatchObject({ meal: 1 });
  expect(() => readContext(unhex("02 01 00 01 06"))).toThrow(refused("FRAME_MALFORMED"));
});
