import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../src/domain/problem.js";
import { latin1Bytes } from "../../../src/kit/bytes.js";
import { glucose, readingOf, textRecord } from "./record.js";

const read = (text: string) => {
  const record = textRecord(latin1Bytes(text), 1);
  return readingOf(record, glucose(record.amount));
};

function offset(text: string): unknown {
  try {
    read(text);
  } catch (error) {
    if (isProblem(error, "FRAME_MALFORMED")) return error.context["offset"];
    throw error;
  }
  return null;
}

describe("a record", () => {
  test("of any value and status is read as it was written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 500 }), fc.integer({ min: 0, max: 255 }), (value, status) => {
        const line = `${String(value).padStart(3, "0")}  May  06 2024 07:31 G 0x${status.toString(16).padStart(2, "0")}\r\n`;
        const reading = read(line);
        expect(reading).toMatchObject({ kind: "glucose", value, unit: "mg/dL", outOfRange: null });
        expect(reading.control).toBe(status % 2 === 1);
        expect(reading.deviceTime === null).toBe((status >> 1) % 2 === 1);
        expect(reading.note?.includes("Status") ?? false).toBe(status > 3);
        expect(reading.raw).toEqual(latin1Bytes(line));
      }),
    );
  });

  test("may have bytes before it that are no characters, and no others", () => {
    expect(read("\n\x02\xff 104  May  06 2024 07:31 G 0x00\r\n").value).toBe(104);
    expect(offset(">104  May  06 2024 07:31 G 0x00\r\n")).toBe(0);
    expect(offset("-104  May  06 2024 07:31 G 0x00\r\n")).toBe(0);
  });

  test("that does not fit is refused with the place where it does not", () => {
    const cases: [string, number][] = [
      ["1 4  May  06 2024 07:31 G 0x00", 0],
      ["62   May  06 2024 07:31 G 0x00", 0],
      ["LOW  May  06 2024 07:31 G 0x00", 0],
      ["104 xMay  06 2024 07:31 G 0x00", 3],
      ["104  May  06 2024 07:31xG 0x00", 23],
      ["104  May  06 2024 07:31 \x7f 0x00", 24],
      ["104  May  06 2024 07:31 G 0x0", 25],
      ["104  May  06 2024 07:31 G 0x000", 25],
      ["104  May  06 2024 07:31 G", 25],
      ["104  May  06 2", 5],
      ["\r\n", 0],
    ];
    expect(cases.map(([text]) => offset(text))).toEqual(cases.map(([, at]) => at));
    expect(cases).toHaveLength(11);
  });

  test("beyond the display's range is the bound and a flag, as a word or a number", () => {
    expect(["HI ", "501", "999"].map((amount) => glucose(amount))).toEqual(
      Array(3).fill({ kind: "glucose", value: 500, unit: "mg/dL", outOfRange: "high" }),
    );
    expect(["LO ", "019", "000"].map((amount) => glucose(amount))).toEqual(
      Array(3).fill({ kind: "glucose", value: 20, unit: "mg/dL", outOfRange: "low" }),
    );
    expect([glucose("020").outOfRange, glucose("500").outOfRange]).toEqual([null, null]);
  });

  test("made when the clock was lost has no time, also where what was shown is none", () => {
    const reading = read("104  --   -- ---- --:-- G 0x02\r\n");
    expect(reading).toMatchObject({ deviceTime: null, asSent: "104  --   -- ---- --:--", control: false });
    expect(reading.note).toContain("-- -- ---- --:--");
    expect(offset("104  --   -- ---- --:-- G 0x00\r\n")).toBe(0);
  });

  test("made with control solution while the clock was lost is no patient's, though a peer takes it for one", () => {
    expect(read("104  Jan  01 2007 00:04 G 0x03\r\n")).toMatchObject({ control: true, specimen: "control" });
  });

  test("that says HI or LO never becomes 501 or 19, as a peer stores them", () => {
    const values = ["HI ", "LO "].map((word) => read(`${word}  May  06 2024 07:31 G 0x00`).value);
    expect(values).toEqual([500, 20]);
  });
});
