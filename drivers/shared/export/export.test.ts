import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SourceReading } from "../../../src/domain/reading.js";
import type { Kind } from "../../../src/domain/record.js";
import { amountOf, believed, glucoseUnit, readGlucose } from "./amount.js";
import { readInstant } from "./instant.js";
import { draftReading, type ExportReading } from "./reading.js";
import { Tally } from "./tally.js";
import { Teller } from "./teller.js";
import { Unfit } from "./unfit.js";

describe("the tally", () => {
  test("counts as a plain map does", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 2 }), { maxLength: 300 }), (names) => {
        const tally = new Tally();
        const model = new Map<string, number>();
        for (const name of names) {
          const before = model.get(name) ?? 0;
          model.set(name, before + 1);
          expect(tally.next(name)).toBe(before);
        }
      }),
    );
  });

  test("takes half a million names for as many", () => {
    const tally = new Tally();
    let repeated = 0;
    for (let at = 0; at < 500_000; at += 1) repeated += tally.next(`["libreview","glucose","SERIAL","0","${at}"]`);
    expect(repeated).toBe(0);
    expect(tally.next('["libreview","glucose","SERIAL","0","77"]')).toBe(1);
  });
});

describe("the teller", () => {
  const raw = new Uint8Array([1]);
  const glucose: ExportReading = { kind: "glucose", value: 100, unit: "mg/dL", asSent: "100", raw };
  function bench(kinds: readonly Kind[] | null = null) {
    const lines: [object, string][] = [];
    const note = (facts: object, message: string): void => void lines.push([facts, message]);
    const log = { debug: note, info: note, warn: note, error: note };
    return { lines, teller: new Teller("x", { kinds: kinds === null ? null : new Set(kinds), log }) };
  }
  const told = (teller: Teller): SourceReading[] =>
    teller.take().flatMap((event) => (event.type === "readings" ? event.readings : []));

  test("names each reading, several of one name by a number, and a draft as any other", () => {
    const { teller } = bench();
    teller.tell(["a", 1, null], glucose);
    teller.tell(["a", 1, null], glucose);
    teller.tellDraft(["a", 1, null], draftReading("glucose", glucose, raw));
    teller.tell(["a", 1, "null"], glucose);
    teller.tell(["a", 1, null], { ...glucose, kind: "ketone" });
    const readings = told(teller);
    expect(readings.map(({ sourceKey }) => sourceKey)).toEqual([
      '["x","glucose","a",1,null] 0',
      '["x","glucose","a",1,null] 1',
      '["x","glucose","a",1,null] 2',
      '["x","glucose","a",1,"null"] 0',
      '["x","ketone","a",1,null] 0',
    ]);
    expect({ ...readings[2], sourceKey: null }).toEqual({ ...readings[0], sourceKey: null });
    expect(told(teller)).toEqual([]);
  });

  test("tells what repeats once, and what differs under one name each by itself", () => {
    const { teller, lines } = bench();
    for (const content of ["100", "101", "100", "101", "102"]) teller.tellOnce(["a"], content, glucose);
    expect(told(teller).map(({ sourceKey }) => sourceKey?.at(-1))).toEqual(["0", "1", "2"]);
    teller.end();
    expect(lines).toEqual([[{ copies: 2 }, "stand in the export more than once"]]);
  });

  test("keeps the order of readings and of what is not understood, and cuts its bytes short", () => {
    const { teller } = bench();
    teller.tell(["a"], glucose);
    teller.unfit(new Unfit("it is odd"), "Line 7", new Uint8Array(100_000));
    teller.tell(["b"], glucose);
    const events = teller.take();
    expect(events.map(({ type }) => type)).toEqual(["readings", "unreadable", "readings"]);
    const [unreadable] = events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable] : []));
    expect(unreadable).toMatchObject({ code: "IMPORT_MALFORMED", detail: "Line 7 can't be read: it is odd." });
    expect(unreadable?.raw).toHaveLength(65_536);
    expect(() => teller.unfit(new TypeError("a mistake of ours"), "", raw)).toThrow(TypeError);
  });

  test("counts what is left out by its label, however many labels there are", () => {
    const { teller, lines } = bench(["insulin"]);
    teller.tell(["a"], glucose);
    expect(told(teller)).toEqual([]);
    for (let at = 0; at < 1_000; at += 1) teller.other(at % 2 === 0 ? "Alarm" : `label ${at} ${"x".repeat(200)}`);
    teller.end();
    const counted = Object.entries(lines[0]?.[0] ?? {});
    expect(counted).toHaveLength(101);
    expect(counted.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(1_000);
    expect(Math.max(...counted.map(([label]) => label.length))).toBe(60);
  });
});

