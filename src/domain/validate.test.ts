import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { manualFields } from "./manual.js";
import { isProblem } from "./problem.js";
import { EMPTY_FIELDS, FIELD_ORDER, type RecordFields } from "./record.js";
import { editedFields, isInstant, isWall, normalInstant, recordFaults } from "./validate.js";

const ID = "6f1c1c3e-5a0b-4f4c-9a5e-2f0d7b6a4c11";
const glucose: RecordFields = {
  ...EMPTY_FIELDS,
  time: "2026-01-01T08:00:00.000Z",
  timeQuality: "device",
  source: "meter",
  value: 105,
  unit: "mg/dL",
  deviceTime: "2026-01-01T08:00:00",
};

/** True if the platform reads that as a date, and prints it so. */
function isDate(text: string, printed: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === printed;
}

describe("times", () => {
  test.each([
    ["2026-11-21T08:03:00+01:00", "2026-11-21T07:03:00.000Z"],
    ["2026-11-21T07:03:00.5Z", "2026-11-21T07:03:00.500Z"],
    ["2026-02-30T08:00:00Z", null],
    ["2026-02-29T08:00:00+02:00", null],
    ["2024-02-29T23:59:59-05:00", "2024-03-01T04:59:59.000Z"],
    ["2026-11-21T08:03:00", null],
    ["0000-01-01T00:00:00+05:00", null],
    ["yesterday", null],
  ])("%s is %s", (text, instant) => {
    expect(normalInstant(text)).toBe(instant);
  });

  test("an instant of its own making is one, any other spelling is not", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date("2199-12-31T23:59:59Z"), noInvalidDate: true }), (date) => {
        expect(isInstant(date.toISOString())).toBe(true);
        expect(isInstant(date.toISOString().replace("Z", "+00:00"))).toBe(false);
        expect(isWall(date.toISOString().slice(0, 19))).toBe(true);
      }),
    );
  });

  test("what is nearly a time is one just where Date reads it and prints it again", () => {
    const number = (max: number, digits: number) =>
      fc.integer({ min: 0, max }).map((value) => String(value).padStart(digits, "0"));
    const parts = fc.tuple(number(9_999, 4), number(13, 2), number(32, 2), number(25, 2), number(61, 2), number(61, 2));
    const slip = fc.option(fc.tuple(fc.nat({ max: 23 }), fc.constantFrom(..."0 9:-T.Z/;\u0660")), { freq: 3 });
    const seen = { instants: 0, walls: 0, others: 0 };
    fc.assert(
      fc.property(parts, number(999, 3), slip, ([year, month, day, hour, minute, second], ms, wrong) => {
        let text = `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`;
        if (wrong !== null) text = text.slice(0, wrong[0]) + wrong[1] + text.slice(wrong[0] + 1);
        const instant = isDate(text, text) && Number(text.slice(0, 4)) >= 1900 && Number(text.slice(0, 4)) <= 2199;
        expect(isInstant(text)).toBe(instant);
        const wall = text.slice(0, 19);
        expect(isWall(wall)).toBe(isDate(`${wall}Z`, `${wall}.000Z`));
        if (instant) seen.instants += 1;
        else if (isWall(wall)) seen.walls += 1;
        else seen.others += 1;
      }),
      { numRuns: 20_000, seed: 11 },
    );
    expect(Math.min(seen.instants, seen.walls, seen.others)).toBeGreaterThan(100);
  });

  test.each([null, 5, "", "2026-01-01T00:00:00", "2026-01-01T00:00:00.000Z ", "+02026-01-01T00:00:00.00Z"])(
    "%j is no instant",
    (text) => {
      expect(isInstant(text)).toBe(false);
    },
  );

  test.each(["2026-02-30T00:00:00", "2026-01-01T24:00:00", "2026-01-01", "2026-13-01T00:00:00"])(
    "%s is no wall-clock time",
    (text) => {
      expect(isWall(text)).toBe(false);
    },
  );
});

