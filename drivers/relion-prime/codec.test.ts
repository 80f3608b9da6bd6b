import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { readIdentity, readRecord, recordText } from "./codec.js";

/** An answer as the meter sends it, summed up here apart from the codec. */
function sent(text: string): Uint8Array {
  const sum = [...`D|${text}\u0017`].reduce((total, character) => total + character.charCodeAt(0), 0) % 256;
  return latin1Bytes(`D|${text}\u0017${sum.toString(16).toUpperCase().padStart(2, "0")}|\r\n`);
}

/** The 16 characters: 104 mg/dL at 16:45 on 29 February 2024 where nothing else is said. */
const text = ({ value = "6800", time = "4516", date = "290224", flags = "00" }) => `${value}${time}${date}${flags}`;

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "nothing";
}

describe("a record", () => {
  test("is read whatever its value, date and flags are", () => {
    const parts = fc.record({
      day: fc.date({
        min: new Date("2000-01-01T00:00:00Z"),
        max: new Date("2099-12-31T23:59:59Z"),
        noInvalidDate: true,
      }),
      value: fc.integer({ min: 1, max: 999 }),
      control: fc.boolean(),
    });
    fc.assert(
      fc.property(parts, ({ day, value, control }) => {
        const wall = day.toISOString();
        const hex = value.toString(16).toUpperCase().padStart(4, "0");
        const time = wall.slice(14, 16) + wall.slice(11, 13);
        const date = wall.slice(8, 10) + wall.slice(5, 7) + wall.slice(2, 4);
        const raw = sent(text({ value: hex.slice(2) + hex.slice(0, 2), time, date, flags: control ? "04" : "00" }));
        const reading = readRecord(raw);
        expect(reading.deviceTime).toBe(`${wall.slice(0, 16)}:00`);
        expect(reading.value).toBe(Math.min(600, Math.max(20, value)));
        expect(reading.outOfRange).toBe(value < 20 ? "low" : value > 600 ? "high" : null);
        expect(reading.unit).toBe("mg/dL");
        expect(reading.control).toBe(control);
        expect(reading.specimen).toBe(control ? "control" : null);
        expect(reading.note).toBeNull();
        expect(latin1(reading.raw)).toBe(latin1(raw));
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ["01", "5902", 600, "high", false, null],
    ["01", "0000", 600, "high", false, null],
    ["02", "1300", 20, "low", false, null],
    ["02", "6800", 20, "low", false, null],
    ["05", "5902", 600, "high", true, null],
    ["06", "0000", 20, "low", true, null],
    ["08", "6800", 104, null, false, "Flags 08"],
    ["F4", "6800", 104, null, true, "Flags F0"],
  ] as const)(
    "with the flags %s and the value %s is %d %s (peer bug: HI is 601 and LO is 19)",
    (flags, value, ...wanted) => {
      const { value: told, outOfRange, control, note } = readRecord(sent(text({ flags, value })));
      expect([told, outOfRange, control, note]).toEqual(wanted);
    },
  );

  test.each([
    ["HI and LO at once", text({ flags: "03" })],
    ["a value of zero", text({ value: "0000" })],
    ["a value that no display shows", text({ value: "E803" })],
    ["a day that does not exist", text({ date: "300223" })],
    ["a month that does not exist", text({ date: "011323" })],
    ["an hour that does not exist", text({ time: "0024" })],
    ["letters in its date", text({ date: "2902AA" })],
    ["nothing but erased cells", "F".repeat(16)],
    ["no hex digits", text({ value: "6G00" })],
  ])("with %s is no reading, though its checksum is right", (_, body) => {
    expect(recordText(sent(body))).toBe(body);
    expect(codeOf(() => readRecord(sent(body)))).toBe("FRAME_MALFORMED");
  });

  test("is refused with any one bit of it turned over, and never read as another", () => {
    const raw = sent(text({}));
    let ran = 0;
    for (let place = 0; place < raw.length; place += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const turned = raw.map((byte, at) => (at === place ? byte ^ (1 << bit) : byte));
        expect(codeOf(() => recordText(turned))).toMatch(/^FRAME_(?:CHECKSUM|MALFORMED)$/);
        ran += 1;
      }
    }
    expect(ran).toBe(24 * 8);
  });

  test("is refused, and breaks nothing, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(codeOf(() => readRecord(bytes))).toMatch(/^FRAME_/);
      }),
    );
    expect(codeOf(() => recordText(sent(text({})).slice(0, 23)))).toBe("FRAME_MALFORMED");
  });
});

describe("a header", () => {
  test("names the model first and the serial number last, whatever stands between", () => {
    const identity = { manufacturer: "Arkray", firmware: null, displayUnit: null };
    expect(readIdentity("H|\\^&|||PRIME^01.02^0^1234567A|||")).toEqual({
      ...identity,
      model: "PRIME",
      serial: "1234567A",
    });
    expect(readIdentity("H|\\^&|||PRIME|||")).toEqual({ ...identity, model: "PRIME", serial: null });
    expect(readIdentity("H|\\^&|||PRIME^|||")).toEqual({ ...identity, model: "PRIME", serial: null });
  });

  test("of a Contour is another family's", () => {
    expect(codeOf(() => readIdentity("H|\\^&||x|Bayer7150^2.04^7150-1234567|"))).toBe("METER_UNSUPPORTED");
    expect(codeOf(() => readIdentity("P|1"))).toBe("FRAME_MALFORMED");
  });
});

test("there are no samples of this family that go unread", () => {
  for (const set of ["set-a", "set-b"]) {
    expect(existsSync(new URL(`../../../shared/vectors/${set}/relion-prime.json`, import.meta.url))).toBe(false);
  }
});
