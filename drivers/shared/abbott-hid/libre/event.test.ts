import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../../src/domain/problem.js";
import type { SourceReading } from "../../../../src/domain/reading.js";
import { hex, latin1Bytes, unhex } from "../../../../src/kit/bytes.js";
import { numbersOf, unitQuestion } from "../question.js";
import { sum32 } from "../sum32.js";
import type { Told } from "../tell.js";
import { LIBRE_2_COLUMNS, LIBRE_3_COLUMNS, LIBRE_COLUMNS } from "./columns.js";
import { readEvent } from "./event.js";
import { readHistory } from "./history.js";

const ALL = [LIBRE_COLUMNS, LIBRE_2_COLUMNS, LIBRE_3_COLUMNS];

interface Vector {
  readonly description: string;
  readonly input_hex?: string;
  readonly input_text?: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

const FILE = new URL("../../../../../shared/vectors/set-b/freestyle-libre.json", import.meta.url);

function event(text: string, readers = ALL): readonly Told[] {
  return readEvent(latin1Bytes(text), readers);
}

function readingsOf(told: readonly Told[]): readonly SourceReading[] {
  return told.flatMap((one) => ("reading" in one ? [one.reading] : []));
}

/** The code of the problem that it throws; `none` if it throws none. */
function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "none";
}

describe.skipIf(!existsSync(FILE))("the samples of the readers", () => {
  test("read as their owners saw them", () => {
    const vectors: readonly Vector[] = JSON.parse(readFileSync(FILE, "utf8")).vectors;
    let ran = 0;
    for (const { description, input_hex, input_text, expected } of vectors) {
      if (input_hex !== undefined) checkCaptured(unhex(input_hex), expected, description);
      else if ("0" in expected) checkUnits(input_text ?? "", expected);
      else if ("new_local" in expected) checkChange(input_text ?? "", expected, description);
      else checkReading(input_text ?? "", expected, description);
      ran += 1;
    }
    expect(ran).toBe(13);
  });

  function checkCaptured(bytes: Uint8Array, expected: Vector["expected"], why: string): void {
    expect(sum32(bytes), why).toBe(expected["content_byte_sum"]);
    const [record] = expected["records"] as readonly Record<string, unknown>[];
    const told = readEvent(bytes, ALL);
    expect(told, why).toHaveLength(1);
    expect(readingsOf(told)[0], why).toMatchObject({
      index: record?.["id"],
      deviceTime: record?.["local_time"],
      value: record?.["mg_dl"],
      note: null,
      specimen: "interstitial",
    });
    expect(hex(bytes).replaceAll(" ", "")).toContain(expected["comment2_bytes_hex"]);
  }

  function checkUnits(text: string, expected: Vector["expected"]): void {
    const answers = text.split(" | ");
    expect(answers).toHaveLength(2);
    for (const answer of answers) {
      const message = latin1Bytes(answer);
      expect(unitQuestion("$uom?").read(message)).toBe(expected[String(numbersOf(message, 1)[0])]);
    }
  }

  function checkChange(text: string, expected: Vector["expected"], why: string): void {
    const [told] = event(text);
    expect(told, why).toMatchObject({
      change: { order: Number(text.split(",")[0]), from: expected["old_local"], to: expected["new_local"] },
    });
  }

  function checkReading(text: string, expected: Vector["expected"], why: string): void {
    const isHistory = text.split(",")[1] === "12";
    const told = isHistory ? readHistory(latin1Bytes(text), ALL) : event(text);
    if (expected["valid"] === false) {
      expect(told, why).toEqual([{ passedOver: "the sensor had no value" }]);
      return;
    }
    const readings = readingsOf(told);
    expect(told.length, why).toBe(readings.length);
    const [main] = readings;
    if ("id" in expected) expect(main?.index, why).toBe(expected["id"]);
    if ("local_time" in expected) expect(main?.deviceTime, why).toBe(expected["local_time"]);
    expect(main?.value, why).toBe(expected["mg_dl"] ?? expected["mmol_l"]);
    const specimens: Readonly<Record<string, string>> = {
      "sensor-scan": "interstitial",
      "sensor-history": "interstitial",
      "blood-glucose": "capillary",
      ketone: "capillary",
    };
    expect(main?.specimen, why).toBe(specimens[String(expected["kind"])]);
    expect(main?.kind, why).toBe(expected["kind"] === "ketone" ? "ketone" : "glucose");
    const doses = (delivery: string): readonly (number | null)[] =>
      readings.filter((one) => one.delivery === delivery).map(({ value }) => value);
    expect(doses("bolus"), why).toEqual("rapid_insulin_units" in expected ? [expected["rapid_insulin_units"]] : []);
    expect(doses("basal"), why).toEqual("long_insulin_units" in expected ? [expected["long_insulin_units"]] : []);
    const carbs = readings.filter(({ kind }) => kind === "carbs").map(({ value }) => value);
    expect(carbs, why).toEqual("carbs_g" in expected ? [expected["carbs_g"]] : []);
    expect(main?.note ?? "", why).toBe(expected["sport"] === true ? "Exercise; Medication" : "");
  }
});

