import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { readRecord } from "./codec.js";

const FILE = new URL("../../../shared/vectors/set-b/freestyle-insulinx.json", import.meta.url);

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

describe.skipIf(!existsSync(FILE))("the samples of set b", () => {
  test("read as expected, and what is to be skipped is no reading", () => {
    const { vectors } = JSON.parse(readFileSync(FILE, "utf8")) as {
      vectors: { input_text: string; expected: Record<string, unknown> }[];
    };
    let ran = 0;
    for (const { input_text, expected } of vectors) {
      if (expected["skip"] === true) expect(refusedField(input_text)).toBe(0);
      else {
        expect(reading(input_text)).toMatchObject({
          kind: "glucose",
          deviceTime: expected["local_time"],
          value: expected["mg_dl"],
          unit: "mg/dL",
          index: null,
        });
      }
      ran += 1;
    }
    expect(ran).toBe(2);
  });
});

const record = (value: string | number, unknown = "0,0,0,0,0,0"): string =>
  `0,7,2,29,24,8,5,${unknown},${value},0,0\r\n`;

test("HI and LO are the bound with a flag, never a number beyond", () => {
  expect(reading(record("HI"))).toMatchObject({ value: 500, outOfRange: "high", asSent: "HI" });
  expect(reading(record("LO"))).toMatchObject({ value: 20, outOfRange: "low", asSent: "LO" });
  expect(reading(record(612))).toMatchObject({ value: 500, outOfRange: "high", asSent: "612" });
  expect(reading(record(12))).toMatchObject({ value: 20, outOfRange: "low", asSent: "12" });
});

test("fields that nobody understands are noted where they are not 0: one may mark a control test", () => {
  expect(reading(record(105, "1,0,0,2,0,0"))).toMatchObject({ value: 105, note: "Field 8: 1; Field 11: 2" });
});

test.each([
  ["another kind", "1,7,9,14,23,16,20,0,0,0,0,0,0,127,0,0", 0],
  ["a field too few", "0,7,9,14,23,16,20,0,0,0,0,0,0,127,0", 15],
  ["a field too many", "0,7,9,14,23,16,20,0,0,0,0,0,0,127,0,0,0", 17],
  ["a day that does not exist", "0,7,2,30,23,16,20,0,0,0,0,0,0,127,0,0", 2],
  ["minute 60", "0,7,9,14,23,16,60,0,0,0,0,0,0,127,0,0", 2],
  ["a value of 0", "0,7,9,14,23,16,20,0,0,0,0,0,0,0,0,0", 13],
  ["no value", "0,7,9,14,23,16,20,0,0,0,0,0,0,,0,0", 13],
  ["no number", "0,x,9,14,23,16,20,0,0,0,0,0,0,127,0,0", 1],
])("a record with %s is not read", (_, text, field) => {
  expect(refusedField(`${text}\r\n`)).toBe(field);
});

test("any record is read with its own numbers, and any line is read or refused by name", () => {
  const when = fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(when, fc.integer({ min: 1, max: 1_023 }), (date, value) => {
      const wall = `${date.toISOString().slice(0, 16)}:00`;
      const [year = 0, month, day, hour, minute] = wall.split(/\D/).map(Number);
      const text = `0,3,${month},${day},${year - 2000},${hour},${minute},0,0,0,0,0,0,${value},0,0\r\n`;
      const read = reading(text);
      expect([read.deviceTime, read.asSent, latin1(read.raw)]).toEqual([wall, String(value), text]);
      expect(read.value).toBe(Math.min(500, Math.max(20, value)));
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.array(fc.constantFrom("0", "1", "7", "24", "HI", "", "105"), { maxLength: 18 }), (all) => {
      expect(refusedField(all.join(","))).not.toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
