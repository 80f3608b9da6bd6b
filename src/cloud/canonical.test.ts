import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalText, sameContent } from "./canonical.js";

const content = fc.dictionary(fc.string(), fc.jsonValue());

describe("canonical text", () => {
  test("does not depend on the order of names", () => {
    fc.assert(
      fc.property(content, (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalText(turned)).toBe(canonicalText(value));
        expect(sameContent(JSON.stringify(value), turned)).toBe(true);
      }),
    );
  });

  test("is JSON of the same value, so different values differ", () => {
    fc.assert(
      fc.property(content, (value) => {
        expect(JSON.parse(canonicalText(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test.each([
    ['{"value":5.5}', { value: "5.5" }],
    ['{"value":5.5}', { value: 5.51 }],
    ['{"value":5.5}', { value: 5.5, note: null }],
    ['{"note":""}', { note: null }],
    ['{"a":[1,2]}', { a: [2, 1] }],
  ])("%s is not the same as %j", (stored, fields) => {
    expect(sameContent(stored, fields)).toBe(false);
  });
});
