import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isInstant } from "./instant.js";

describe("an instant on the wire", () => {
  test("every moment that a date can be printed as is one", () => {
    const from = Date.parse("0000-01-01T00:00:00Z");
    const to = Date.parse("9999-12-31T23:59:59.999Z");
    fc.assert(
      fc.property(fc.integer({ min: from, max: to }), (ms) => {
        expect(isInstant(new Date(ms).toISOString())).toBe(true);
      }),
    );
  });

  test.each([
    "2024-02-29T00:00:00Z",
    "2000-02-29T00:00:00.5Z",
    "2026-11-21T08:02:00+05:45",
    "2026-11-21T23:59:59-23:59",
  ])("%s is one", (text) => {
    expect(isInstant(text)).toBe(true);
    expect(Number.isNaN(Date.parse(text))).toBe(false);
  });

  test.each([
    "",
    "2026-11-21",
    "2026-11-21T08:02:00",
    "2026-11-21 08:02:00Z",
    "2026-11-21T08:02Z",
    "2026-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00+01:60",
    "2026-01-01T00:00:00.Z",
    " 2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z\n",
  ])("%j is none", (text) => {
    expect(isInstant(text)).toBe(false);
  });
});
