import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY_FIELDS, FIELD_ORDER, fieldsText, type RecordFields } from "./record.js";

const base: RecordFields = {
  ...EMPTY_FIELDS,
  time: "2026-01-01T08:00:00.000Z",
  timeQuality: "exact",
  source: "manual",
};

test("the text of any fields is JSON of them, known names first and in their order", () => {
  const value = fc.oneof(
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  );
  const known = fc.dictionary(fc.constantFrom(...FIELD_ORDER), value);
  const newer = fc.dictionary(
    fc.string({ minLength: 1 }).map((name) => `x${name}`),
    fc.oneof(value, fc.array(value)),
  );
  fc.assert(
    fc.property(known, newer, (some, extra) => {
      const fields = { ...extra, ...base, ...some } as unknown as RecordFields;
      const text = fieldsText(fields);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(fields)));
      expect(Object.keys(JSON.parse(text) as object).slice(0, FIELD_ORDER.length)).toEqual([...FIELD_ORDER]);
    }),
    { numRuns: 1_000 },
  );
});

test("the order in which fields were written does not matter, and one that is missing is null", () => {
  const turned = Object.fromEntries(
    Object.entries({ ...base, zeta: 1, alpha: 2 }).reverse(),
  ) as unknown as RecordFields;
  expect(fieldsText(turned)).toBe(fieldsText({ ...base, alpha: 2, zeta: 1 } as RecordFields));
  const { note: _note, ...without } = base;
  expect(fieldsText(without as RecordFields)).toBe(fieldsText(base));
  expect(fieldsText(base)).toContain('"note":null');
});
