import { describe, expect, test } from "vitest";
import { METER, reading, SYNC } from "../../test/api/fake-hub.js";
import { MG_DL_PER_MMOL_L } from "../domain/glucose.js";
import type { GlucoRecord } from "../domain/record.js";
import {
  clockText,
  fieldText,
  kindText,
  meterText,
  otherUnitText,
  sourceText,
  syncedCount,
  syncText,
  timeText,
  timeWarning,
  valueText,
} from "./format.js";

const record = (changes: Partial<GlucoRecord>): GlucoRecord => ({
  id: "11111111-1111-4111-8111-111111111111",
  kind: "glucose",
  deleted: false,
  ...reading(),
  ...changes,
});

describe("the words of the live page", () => {
  test.each([
    [{ value: 104 }, "104"],
    [{ value: 5.44, unit: "mmol/L" }, "5.44"],
    [{ value: 20, outOfRange: "low" }, "LO (<20)"],
    [{ value: 600, outOfRange: "high" }, "HI (>600)"],
    [{ kind: "blood_pressure", value: 120, value2: 80, unit: "mmHg" }, "120/80"],
    [{ kind: "insulin", value: 0, unit: "U" }, "0"],
    [{ kind: "note", value: null, unit: null, note: "x" }, ""],
  ] as const)("the value of %o is shown as measured: %s", (changes, text) => {
    expect(valueText(record(changes))).toBe(text);
  });

  test.each([
    [{ value: 104 }, "= 5.8 mmol/L"],
    [{ value: 5.5, unit: "mmol/L" }, "= 99 mg/dL"],
    [{ value: 20, outOfRange: "low" }, "< 1.1 mmol/L"],
    [{ value: 33.3, unit: "mmol/L", outOfRange: "high" }, "> 600 mg/dL"],
    [{ kind: "ketone", value: 0.4, unit: "mmol/L" }, ""],
  ] as const)("glucose %o is shown in the other unit too, ketone is not: %s", (changes, text) => {
    expect(otherUnitText(record(changes))).toBe(text);
  });

  test("the page converts as the hub does, for every value that a meter can show", () => {
    for (let value = 1; value <= 1_000; value += 1)
      expect(otherUnitText(record({ value }))).toBe(`= ${(value / MG_DL_PER_MMOL_L).toFixed(1)} mmol/L`);
  });

  test.each([
    [60, { date: "2026-11-20", clock: "23:33", zone: "UTC+01:00" }],
    [-210, { date: "2026-11-20", clock: "19:03", zone: "UTC−03:30" }],
    [330, { date: "2026-11-21", clock: "04:03", zone: "UTC+05:30" }],
    [null, { date: "2026-11-20", clock: "22:33", zone: "UTC" }],
  ])("a time with offset %s stands as the wall clock showed it there", (utcOffset, text) => {
    expect(timeText(record({ time: "2026-11-20T22:33:00.000Z", utcOffset }))).toEqual(text);
  });

  test("a doubtful time is marked with what the device showed, a good one is not", () => {
    expect(timeWarning(record({ timeQuality: "suspect" }))).toBe(
      "Time not certain. The device showed 2026-11-20 08:03:00.",
    );
    expect(timeWarning(record({ timeQuality: "corrected" }))).toContain("corrected");
    expect(timeWarning(record({ timeQuality: "device" }))).toBe("");
    expect(timeWarning(record({ timeQuality: "exact", deviceTime: null }))).toBe("");
  });

  test("where a record comes from and what it is are told", () => {
    expect(sourceText(record({}))).toBe("Meter, Acme One, A1");
    expect(sourceText(record({ source: "manual", manufacturer: null, model: null, serial: null }))).toBe("Typed in");
    expect(kindText(record({ kind: "insulin", delivery: "basal" }))).toBe("Insulin (basal)");
  });

  test("a meter's doings and a wrong clock are told", () => {
    const progress = { read: 3, expected: 10, new: 2 };
    expect(meterText({ ...METER, state: "reading", progress })).toBe("Reading: 3 of 10 read, 2 new");
    expect(meterText({ ...METER, state: "failed", progress })).toBe("Failed after 3 readings");
    expect(clockText({ ...METER, clockErrorMs: 119_000 })).toBe("");
    expect(clockText({ ...METER, clockErrorMs: null })).toBe("");
    expect(clockText({ ...METER, clockErrorMs: -3_600_000 })).toBe("Its clock is 60 minutes behind.");
    expect(clockText({ ...METER, clockErrorMs: 86_400_000 })).toBe("Its clock is 24 hours ahead.");
  });

  test("the sync is told in a sentence, and how many records the cloud holds", () => {
    expect(syncText(SYNC)).toBe("In step with the cloud.");
    expect(syncText({ ...SYNC, state: "waiting", pending: 1 })).toContain("1 change waits");
    expect(syncText({ ...SYNC, cloud: null, pending: 9 })).toContain("No cloud is set");
    expect(syncedCount({ ...SYNC, records: 10, pending: 3, rejected: 1 })).toBe(6);
  });

  test("a side of a conflict can be read whatever it holds", () => {
    expect([null, "", true, false, 5.4, "<b>"].map(fieldText)).toEqual([
      "(nothing)",
      "(nothing)",
      "yes",
      "no",
      "5.4",
      "<b>",
    ]);
  });
});
