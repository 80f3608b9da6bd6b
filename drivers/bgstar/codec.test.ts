import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import {
  questionOf,
  readClock,
  readCount,
  readHello,
  readRecord,
  readSerial,
  readUnit,
  requestBytes,
  WORDS,
} from "./codec.js";

function read(text: string, unit = "mg/dL") {
  return readRecord(text, latin1Bytes(`${text}\r`), unit);
}

function record({ marks = "1 0", value = "104", meal = "0", at = "2024 2 29 7 31 5" }) {
  return `200 glurec ${marks} ${value} ${meal} ${at}`;
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}

interface Vector {
  readonly input_text: string;
  readonly description: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

const VECTORS = new URL("../../../shared/vectors/set-b/bgstar-mystar.json", import.meta.url);

describe.skipIf(!existsSync(VECTORS))("the samples of set b", () => {
  test("read as expected", () => {
    let ran = 0;
    for (const { input_text, expected, description } of JSON.parse(readFileSync(VECTORS, "utf8")).vectors as Vector[]) {
      const text = input_text.replace(/\r$/, "");
      if ("serial" in expected) expect(readSerial(text), description).toBe(expected["serial"]);
      else if ("record_count" in expected) expect(readCount(text), description).toBe(expected["record_count"]);
      else {
        const [when, meal] = String(expected["meal"]).split("-");
        const wall = String(expected["local_time"]).replace(/\b\d\b/g, "0$&");
        const reading = read(text);
        expect(reading, description).toMatchObject({ value: expected["mg_dl"], meal: when, deviceTime: wall });
        expect(reading.note?.toLowerCase()).toBe(meal);
      }
      ran += 1;
    }
    expect(ran).toBe(3);
  });
});

describe("a record", () => {
  test("is read whatever its numbers, marks, meal and date are", () => {
    const parts = fc.record({
      at: fc.date({ min: new Date("2000-01-01T00:00Z"), max: new Date("2099-12-31T23:59Z"), noInvalidDate: true }),
      value: fc.integer({ min: 1, max: 999 }),
      meal: fc.integer({ min: 0, max: 6 }),
      marks: fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })),
    });
    fc.assert(
      fc.property(parts, ({ at, value, meal, marks }) => {
        const wall = at.toISOString().slice(0, 19);
        const text = record({
          marks: marks.join(" "),
          value: String(value),
          meal: String(meal),
          at: wall.split(/[-T:]/).map(Number).join(" "),
        });
        expect(read(text)).toMatchObject({
          deviceTime: wall,
          value: Math.min(600, Math.max(20, value)),
          outOfRange: value < 20 ? "low" : value > 600 ? "high" : null,
          unit: "mg/dL",
          meal: meal === 0 ? null : meal % 2 === 1 ? "before" : "after",
          note: [null, "Breakfast", "Breakfast", "Lunch", "Lunch", "Dinner", "Dinner"][meal],
          control: false,
          asSent: String(value),
        });
      }),
      { numRuns: 500 },
    );
  });

  test("keeps its zeros out of nothing: numbers come without those before them, in midnight and in January", () => {
    expect(read(record({ at: "2021 1 2 0 0 5" })).deviceTime).toBe("2021-01-02T00:00:05");
    expect(read(record({ at: "2021 01 02 00 00 05" })).deviceTime).toBe("2021-01-02T00:00:05");
  });

  test("of a failed measurement is no reading, whatever follows the E", () => {
    for (const value of ["E", "E4", "E-5", "Err"]) {
      expect(codeOf(() => read(record({ value })))).toBe("FRAME_MALFORMED");
      expect(codeOf(() => read(`200 glurec 1 0 ${value}`))).toBe("FRAME_MALFORMED");
    }
  });

  test.each([
    ["a meal that might mean control solution", { meal: "7" }],
    ["no meal", { meal: "" }],
    ["a mark of two digits", { marks: "10 0" }],
    ["a value of 0", { value: "0" }],
    ["a value of four digits", { value: "1000" }],
    ["a fraction, which no mg/dL has", { value: "5.6" }],
    ["a sign", { value: "-104" }],
    ["a day that does not exist", { at: "2024 2 30 7 31 5" }],
    ["month 0", { at: "2024 0 1 7 31 5" }],
    ["hour 24", { at: "2024 2 1 24 0 0" }],
    ["no seconds", { at: "2024 2 1 23 0" }],
    ["a field too many", { at: "2024 2 1 23 0 0 0" }],
    ["a year of two digits", { at: "20 2 1 23 0 0" }],
    ["a letter in its date", { at: "2024 2 1 2E 0 0" }],
  ])("with %s is refused, not guessed at", (_, parts) => {
    expect(codeOf(() => read(record(parts)))).toBe("FRAME_MALFORMED");
  });

  test("of a meter that shows mmol/L is refused: in what unit it sends is not known", () => {
    expect(codeOf(() => read(record({}), "mmol/L"))).toBe("FRAME_MALFORMED");
    expect(codeOf(() => read(record({}), "mg%"))).toBe("FRAME_MALFORMED");
  });
});