/** A record of what a person did, column by column, as the reader of that layout has it; apart from the codec. */
function record(layout: "1" | "2" | "3", change: Readonly<Record<number, string | number>> = {}, trailer = ""): string {
  const columns: (string | number)[] = Array.from({ length: { 1: 35, 2: 38, 3: 28 }[layout] }, () => 0);
  [4711, 2, 6, 24, 24, 21, 28, 16, 1, 2, 0, 0, 118, 1, 3].forEach((value, at) => {
    columns[at] = value;
  });
  if (layout === "1")
    ["Sport", "Work", "Cold", "Stress", "", ""].forEach((text, at) => {
      columns[29 + at] = `"${text}"`;
    });
  if (layout === "2")
    ["Sport", "Work", "Cold", "Stress", "", ""].forEach((text, at) => {
      columns[32 + at] = text === "" ? "" : `"${text}"`;
    });
  for (const [at, value] of Object.entries(change)) columns[Number(at)] = value;
  return `${columns.join(",")}${trailer}\r\n`;
}

const TRAILER = ",7,6,24,24,21,28,16,1,9";

test("the Libre 2 insulin column that is really a minute: the dose is read from the end", () => {
  for (const layout of ["1", "2", "3"] as const) {
    const told = event(record(layout, { 17: 1 }, TRAILER));
    const doses = readingsOf(told).filter(({ kind }) => kind === "insulin");
    // The minute is 28, which would be 14 units.
    expect(doses.map(({ value, unit, delivery, asSent }) => [value, unit, delivery, asSent])).toEqual([
      [4.5, "U", "bolus", "rapid 9"],
    ]);
    expect(doses[0]?.deviceTime).toBe("2024-06-24T21:28:16");
  }
});

test("a trailer that does not repeat the record's time, or is not marked, costs the dose and not the glucose", () => {
  const wrong = [
    ",7,6,24,24,21,29,16,1,9",
    ",8,6,24,24,21,28,16,1,9",
    ",7,6,24,24,21,28,16,0,9",
    ",7,6,24,24,21,28,16,1,",
    "",
  ];
  for (const trailer of wrong) {
    const told = event(record("2", { 17: 1 }, trailer));
    expect(told.map((one) => Object.keys(one)[0])).toEqual(["reading", "unreadable"]);
    expect(readingsOf(told)[0]).toMatchObject({ kind: "glucose", value: 118 });
  }
  // A trailer, and nothing says that there should be one.
  const unmarked = event(record("2", {}, TRAILER));
  expect(unmarked.map((one) => Object.keys(one)[0])).toEqual(["reading", "unreadable"]);
  expect(wrong).toHaveLength(5);
});

test("comments read three columns off: each reader has its own place for them, and only marked ones apply", () => {
  for (const layout of ["1", "2"] as const) {
    const [reading] = readingsOf(event(record(layout, { 19: 0b001010 })));
    expect(reading?.note).toBe("Work; Stress");
    expect(readingsOf(event(record(layout)))[0]?.note).toBeNull();
    expect(readingsOf(event(record(layout, { 19: 0b110000 })))[0]?.note).toBe("Comment 5; Comment 6");
    expect(readingsOf(event(record(layout, { 19: 64 })))[0]?.note).toBe("Comment mark 64");
  }
  // The Libre 3 reader has none: its column 19 is another.
  expect(readingsOf(event(record("3", { 19: 1 })))[0]?.note).toBeNull();
});

test("a comment cut in the middle of a character loses that character, and the record nothing else", () => {
  const [reading] = readingsOf(event(record("1", { 19: 1, 29: '"Tr\xc3\xa8s fatigu\xc3"', 15: 1, 16: 1 })));
  expect(reading).toMatchObject({ note: "Exercise; Medication; Très fatigu", value: 118 });
});

