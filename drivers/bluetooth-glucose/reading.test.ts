import { expect, test } from "vitest";
import { asProblem } from "../../src/domain/problem.js";
import { unhex } from "../../src/kit/bytes.js";
import { readContext } from "./context.js";
import { readMeasurement } from "./measurement.js";
import { readingsOf } from "./reading.js";
import { ROWS, type Row } from "./rows.js";

const BASE = "ea 07 0b 17 08 0f 2a";

function rowBy(id: Row["id"]): Row {
  const row = ROWS.find((one) => one.id === id);
  if (row === undefined) throw new Error(`no row ${id}`);
  return row;
}

/** What comes of a value (word and place), a status, and a context, or the code of the problem. */
function told(value: string, more: { status?: string; context?: string; row?: Row["id"]; molar?: boolean } = {}) {
  const { status, context, row = "generic", molar = false } = more;
  const flags = 0x02 + (molar ? 0x04 : 0) + (status === undefined ? 0 : 0x08) + (context === undefined ? 0 : 0x10);
  const raw = unhex(`${flags.toString(16).padStart(2, "0")} 05 00 ${BASE} ${value} ${status ?? ""}`);
  const about = context === undefined ? null : unhex(context);
  try {
    return readingsOf(
      { told: readMeasurement(raw), raw },
      about === null ? null : { told: readContext(about), raw: about },
      rowBy(row),
    );
  } catch (error) {
    return asProblem(error).code;
  }
}

/** Value, unit, mark and text of the first reading. */
function amount(...args: Parameters<typeof told>) {
  const readings = told(...args);
  if (typeof readings === "string") return readings;
  const [first] = readings;
  return [first?.value, first?.unit, first?.outOfRange, first?.asSent];
}

test("values are kept as sent, in the unit that the record says (a peer's mistake: 5.800000000000001)", () => {
  expect(amount("58 b0 11")).toEqual([88, "mg/dL", null, "88"]);
  expect(amount("3a c0 11", { molar: true })).toEqual([5.8, "mmol/L", null, "5.8"]);
  // 10.25 mmol/L as 1025 times 10^-5 mol/L, and 90 mg/dL as 9 times 10^-4 kg/L (one parser broke over such exponents).
  expect(amount("01 b4 11", { molar: true })).toEqual([10.25, "mmol/L", null, "10.25"]);
  expect(amount("09 c0 11")).toEqual([90, "mg/dL", null, "90"]);
});

test("limits in mg/dL are not put to numbers in mmol/L (a peer's mistake: 5.8 mmol/L told as low)", () => {
  for (const row of ["roche", "isens", "generic"] as const) {
    expect(amount("3a c0 11", { molar: true, row })).toEqual([5.8, "mmol/L", null, "5.8"]);
  }
});

test("infinities are HI and LO, with their status and without", () => {
  expect(amount("02 08 f8", { status: "40 00" })).toEqual([20, "mg/dL", "low", "LO"]);
  expect(amount("fe 07 f8", { status: "20 00" })).toEqual([600, "mg/dL", "high", "HI"]);
  expect(amount("fe 07 f8")).toEqual([600, "mg/dL", "high", "HI"]);
  expect(amount("02 08 f8", { molar: true })).toEqual([1.1, "mmol/L", "low", "LO"]);
  expect(amount("fe 07 f8", { molar: true })).toEqual([33.3, "mmol/L", "high", "HI"]);
});

test("bit 5 is higher and bit 6 lower (a library's mistake: the other way round), and a contradiction is no reading", () => {
  expect(amount("59 b2 11", { status: "20 00" })).toEqual([600, "mg/dL", "high", "601"]);
  expect(amount("13 b0 11", { status: "40 00" })).toEqual([20, "mg/dL", "low", "19"]);
  expect(amount("ff 07 11", { status: "20 00" })).toEqual([600, "mg/dL", "high", "HI"]);
  const contradictions = [
    told("fe 07 f8", { status: "40 00" }),
    told("02 08 f8", { status: "20 00" }),
    told("58 b0 f8", { status: "20 00" }),
    told("58 b0 f8", { status: "40 00" }),
    told("fe 07 f8", { status: "60 00" }),
  ];
  expect(contradictions).toEqual(Array(5).fill("FRAME_MALFORMED"));
});