describe("what a record may hold", () => {
  test("each of its fields is looked at: one that is an object is named, and nothing else", () => {
    for (const name of FIELD_ORDER) {
      const faults = recordFaults(ID, "glucose", { ...glucose, [name]: {} });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(new RegExp(`^${name} must be `));
    }
    expect(FIELD_ORDER).toHaveLength(20);
  });

  const faulty: readonly (readonly [string, string, Record<string, unknown>])[] = [
    ["an unknown unit", "glucose", { unit: "mg/l" }],
    ["a value that is no number", "glucose", { value: "105" }],
    ["no value", "glucose", { value: null }],
    ["zero glucose", "glucose", { value: 0 }],
    ["a negative value", "glucose", { value: -5 }],
    ["a value beyond reason", "glucose", { value: Number.POSITIVE_INFINITY }],
    ["an unknown kind", "blood", {}],
    ["a time that does not exist", "glucose", { time: "2026-02-30T08:00:00.000Z" }],
    ["a time without milliseconds", "glucose", { time: "2026-01-01T08:00:00Z" }],
    ["a meal of its own", "glucose", { meal: "lunch" }],
    ["a second value", "glucose", { value2: 80 }],
    ["a delivery of glucose", "glucose", { delivery: "basal" }],
    ["a note without text", "note", { value: null, unit: null, note: " " }],
    ["control as text", "glucose", { control: "no" }],
    ["half a blood pressure", "blood_pressure", { unit: "mmHg" }],
  ];

  test.each(faulty)("not %s", (_what, kind, change) => {
    expect(recordFaults(ID, kind, { ...glucose, ...change }).length).toBeGreaterThan(0);
  });

  test("all of those were tried, and without them it fits", () => {
    expect(faulty.length).toBe(15);
    expect(recordFaults(ID, "glucose", { ...glucose })).toEqual([]);
    expect(recordFaults("not-a-uuid", "glucose", { ...glucose })).toEqual(["id must be a UUID in lower case"]);
  });

  test("a name that only a newer cloud knows is let through", () => {
    expect(recordFaults(ID, "glucose", { ...glucose, mood: "fine" })).toEqual([]);
  });
});

describe("what a person may change", () => {
  const codeOf = (work: () => unknown): string => {
    try {
      work();
      return "nothing thrown";
    } catch (error) {
      return isProblem(error) ? error.code : "another error";
    }
  };

  test("of a meter's reading the note, meal, patient and time, and nothing else", () => {
    expect(
      editedFields(ID, "glucose", glucose, {
        note: "n",
        meal: "after",
        patient: "p",
        time: "2026-01-01T09:00:00+01:00",
      }),
    ).toEqual({ ...glucose, note: "n", meal: "after", patient: "p" });
    for (const name of [
      "value",
      "unit",
      "control",
      "outOfRange",
      "deviceTime",
      "serial",
      "model",
      "timeQuality",
      "source",
      "specimen",
    ]) {
      expect(codeOf(() => editedFields(ID, "glucose", glucose, { [name]: null }))).toBe("RECORD_FIELD_FIXED");
    }
    expect(codeOf(() => editedFields(ID, "glucose", glucose, { colour: "red" }))).toBe("RECORD_INVALID");
    expect(codeOf(() => editedFields(ID, "glucose", glucose, { time: "2026-02-30T09:00:00Z" }))).toBe("RECORD_INVALID");
  });

  test("of a manual entry everything but its source", () => {
    const { fields } = manualFields(ID, "glucose", { value: 5.5, unit: "mmol/L" }, 0);
    expect(editedFields(ID, "glucose", fields, { value: 100, unit: "mg/dL" })).toMatchObject({
      value: 100,
      unit: "mg/dL",
    });
    expect(codeOf(() => editedFields(ID, "glucose", fields, { source: "meter" }))).toBe("RECORD_FIELD_FIXED");
  });

  test("a manual entry can't pretend to come from a device", () => {
    expect(codeOf(() => manualFields(ID, "glucose", { value: 5.5, unit: "mmol/L", source: "meter" }, 0))).toBe(
      "RECORD_INVALID",
    );
    expect(
      codeOf(() => manualFields(ID, "glucose", { value: 5.5, unit: "mmol/L", deviceTime: "2026-01-01T08:00:00" }, 0)),
    ).toBe("RECORD_INVALID");
  });
});