test("a sensor's LO is below 40 and a strip's below 20, and HI above 500: never a number beyond", () => {
  const scan = (value: number, flag: number) => readingsOf(event(record("1", { 11: flag, 12: value })))[0];
  const strip = (value: number, flag: number) =>
    readingsOf(event(record("1", { 9: 0, 13: 0, 11: flag, 12: value })))[0];
  for (const [value, flag] of [
    [0, 1],
    [39, 1],
    [40, 1],
    [39, 0],
  ] as const) {
    expect(scan(value, flag)).toMatchObject({ value: 40, outOfRange: "low" });
  }
  for (const [value, flag] of [
    [0, 1],
    [20, 1],
    [19, 0],
  ] as const) {
    expect(strip(value, flag)).toMatchObject({ value: 20, outOfRange: "low" });
  }
  expect(scan(40, 0)).toMatchObject({ value: 40, outOfRange: null });
  expect(scan(500, 0)).toMatchObject({ value: 500, outOfRange: null });
  for (const one of [scan, strip]) expect(one(501, 0)).toMatchObject({ value: 500, outOfRange: "high" });
  expect(strip(25, 0)).toMatchObject({ value: 25, outOfRange: null });
});

test("a strip, a scan and the sensor's own value of the same second can't be taken for each other", () => {
  const scan = readingsOf(event(record("1")))[0];
  const strip = readingsOf(event(record("1", { 9: 0, 13: 0 })))[0];
  const own = readingsOf(readHistory(latin1Bytes("4711,12,6,24,24,21,28,16,1,0,0,0,0,118,15,0\r\n"), ALL))[0];
  expect([scan, strip, own].map((one) => [one?.specimen, one?.asSent])).toEqual([
    ["interstitial", "scan 118"],
    ["capillary", "strip 118"],
    ["interstitial", "history 118"],
  ]);
});

test("ketone is told in tenths as the display shows it, and above 8 as HI", () => {
  const ketone = (value: number) => readingsOf(event(record("1", { 9: 1, 13: 0, 12: value })))[0];
  expect([0, 1, 6, 9, 144].map((value) => ketone(value)?.value)).toEqual([0, 0.1, 0.3, 0.5, 8]);
  expect(ketone(144)?.outOfRange).toBeNull();
  expect(ketone(145)).toMatchObject({ kind: "ketone", value: 8, outOfRange: "high", unit: "mmol/L" });
});

test("insulin and food that were ticked without an amount are notes, not nothing", () => {
  const told = readingsOf(event(record("1", { 17: 1, 18: 1, 25: 1 }, ",7,6,24,24,21,28,16,1,0")));
  expect(told.map(({ kind, value, note }) => [kind, value, note])).toEqual([
    ["glucose", 118, null],
    ["note", null, "Rapid-acting insulin, no amount entered"],
    ["note", null, "Long-acting insulin, no amount entered"],
    ["note", null, "Food, no amount entered"],
  ]);
});

test("insulin, food and notes of a scan that failed are told all the same", () => {
  const failed = { 11: 1, 12: 0, 28: 32_768 };
  const told = event(record("1", { ...failed, 15: 1, 17: 1, 18: 1, 23: 44, 25: 1, 26: 60 }, TRAILER));
  expect(readingsOf(told).map(({ kind, value, note }) => [kind, value, note])).toEqual([
    ["note", null, "Exercise"],
    ["insulin", 4.5, null],
    ["insulin", 22, null],
    ["carbs", 60, null],
  ]);
  expect(event(record("1", failed))).toEqual([{ passedOver: "the measurement failed" }]);
});

test("a dose or food that is not marked as one is told as unreadable beside the glucose", () => {
  for (const change of [{ 23: 8 }, { 26: 40 }, { 18: 2 }, { 25: 7 }]) {
    expect(event(record("1", change)).map((one) => Object.keys(one)[0])).toEqual(["reading", "unreadable"]);
  }
});