test("plain numbers are HI and LO only where the maker is known to send them so", () => {
  expect(amount("59 b2 11", { row: "isens" })).toEqual([600, "mg/dL", "high", "601"]);
  expect(amount("13 b0 11", { row: "isens" })).toEqual([20, "mg/dL", "low", "19"]);
  expect(amount("0a c0 11", { row: "isens", molar: true })).toEqual([1.1, "mmol/L", "low", "1"]);
  expect(amount("4e c1 11", { row: "isens", molar: true })).toEqual([33.3, "mmol/L", "high", "33.4"]);
  expect(amount("13 b0 f8", { row: "roche" })).toEqual([19, "mg/dL", null, "19"]);
  expect(amount("09 b0 f8", { row: "roche" })).toEqual([20, "mg/dL", "low", "9"]);
  expect(amount("59 b2 11")).toEqual([601, "mg/dL", null, "601"]);
  expect(amount("13 b0 11")).toEqual([19, "mg/dL", null, "19"]);
});

test("numbers that no meter shows are no readings: another unit than it says, zero, less than zero, a thousand", () => {
  // 5.8 mg/dL is 5.8 mmol/L with the wrong flag; 88 mmol/L the other way round.
  const values = [
    told("3a a0 11"),
    told("58 d0 11", { molar: true }),
    told("00 b0 11"),
    told("ff bf 11"),
    told("0a d0 11"),
  ];
  expect(values).toEqual(Array(5).fill("FRAME_MALFORMED"));
  for (const row of ["roche", "isens"] as const) expect(told("3a a0 11", { row })).toBe("FRAME_MALFORMED");
});

test("what is no number is no reading, and neither is a record without a value", () => {
  for (const word of ["ff 07", "00 08", "01 08", "fe b7"]) expect(told(`${word} 11`)).toBe("FRAME_MALFORMED");
  // A reserved word is nothing, whatever the status says.
  expect(told("01 08 11", { status: "20 00" })).toBe("FRAME_MALFORMED");
  const raw = unhex(`08 05 00 ${BASE} 20 00`);
  expect(() => readingsOf({ told: readMeasurement(raw), raw }, null, rowBy("generic"))).toThrow(
    expect.objectContaining({ code: "FRAME_MALFORMED" }),
  );
});

test("control solution is told by type 10, by location 4, and by nibbles that are exchanged (a peer knows only one)", () => {
  for (const place of ["1a", "4a", "41", "fa", "a1", "48"]) {
    expect(told(`58 b0 ${place}`), place).toMatchObject([{ control: true, specimen: "control", value: 88 }]);
  }
  for (const place of ["11", "f8", "19", "51", "21"]) {
    expect(told(`58 b0 ${place}`), place).toMatchObject([{ control: false, value: 88 }]);
  }
});

test("each type and place has its words, and a type that nobody has described is no reading", () => {
  const of = (place: string) => {
    const readings = told(`58 b0 ${place}`);
    return typeof readings === "string" ? readings : [readings[0]?.specimen, readings[0]?.note];
  };
  expect(["11", "12", "13", "14", "15", "16", "17", "f8", "19", "10", "1b", "1f"].map(of)).toEqual([
    ["capillary", null],
    ["capillary", null],
    ["venous", null],
    ["venous", null],
    [null, "Arterial blood"],
    [null, "Arterial blood"],
    [null, null],
    [null, null],
    ["interstitial", null],
    [null, "Sample type 0"],
    "FRAME_MALFORMED",
    "FRAME_MALFORMED",
  ]);
  expect(["21", "31", "51", "61", "01"].map(of)).toEqual([
    ["capillary", "Alternate site"],
    ["capillary", "Earlobe"],
    ["capillary", "Subcutaneous tissue"],
    ["capillary", "Sample location 6"],
    ["capillary", "Sample location 0"],
  ]);
});

test("a value that its meter does not trust is kept, and its note says why", () => {
  expect(told("58 b0 11", { status: "9f 1f" })).toMatchObject([
    {
      value: 88,
      outOfRange: null,
      note:
        "Battery low; Unreliable: sensor malfunction; Unreliable: sample too small; Unreliable: strip inserted wrongly; " +
        "Unreliable: wrong type of strip; Unreliable: temperature too high; Unreliable: temperature too low; " +
        "Unreliable: strip pulled too soon; Unreliable: general fault; Unreliable: time fault; Unreliable: status bit 12",
    },
  ]);
});

