import { describe, expect, test } from "vitest";
import { EMPTY_FIELDS, KINDS, UNITS } from "../domain/record.js";
import { checkFields } from "./check-fields.js";

const TIME = "2026-11-21T07:03:00.000Z";
const GLUCOSE = { ...EMPTY_FIELDS, time: TIME, timeQuality: "device", source: "meter", value: 101, unit: "mg/dL" };

describe("a record's content", () => {
  test("is accepted for every kind in each of its units", () => {
    const accepted = KINDS.flatMap((kind) =>
      (kind === "note" ? [null] : UNITS[kind]).map((unit) =>
        checkFields(kind, { ...GLUCOSE, unit, value: unit === null ? null : 7 }),
      ),
    );
    expect(accepted).toEqual(Array.from({ length: 11 }, () => null));
  });

  test("is refused in a unit of another kind", () => {
    const units = ["mg/dL", "mmol/L", "U", "g", "/min", "count", "kg", "mmHg", "%", "", null, "mg/dl"];
    const wrong = KINDS.filter((kind) => kind !== "note").flatMap((kind) =>
      units
        .filter((unit) => unit === null || !UNITS[kind].includes(unit))
        .map((unit) => checkFields(kind, { ...GLUCOSE, unit })),
    );
    expect(wrong).toHaveLength(98);
    for (const message of wrong) expect(message).toMatch(/^unit of /);
  });

  test("may leave out what is unknown, except time, value and unit", () => {
    expect(checkFields("glucose", { time: TIME, value: 5.5, unit: "mmol/L" })).toBeNull();
    expect(checkFields("note", { time: TIME, note: "felt dizzy" })).toBeNull();
    expect(checkFields("glucose", { value: 5.5, unit: "mmol/L" })).toMatch(/^time/);
    expect(checkFields("glucose", { time: TIME, unit: "mmol/L" })).toMatch(/^value/);
    expect(checkFields("glucose", { time: TIME, value: 5.5 })).toMatch(/^unit/);
  });

  test("may be nothing only where nothing is a measurement", () => {
    const zero = KINDS.filter(
      (kind) => kind !== "note" && checkFields(kind, { ...GLUCOSE, value: 0, unit: UNITS[kind][0] }) === null,
    );
    expect(zero).toEqual(["ketone", "insulin", "carbs", "steps"]);
    const negative = KINDS.filter(
      (kind) => checkFields(kind, { ...GLUCOSE, value: -1, unit: UNITS[kind][0] }) === null,
    );
    expect(negative).toEqual([]);
  });

  test("keeps names that only a newer hub knows, if their values are plain", () => {
    expect(checkFields("glucose", { ...GLUCOSE, sensorAge: 3, brand: null, tagged: true })).toBeNull();
    expect(checkFields("glucose", { ...GLUCOSE, tags: ["a"] })).toMatch(/nested/);
    expect(checkFields("glucose", { ...GLUCOSE, more: { a: 1 } })).toMatch(/nested/);
    expect(checkFields("glucose", JSON.parse(`{"__proto__":1,"time":"${TIME}","value":5,"unit":"mg/dL"}`))).toMatch(
      /impossible name/,
    );
  });

  test("may hold a fraction of a minute as offset, as zones once had", () => {
    expect(checkFields("glucose", { ...GLUCOSE, utcOffset: -44.5 })).toBeNull();
  });

  test.each<[string, string, Record<string, unknown>]>([
    ["an unknown kind", "temperature", {}],
    ["a kind that every object has", "constructor", {}],
    ["a time that does not exist", "glucose", { time: "2026-02-30T00:00:00Z" }],
    ["a time without zone", "glucose", { time: "2026-11-21T07:03:00" }],
    ["a time as a number", "glucose", { time: 1763708580000 }],
    ["an end before the beginning", "steps", { unit: "count", endTime: "2026-11-21T07:02:59.999Z" }],
    ["an end that is no time", "steps", { unit: "count", endTime: "later" }],
    ["an offset beyond a day", "glucose", { utcOffset: 1440 }],
    ["an offset as text", "glucose", { utcOffset: "60" }],
    ["a device time with a zone", "glucose", { deviceTime: "2026-11-21T08:02:00Z" }],
    ["a value as text", "glucose", { value: "101" }],
    ["a value that is no number", "glucose", { value: Number.NaN }],
    ["an endless value", "glucose", { value: Number.POSITIVE_INFINITY }],
    ["a second value of a glucose", "glucose", { value2: 80 }],
    ["a negative diastolic pressure", "blood_pressure", { unit: "mmHg", value2: -80 }],
    ["a note with a value", "note", { unit: null }],
    ["an unknown quality of time", "glucose", { timeQuality: "good" }],
    ["an unknown flag", "glucose", { outOfRange: "HI" }],
    ["control as a number", "glucose", { control: 1 }],
    ["an unknown meal", "glucose", { meal: "brunch" }],
    ["an unknown specimen", "glucose", { specimen: "tears" }],
    ["an unknown delivery", "insulin", { unit: "U", delivery: "pump" }],
    ["an unknown source", "glucose", { source: "hearsay" }],
    ["a note that is no text", "glucose", { note: 7 }],
    ["a serial number that is a number", "glucose", { serial: 12345 }],
  ])("is refused with %s", (_title, kind, change) => {
    expect(checkFields(kind, { ...GLUCOSE, ...change })).toMatch(/^\S.+/);
  });
});