test.each([
  ["an error that nobody knows", record("1", { 28: 4 })],
  ["an error and a value", record("1", { 28: 32_768 })],
  ["a glucose of 0 without LO or error", record("1", { 12: 0 })],
  ["LO and a value that is not low", record("1", { 11: 1 })],
  ["more than ten bits", record("1", { 12: 1_024 })],
  ["another kind of measurement", record("1", { 9: 3 })],
  ["a strip by a sensor", record("1", { 9: 0 })],
  ["a scan by a strip", record("1", { 13: 0 })],
  ["ketone that is LO", record("1", { 9: 1, 13: 0, 11: 1, 12: 0 })],
  ["a day that does not exist", record("1", { 2: 2, 3: 30 })],
  ["a column too few", record("1").replace(",0,", ",")],
  ["a result with servings instead of grams", record("1", { 1: 0 })],
  ["a test with control solution, whose layout nobody knows", record("1", { 1: 4 })],
  ["a clock change of another kind", record("1", { 1: 46 })],
  ["a kind that nobody has seen", record("1", { 1: 99 })],
  ["no kind", record("1", { 1: "" })],
  ["a clock change cut short", "912,5,9,14,23,16,20,0,1,9,14\r\n"],
])("a record with %s is not read", (_, text) => {
  expect(codeOf(() => event(text))).toBe("FRAME_MALFORMED");
});

test.each([
  ["another kind", "7,2,6,24,24,21,28,16,1,0,0,0,0,118,15,0"],
  ["a column too many", "7,12,6,24,24,21,28,16,1,0,0,0,0,118,15,0,0"],
  ["an error that nobody knows", "7,12,6,24,24,21,28,16,1,0,0,0,0,118,15,2"],
  ["no value and no error", "7,12,6,24,24,21,28,16,1,0,0,0,0,0,15,0"],
  ["hour 24", "7,12,6,24,24,24,28,16,1,0,0,0,0,118,15,0"],
])("a value of the sensor with %s is not read", (_, text) => {
  expect(codeOf(() => readHistory(latin1Bytes(text), ALL))).toBe("FRAME_MALFORMED");
});

test("a reader's records are read with its own columns only", () => {
  const texts = { 1: record("1"), 2: record("2"), 3: record("3") };
  expect(codeOf(() => event(texts[2], [LIBRE_COLUMNS]))).toBe("FRAME_MALFORMED");
  expect(codeOf(() => event(texts[1], [LIBRE_2_COLUMNS, LIBRE_3_COLUMNS]))).toBe("FRAME_MALFORMED");
  for (const [at, reader] of ALL.entries()) {
    const layout = (["1", "2", "3"] as const)[at] ?? "1";
    expect(codeOf(() => event(texts[layout], [reader]))).toBe("none");
  }
  // With and without a trailer, no two readers' records are of one length.
  const lengths = ALL.flatMap(({ event: { columns } }) => [columns, columns + 9]);
  expect(new Set(lengths).size).toBe(6);
});

test("a record made while the clock was not set has no time, and says what was shown", () => {
  const [reading] = readingsOf(event(record("1", { 8: 0 })));
  expect(reading).toMatchObject({ deviceTime: null, note: "The clock was not set and showed 6,24,24,21,28,16" });
  const impossible = readingsOf(event(record("1", { 2: 255, 3: 255, 4: 255, 8: 0 })))[0];
  expect(impossible).toMatchObject({ deviceTime: null, value: 118 });
});

test("records that hold no reading are passed over and counted, an unknown column is noted", () => {
  for (const kind of [13, 14, 17, 32, 45, 47, 52]) {
    expect(event(`7,${kind},6,24,24,21,28,16,1,0\r\n`)).toEqual([{ passedOver: `records of kind ${kind}` }]);
  }
  expect(readingsOf(event(record("1", { 10: 5 })))[0]?.note).toBe("Column 10: 5");
});

test("any line is read or refused by name, and what is read has a value that a person could have", () => {
  const column = fc.oneof(fc.nat(70_000).map(String), fc.constantFrom("0", "1", "2", "5", '"a"', "", "x"));
  const noise = fc.array(column, { minLength: 1, maxLength: 50 }).map((all) => all.join(","));
  const near = fc
    .tuple(fc.constantFrom("1" as const, "2" as const, "3" as const), fc.nat(37), column)
    .map(([layout, at, text]) => record(layout, { [at]: text }));
  fc.assert(
    fc.property(fc.oneof(noise, near), (text) => {
      for (const read of [readEvent, readHistory]) {
        try {
          for (const { value, kind } of readingsOf(read(latin1Bytes(text), ALL))) {
            if (kind === "glucose") expect(value).toBeGreaterThanOrEqual(20);
            if (kind === "glucose") expect(value).toBeLessThanOrEqual(500);
            if (kind === "ketone") expect(value).toBeLessThanOrEqual(8);
          }
        } catch (error) {
          expect(isProblem(error, "FRAME_MALFORMED")).toBe(true);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});