test("meals are told in the hub's words, and a code that is none stands in the note", () => {
  const meals = [1, 2, 3, 4, 5].map((code) => told("58 b0 11", { context: `02 05 00 0${code}` }));
  expect(meals.map((readings) => (typeof readings === "string" ? readings : readings[0]?.meal))).toEqual([
    "before",
    "after",
    "fasting",
    "casual",
    "bedtime",
  ]);
  expect(told("58 b0 11", { context: "02 05 00 07" })).toMatchObject([{ meal: null, note: "Meal code 7" }]);
});

test("meal 6 of i-SENS makes it ketone, a tenth of the number, and of other makers no reading", () => {
  const ketone = (value: string, more = {}) => told(value, { context: "02 05 00 06", row: "isens", ...more });
  expect(ketone("06 b0 11")).toMatchObject([
    { kind: "ketone", value: 0.6, unit: "mmol/L", outOfRange: null, meal: null, asSent: "0.6" },
  ]);
  expect(ketone("50 b0 11")).toMatchObject([{ value: 8, outOfRange: null }]);
  expect(ketone("51 b0 11")).toMatchObject([{ value: 8, outOfRange: "high", asSent: "8.1" }]);
  expect(ketone("fe 07 11")).toMatchObject([{ value: 8, outOfRange: "high", asSent: "HI" }]);
  expect(ketone("00 b0 11")).toMatchObject([{ value: 0, outOfRange: null, asSent: "0" }]);
  expect(ketone("06 b0 1a")).toMatchObject([{ kind: "ketone", control: true }]);
  expect([ketone("06 c0 11", { molar: true }), ketone("02 08 11"), ketone("06 a0 11")]).toEqual(
    Array(3).fill("FRAME_MALFORMED"),
  );
  expect(told("06 b0 11", { context: "02 05 00 06" })).toBe("FRAME_MALFORMED");
});

test("carbohydrates are a record of their own in grams; insulin in milligrams or millilitres is only a note", () => {
  const readings = told("58 b0 11", { context: "97 05 00 d3 04 72 d0 04 31 03 5d a0" });
  expect(readings).toMatchObject([
    {
      kind: "glucose",
      meal: "casual",
      note: "During menses; Intermediate-acting insulin: 93 mg; Extended flags d3",
    },
    { kind: "carbs", value: 114, unit: "g", note: "Snack", deviceTime: "2026-11-23T08:15:42", asSent: "114" },
  ]);
  expect(told("58 b0 11", { context: "30 05 00 05 50 d0" })).toMatchObject([{ note: "Pre-mixed insulin: 80 mL" }]);
  expect(told("58 b0 11", { context: "01 05 00 02 ff 07" })).toMatchObject([{ note: "Lunch: amount unknown" }]);
  expect(told("58 b0 11", { context: "01 05 00 0f 05 00" })).toMatchObject([{ note: "Carbohydrates: 5000 g" }]);
});

test("exercise, tester, health and HbA1c stand in the note", () => {
  expect(told("58 b0 11", { context: "4c 05 00 43 ad 08 07 46 f0" })).toMatchObject([
    { kind: "glucose", note: "Tested in a laboratory; Under stress; Exercise: 2221 s at 7 %; HbA1c: 7 %" },
  ]);
  expect(told("58 b0 11", { context: "0c 05 00 51 ff ff 64" })).toMatchObject([
    { note: "Exercise: more than 65534 s at 100 %" },
  ]);
  expect(told("58 b0 11", { context: "04 05 00 ff" })).toMatchObject([{ note: null }]);
  expect(told("58 b0 11", { context: "04 05 00 07" })).toMatchObject([{ note: "Tester code 7; Health code 0" }]);
});

test("Roche's tests are keyed as over USB: the minute, the value as sent and its unit", () => {
  expect(told("58 b0 f8", { row: "roche" })).toMatchObject([{ testKey: "2026-11-23T08:15 88 mg/dL" }]);
  expect(told("02 08 f8", { row: "roche", status: "40 00" })).toMatchObject([{ testKey: "2026-11-23T08:15 LO mg/dL" }]);
  const generic = told("58 b0 f8");
  expect(typeof generic === "string" ? generic : Object.keys(generic[0] ?? {})).not.toContain("testKey");
});