describe("amounts", () => {
  test("of glucose are believed within what meters show in that unit", () => {
    for (const [value, unit] of [
      [10, "mg/dL"],
      [1_000, "mg/dL"],
      [0.55, "mmol/L"],
      [55.6, "mmol/L"],
    ] as const)
      expect(believed(value, unit)).toBe(value);
    for (const [value, unit] of [
      [9.9, "mg/dL"],
      [1_001, "mg/dL"],
      [0, "mmol/L"],
      [56, "mmol/L"],
      [Number.NaN, "mg/dL"],
      [-5, "mg/dL"],
    ] as const)
      expect(() => believed(value, unit)).toThrow(Unfit);
  });

  test("beyond the device's range are the bound and a flag, where the bounds are known", () => {
    const bounds = { "mg/dL": { low: 40, high: 400 }, "mmol/L": { low: 2.2, high: 22.2 } };
    const low = { value: 40, unit: "mg/dL", outOfRange: "low", asSent: "Low mg/dL" };
    expect(readGlucose(" Low ", "mg/dL", bounds, Number)).toEqual(low);
    expect(readGlucose("HI", "mmol/L", bounds, Number)).toMatchObject({ value: 22.2, outOfRange: "high" });
    expect(() => readGlucose("Low", "mg/dL", null, Number)).toThrow("not known");
  });

  test("have a unit in any case, or none", () => {
    expect(["Glucose (mg/dl)", "mmol/L", "MMOL / L"].map(glucoseUnit)).toEqual(["mg/dL", "mmol/L", "mmol/L"]);
    expect(["", "g/L", "mg/dL or mmol/L"].map(glucoseUnit)).toEqual([null, null, null]);
  });

  test("that add up may be nothing, but not less, and not beyond sense", () => {
    expect(amountOf(0, "a dose", 10)).toBe(0);
    for (const value of [-0.1, 10.1, Number.NaN]) expect(() => amountOf(value, "a dose", 10)).toThrow(Unfit);
  });
});

describe("instants", () => {
  test("are those that JavaScript's own parser sees, in any spelling of the offset", () => {
    const any = fc.date({ min: new Date("1970-01-01"), max: new Date("2150-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(any, fc.integer({ min: 0, max: 14 }), fc.constantFrom("+", "-"), (date, hours, sign) => {
        const wall = date.toISOString().slice(0, -1);
        const hour = String(hours).padStart(2, "0");
        expect(readInstant(`${wall}Z`)).toBe(date.getTime());
        const expected = Date.parse(`${wall}${sign}${hour}:30`);
        expect(readInstant(`${wall}${sign}${hour}30`)).toBe(expected);
        expect(readInstant(`${wall.replace("T", " ")} ${sign}${hour}:30`)).toBe(expected);
      }),
    );
  });

  test.each([
    "",
    "2026-02-30T08:00:00Z",
    "2026-01-01T08:00:00",
    "2026-01-01T25:00:00Z",
    "1775421029000",
    "2026-01-01Z",
  ])("that are none are refused: %j", (text) => {
    expect(() => readInstant(text)).toThrow(Unfit);
  });
});
