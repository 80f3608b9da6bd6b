import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { readAnswer } from "../shared/abbott-hid/answer.js";
import { readLog } from "../shared/abbott-hid/log.js";
import { readRecord } from "./codec.js";

interface Vector {
  readonly description: string;
  readonly input_text: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

const FILE = new URL("../../../shared/vectors/set-b/freestyle-precision-neo.json", import.meta.url);

/** The reading of a record. Throws if it tells something else. */
function reading(text: string): SourceReading {
  const [told, more] = readRecord(latin1Bytes(text));
  if (told === undefined || more !== undefined || !("reading" in told)) throw new Error("no reading");
  return told.reading;
}

/** The field of the problem that it throws; null if it throws none. */
function refusedField(text: string): unknown {
  try {
    readRecord(latin1Bytes(text));
    return null;
  } catch (error) {
    if (isProblem(error, "FRAME_MALFORMED")) return error.context["field"];
    throw error;
  }
}

const glucose = (value: string | number, blood: string | number = 1, rest = "0,0,0,0,0,0,0,0"): string =>
  `7,31,2,29,24,23,5,1,${value},0,${blood},${rest}\r\n`;
const ketone = (value: string | number, blood: string | number = 1): string =>
  `9,32,2,29,24,23,6,1,${value},${blood},0\r\n`;

describe.skipIf(!existsSync(FILE))("the samples of set b", () => {
  test("read as their owners saw them", () => {
    const vectors: readonly Vector[] = JSON.parse(readFileSync(FILE, "utf8")).vectors;
    let ran = 0;
    for (const { description, input_text, expected } of vectors) {
      if ("records" in expected) {
        const { message } = readAnswer(latin1Bytes(input_text));
        const lines = [...readLog(message).lines()].map(latin1);
        const wanted = expected["records"] as readonly Vector["expected"][];
        expect(lines).toHaveLength(6);
        for (const [at, line] of lines.entries()) check(line, wanted[at] ?? {}, description);
      } else check(input_text, expected, description);
      ran += 1;
    }
    expect(ran).toBe(4);
  });

  function check(text: string, expected: Vector["expected"], why: string): void {
    if (expected["kind"] === "clock-change") {
      expect(readRecord(latin1Bytes(text)), why).toMatchObject([
        { change: { order: Number(text.split(",")[1]), from: expected["old_local"], to: expected["new_local"] } },
      ]);
      return;
    }
    const read = reading(text);
    expect(read, why).toMatchObject({ kind: expected["kind"], index: expected["id"], order: expected["id"] });
    expect(read.deviceTime, why).toBe(expected["local_time"]);
    expect(read.control, why).toBe(expected["control"] === true);
    const shown = expected["displayed_mmol_l"] ?? expected["mmol_l"];
    if (expected["out_of_range"] === "HI") expect(read, why).toMatchObject({ value: 500, outOfRange: "high" });
    else if (expected["out_of_range"] === "LO") expect(read, why).toMatchObject({ value: 20, outOfRange: "low" });
    else expect(read.value, why).toBe(expected["mg_dl"] ?? expected["units"] ?? shown);
    if ("raw" in expected) expect(read.asSent, why).toBe(String(expected["raw"]));
    if ("insulin_type" in expected) expect([read.delivery, read.note], why).toEqual(["bolus", "Lunch"]);
  }
});

test("control solution taken for a reading on Neo: a 0 in the eleventh field of glucose, the tenth of ketone", () => {
  expect(reading(glucose(110, 0))).toMatchObject({ value: 110, control: true, specimen: "control" });
  expect(reading(glucose(110, 1))).toMatchObject({ value: 110, control: false, specimen: null });
  expect(reading(glucose("HI", 0))).toMatchObject({ control: true, outOfRange: "high" });
  expect(reading(ketone(18, 0))).toMatchObject({ value: 1, control: true, specimen: "control" });
  expect(reading(ketone(18, 1))).toMatchObject({ value: 1, control: false, specimen: null });
  // Any other number is a test of blood; what is no number may be anything.
  expect(reading(glucose(110, 3)).control).toBe(false);
  for (const mark of ["", "x", "-1"]) expect(refusedField(glucose(110, mark))).toBe(10);
  for (const mark of ["", "x"]) expect(refusedField(ketone(18, mark))).toBe(9);
});

test("HI and LO are the bound with a flag, never 501 or 19, and ketone HI is above 8", () => {
  expect(reading(glucose("HI"))).toMatchObject({ value: 500, outOfRange: "high", unit: "mg/dL", asSent: "HI" });
  expect(reading(glucose("LO"))).toMatchObject({ value: 20, outOfRange: "low", unit: "mg/dL", asSent: "LO" });
  expect(reading(glucose(501))).toMatchObject({ value: 500, outOfRange: "high", asSent: "501" });
  expect(reading(glucose(19))).toMatchObject({ value: 20, outOfRange: "low", asSent: "19" });
  expect([20, 500].map((value) => reading(glucose(value)).outOfRange)).toEqual([null, null]);
  expect(reading(ketone("HI"))).toMatchObject({ kind: "ketone", value: 8, outOfRange: "high", unit: "mmol/L" });
  expect(reading(ketone(145))).toMatchObject({ value: 8, outOfRange: "high" });
  expect(refusedField(ketone("LO"))).toBe(8);
});

test("ketone is rounded to the tenths that the display shows, and kept as sent", () => {
  expect([0, 1, 3, 6, 9, 27, 144].map((raw) => reading(ketone(raw)).value)).toEqual([0, 0.1, 0.2, 0.3, 0.5, 1.5, 8]);
  expect(reading(ketone(6)).asSent).toBe("6");
});

test("insulin is told with how it acts, and an unknown kind of it is not", () => {
  const dose = (kind: number): string => `10,33,2,29,24,23,7,1,${kind},12,0,0,0\r\n`;
  expect([0, 1, 2, 3, 4].map((kind) => [reading(dose(kind)).delivery, reading(dose(kind)).note])).toEqual([
    ["basal", "Morning"],
    ["bolus", "Breakfast"],
    ["bolus", "Lunch"],
    ["basal", "Evening"],
    ["bolus", "Dinner"],
  ]);
  expect(reading(dose(2))).toMatchObject({ kind: "insulin", value: 12, unit: "U", asSent: "insulin 2 12" });
  expect(refusedField(dose(5))).toBe(8);
});

test("a reading taken while the clock was lost is told without a time, and says so", () => {
  expect(reading("7,31,1,1,7,0,9,0,127,0,1,0,0,0,0,0,0,0,0\r\n")).toMatchObject({
    value: 127,
    deviceTime: null,
    note: "The clock was not set and showed 1,1,7,0,9",
  });
  expect(readRecord(latin1Bytes("6,58,9,14,23,16,20,0,255,255,255,255,255\r\n"))).toMatchObject([
    { change: { order: 58, from: null, to: null, shownFrom: "255,255,255,255,255", shownTo: "9,14,23,16,20" } },
  ]);
});

test("fields that nobody understands are noted where they are not 0", () => {
  expect(reading(glucose(105, 1, "0,4,0,0,0,0,0,1")).note).toBe("Field 13: 4; Field 19: 1");
  expect(reading(glucose(105, 1, "0,0,0,0,0,0,0,0,7")).note).toBe("Field 20: 7");
  expect(reading(glucose(105)).note).toBeNull();
});

test.each([
  ["a kind that nobody has seen", "8,1,9,14,23,16,20,1,127", 0],
  ["basal titration, whose layout is not known", "11,1,9,14,23,16,20,1,127,0,1,0,0", 0],
  ["no kind", ",1,9,14,23,16,20,1,127", 0],
  ["a field too few", "7,1,9,14,23,16,20,1,127,0,1,0,0,0,0,0,0,0", 18],
  ["a month 13", "7,1,13,14,23,16,20,1,127,0,1,0,0,0,0,0,0,0,0", 2],
  ["a day that does not exist", "7,1,2,29,23,16,20,1,127,0,1,0,0,0,0,0,0,0,0", 2],
  ["hour 24", "7,1,9,14,23,24,20,1,127,0,1,0,0,0,0,0,0,0,0", 2],
  ["a value of 0", "7,1,9,14,23,16,20,1,0,0,1,0,0,0,0,0,0,0,0", 8],
  ["a value of no glucose", "7,1,9,14,23,16,20,1,65535,0,1,0,0,0,0,0,0,0,0", 8],
  ["a word for a value", "7,1,9,14,23,16,20,1,E-4,0,1,0,0,0,0,0,0,0,0", 8],
  ["no number", "7,,9,14,23,16,20,1,127,0,1,0,0,0,0,0,0,0,0", 1],
])("a record with %s is not read", (_, text, field) => {
  expect(refusedField(`${text}\r\n`)).toBe(field);
});

test("any record is read with its own numbers, and any line is read or refused by name", () => {
  const when = fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(when, fc.integer({ min: 1, max: 1_023 }), fc.boolean(), fc.nat(65_535), (date, value, control, id) => {
      const wall = `${date.toISOString().slice(0, 16)}:00`;
      const [year = 0, month, day, hour, minute] = wall.split(/\D/).map(Number);
      const text = `7,${id},${month},${day},${year - 2000},${hour},${minute},1,${value},0,${control ? 0 : 1},0,0,0,0,0,0,0,0\r\n`;
      const read = reading(text);
      expect(read).toMatchObject({ deviceTime: wall, index: id, order: id, control, asSent: String(value) });
      expect(read.value).toBe(Math.min(500, Math.max(20, value)));
      expect(read.outOfRange).toBe(value < 20 ? "low" : value > 500 ? "high" : null);
      expect(latin1(read.raw)).toBe(text);
    }),
    { numRuns: 300 },
  );
  const field = fc.oneof(fc.nat(300).map(String), fc.constantFrom("HI", "LO", "", "7", "9", "10", "6", "1", "0"));
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 22 }), (all) => {
      expect(refusedField(`${all.join(",")}\r\n`)).not.toBeUndefined();
    }),
    { numRuns: 1_000 },
  );
});
