import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { QUERIES, queryBytes, readClock, readFirmware, readHeader, readRecord, readSerial, readUnit } from "./codec.js";
import { checkedLine } from "./layout.js";

/** A line as a meter sends it, summed up here apart from the codec. */
function sent(text: string): Uint8Array {
  const sum = [...text].map((character) => character.charCodeAt(0)).reduce((a, b) => a + b, 0) % 65_536;
  return latin1Bytes(`${text} ${sum.toString(16).toUpperCase().padStart(4, "0")}\r\n`);
}

/** The code and offset of the problem that it throws. */
function problemOf(read: () => unknown): { code: string; offset: unknown } {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return { code: error.code, offset: error.context["offset"] ?? null };
    throw error;
  }
  throw new Error("nothing was thrown");
}

const READERS = [readSerial, readFirmware, readClock, readUnit, readHeader, readRecord] as const;

interface Vector {
  readonly input_text: string;
  readonly description: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

function vectors(set: string): readonly Vector[] {
  return JSON.parse(readFileSync(vectorFile(set), "utf8")).vectors;
}

function vectorFile(set: string): URL {
  return new URL(`../../../shared/vectors/${set}/onetouch-ultra2.json`, import.meta.url);
}

describe.skipIf(!existsSync(vectorFile("set-a")))("the captured lines of set a", () => {
  test("read as their captor read them", () => {
    let ran = 0;
    for (const { input_text, expected } of vectors("set-a")) {
      const frame = latin1Bytes(input_text);
      if ("records" in expected) {
        expect(readHeader(frame)).toEqual({ count: 3, serial: expected["serial"], displayUnit: "mg/dL" });
      } else {
        const reading = readRecord(frame);
        expect(reading.deviceTime).toBe(expected["deviceTime"]);
        expect(reading.value).toBe(expected["value"]);
        expect(reading.unit).toBe(expected["units"]);
        expect(reading.meal).toBe(expected["mealFlag"] === "B" ? "before" : null);
        expect(reading.note).toBe(expected["comment"] === "02" ? "Too much food" : "Mild exercise");
        expect(reading.asSent).toBe(input_text.slice(34, 40));
        expect(latin1(reading.raw)).toBe(input_text);
      }
      ran += 1;
    }
    expect(ran).toBe(4);
  });
});

describe.skipIf(!existsSync(vectorFile("set-b")))("the samples of set b", () => {
  test("read, or are refused, as expected", () => {
    let ran = 0;
    for (const { input_text, expected, description } of vectors("set-b")) {
      const frame = latin1Bytes(input_text);
      if ("checksum_hex" in expected) {
        const text = checkedLine(latin1Bytes(`${input_text} ${expected["checksum_hex"]}\r\n`)).text;
        expect(text, description).toBe(input_text);
      } else if ("checksum_ok" in expected) {
        expect(readSerial(frame), description).toMatch(/O$/);
      } else if ("error" in expected) {
        expect(problemOf(() => checkedLine(frame)).code, description).toBe("FRAME_CHECKSUM");
      } else if ("readings" in expected) {
        expectDump(input_text, expected);
      } else if ("serial" in expected) {
        expect(readSerial(frame), description).toBe(expected["serial"]);
      } else if ("version" in expected) {
        expect(readFirmware(frame), description).toBe(expected["version"]);
      } else if ("local_time" in expected) {
        expect(readClock(frame), description).toBe(expected["local_time"]);
      } else if ("display_unit" in expected) {
        expect(readUnit(frame), description).toBe(expected["display_unit"]);
      } else {
        expect(checkedLine(frame).text, description).toBe("Z");
      }
      ran += 1;
    }
    expect(ran).toBe(15);
  });

  function expectDump(text: string, expected: Vector["expected"]): void {
    const [first = "", ...records] = text.split(/(?<=\n)/);
    expect(readHeader(latin1Bytes(first))).toEqual({
      count: 4,
      serial: expected["serial"],
      displayUnit: expected["display_unit"],
    });
    const read = records.map((line) => readRecord(latin1Bytes(line)));
    const words = { before: "before", after: "after" } as const;
    expect(
      read.map((reading) => ({
        local_time: reading.deviceTime,
        mg_dl: reading.value,
        meal: reading.meal === null ? "none" : words[reading.meal as "before" | "after"],
        control: reading.control,
      })),
    ).toEqual(
      (expected["readings"] as readonly Record<string, unknown>[]).map(({ comment_code, ...rest }) => {
        expect(comment_code).toMatch(/^0[028]$/);
        return rest;
      }),
    );
    expect(read.map(({ note }) => note)).toEqual([null, "Felt low", "Too much food", null]);
    expect(read.map(({ specimen }) => specimen)).toEqual([null, null, null, "control"]);
  }
});

describe("a record", () => {
  const record = ({
    date = "02/29/24",
    time = "16:45:24",
    result = "  081 ",
    meal = "N",
    comment = "00",
    end = ", 00",
  }) => sent(`P "THU","${date}","${time}   ","${result}","${meal}","${comment}"${end}`);

  test("is read whatever its numbers, marks and date are", () => {
    const parts = fc.record({
      day: fc.date({
        min: new Date("2000-01-01T00:00:00Z"),
        max: new Date("2099-12-31T23:59:59Z"),
        noInvalidDate: true,
      }),
      value: fc.integer({ min: 0, max: 999 }),
      control: fc.boolean(),
      meal: fc.constantFrom("N", "B", "A"),
    });
    fc.assert(
      fc.property(parts, ({ day, value, control, meal }) => {
        const wall = day.toISOString().slice(0, 19);
        const [year = "", month = "", date = ""] = wall.slice(0, 10).split("-");
        const result = `${control ? "C" : " "} ${String(value).padStart(3, "0")} `;
        const reading = readRecord(
          record({ date: `${month}/${date}/${year.slice(2)}`, time: wall.slice(11), result, meal }),
        );
        expect(reading.deviceTime).toBe(wall);
        expect(reading.value).toBe(Math.min(600, Math.max(20, value)));
        expect(reading.outOfRange).toBe(value < 20 ? "low" : value > 600 ? "high" : null);
        expect(reading.control).toBe(control);
        expect(reading.asSent).toBe(result);
        expect(reading.meal).toBe({ N: null, B: "before", A: "after" }[meal]);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["  HI  ", 600, "high", false],
    ["  HIGH", 600, "high", false],
    ["  LO  ", 20, "low", false],
    ["C HI  ", 600, "high", true],
  ] as const)(
    "with the word in %j is beyond the meter's limits, never a number",
    (result, value, outOfRange, control) => {
      expect(readRecord(record({ result }))).toMatchObject({ value, outOfRange, control, asSent: result });
    },
  );

  test.each([
    ["01", "Too little food"],
    ["07", "Illness"],
    ["11", "Other"],
    ["12", "Comment 12"],
    ["  ", null],
    ["A1", "Comment A1"],
  ])("with comment %j is kept with the note %j", (comment, note) => {
    expect(readRecord(record({ comment })).note).toBe(note);
  });

  test("with an unknown meal letter is kept, with a note of it", () => {
    expect(readRecord(record({ meal: "X", comment: "06" }))).toMatchObject({ meal: null, note: "Meal mark X; Stress" });
  });

  test.each([
    ["a day that does not exist", { date: "02/31/24" }, 12],
    ["a leap day in no leap year", { date: "02/29/23" }, 12],
    ["month 13", { date: "13/01/24" }, 9],
    ["month 0", { date: "00/01/24" }, 9],
    ["day 0", { date: "01/00/24" }, 12],
    ["hour 24", { time: "24:00:00" }, 20],
    ["minute 60", { time: "23:60:00" }, 23],
    ["second 60", { time: "23:59:60" }, 26],
    ["no date", { date: "        " }, 9],
    ["the meter's mark of a damaged cell", { result: "  081?" }, 39],
    ["an unknown mark before the value", { result: "X 081 " }, 34],
    ["a second mark before the value", { result: " X081 " }, 35],
    ["a value of two digits", { result: "  81  " }, 38],
    ["a sign in the value", { result: "  -81 " }, 36],
    ["an unknown status", { end: ", 01" }, 53],
    ["no status", { end: "" }, 50],
    ["something after its end", { end: ", 00," }, 54],
  ])("with %s is refused with the offset", (_, parts, offset) => {
    expect(problemOf(() => readRecord(record(parts)))).toEqual({ code: "FRAME_MALFORMED", offset });
  });

  test("counts offsets from the frame's start, the cable's zeros included", () => {
    const frame = Uint8Array.from([0, 0, ...record({ date: "02/31/24" })]);
    expect(problemOf(() => readRecord(frame))).toEqual({ code: "FRAME_MALFORMED", offset: 14 });
  });

  test("with any single bit turned over is never read", () => {
    const frame = record({ result: "C 123 ", meal: "A", comment: "03" });
    expect(frame).toHaveLength(61);
    let refused = 0;
    for (const [at, byte] of frame.entries()) {
      for (let bit = 0; bit < 8; bit += 1) {
        const faulty = Uint8Array.from(frame);
        faulty[at] = byte ^ (1 << bit);
        if (problemOf(() => readRecord(faulty)).code.startsWith("FRAME_")) refused += 1;
      }
    }
    expect(refused).toBe(61 * 8);
  });
});

describe("a line", () => {
  test.each([
    ["none", "F", 1],
    ["three digits", "F 046\r\n", 5],
    ["small letters", "? 003f\r\n", 6],
    ["one too great", "? 0040\r\n", 2],
    ["nothing at all", "", 0],
  ])("whose checksum is %s is damaged", (_, text, offset) => {
    expect(problemOf(() => checkedLine(latin1Bytes(text)))).toEqual({ code: "FRAME_CHECKSUM", offset });
  });

  test("sums beyond 65,535 begin again at 0", () => {
    const text = `?${"~".repeat(600)}`;
    expect(63 + 126 * 600).toBeGreaterThan(65_536);
    expect(readFirmware(latin1Bytes(`${text} ${(63 + 126 * 600 - 65_536).toString(16).toUpperCase()}\r\n`))).toBe(
      "~".repeat(600),
    );
  });

  test.each([
    ["an unknown unit", () => readUnit(sent('SU?,"MG/L  "')), 5],
    ["a clock that shows nothing", () => readClock(sent('F "   ","        ","           "')), 3],
    ["a serial number of eight letters", () => readSerial(sent('@ "1234567Y"')), 11],
    ["a count of two digits", () => readHeader(sent('P 03,"12345678Y","MG/DL "')), 4],
    ["an empty version", () => readFirmware(sent("?")), 0],
  ])("with %s is refused with the offset", (_, read, offset) => {
    expect(problemOf(read)).toEqual({ code: "FRAME_MALFORMED", offset });
  });

  test("of any bytes is read or refused with a frame problem, by every reader", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .string({ maxLength: 60 })
        .filter((text) => /^[ -~]*$/.test(text))
        .map(sent),
    );
    fc.assert(
      fc.property(bytes, fc.constantFrom(...READERS), (frame, read) => {
        try {
          read(frame);
        } catch (error) {
          expect(isProblem(error, "FRAME_CHECKSUM", "FRAME_MALFORMED")).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

test("the driver's words are the five that read, each after DC1 and CR, with CR behind if asked", () => {
  expect(Object.values(QUERIES).sort()).toEqual(["DM?", "DM@", "DMF", "DMP", "DMSU?"]);
  expect([...queryBytes("clock", false)]).toEqual([0x11, 0x0d, 0x44, 0x4d, 0x46]);
  expect([...queryBytes("clock", true)]).toEqual([0x11, 0x0d, 0x44, 0x4d, 0x46, 0x0d]);
});
