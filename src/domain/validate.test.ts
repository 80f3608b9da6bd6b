import { describe, expect, test } from "vitest";
import { manualFields } from "./manual.js";
import { isProblem } from "./problem.js";
import { EMPTY_FIELDS, FIELD_ORDER, type RecordFields } from "./record.js";
import { editedFields, recordFaults } from "./validate.js";

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