describe("an answer", () => {
  test("tells which question it is for", () => {
    const answers = {
      hello: "200 hello STAR-EX",
      serial: "200 serial A1",
      unit: "200 gluunit mg/dL",
      clock: "200 2024 5 6 7 8 9",
      count: "200 glucount 12",
      record: record({}),
    };
    for (const [question, text] of Object.entries(answers)) expect(questionOf(text)).toBe(question);
    expect(Object.keys(answers)).toEqual(Object.keys(WORDS));
    expect(["404 what", "100 model x", "20 hello", ""].map(questionOf)).toEqual([null, null, null, null]);
  });

  test("with a serial number is believed with fewer characters than 14: zeros before it are left out", () => {
    expect(readSerial("200 serial RTKW5530871264")).toBe("RTKW5530871264");
    expect(readSerial("200 serial 71264")).toBe("71264");
    expect(codeOf(() => readSerial("200 serial RTKW55308712647"))).toBe("FRAME_MALFORMED");
    expect(codeOf(() => readSerial("200 serial "))).toBe("FRAME_MALFORMED");
  });

  test("with a count is read with or without a blank before it, and refused if it is impossible", () => {
    expect([readCount("200 glucount 0"), readCount("200 glucount1865")]).toEqual([0, 1_865]);
    expect(codeOf(() => readCount("200 glucount 10001"))).toBe("FRAME_MALFORMED");
    expect(codeOf(() => readCount("200 glucount"))).toBe("FRAME_MALFORMED");
  });

  test("with the clock is read with and without its word", () => {
    expect(readClock("200 2024 5 6 7 8 9")).toBe("2024-05-06T07:08:09");
    expect(readClock("200 datetime 2024 5 6 7 8 9")).toBe("2024-05-06T07:08:09");
    expect(codeOf(() => readClock("200 0 0 0 0 0 1"))).toBe("FRAME_MALFORMED");
  });

  test("with a unit is told in our words, or as it came", () => {
    expect(["mg/dL", "MMOL/L", "mg%"].map((unit) => readUnit(`200 gluunit ${unit}`))).toEqual([
      "mg/dL",
      "mmol/L",
      "mg%",
    ]);
  });

  test("with a greeting is one of four letters and two", () => {
    expect(readHello("200 hello STAR-EX")).toBe("STAR-EX");
    expect(codeOf(() => readHello("200 hello STAR"))).toBe("FRAME_MALFORMED");
  });

  test("of any text is read or refused", () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc
        .constantFrom("serial", "glucount", "glurec", "gluunit", "hello")
        .chain((word) => fc.string({ maxLength: 40 }).map((rest) => `200 ${word} ${rest}`)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        for (const reader of [readHello, readSerial, readUnit, readCount, readClock, read]) {
          try {
            reader(text);
          } catch (error) {
            expect(isProblem(error, "FRAME_MALFORMED", "FRAME_CHECKSUM")).toBe(true);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

test("requests are words and CR, and none of them begins with another verb than get and hello", () => {
  expect(latin1(requestBytes("record", 1_864))).toBe("get glurec 1864\r");
  expect(latin1(requestBytes("hello"))).toBe("hello\r");
  expect(Object.values(WORDS).filter((words) => !/^(?:hello|get [a-z]+)$/.test(words))).toEqual([]);
});
