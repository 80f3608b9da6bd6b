import { describe, expect, test } from "vitest";
import { hasPython, hasVectors, python, said, sums, vector, vectorPath } from "../../test/helpers/export-vectors.js";
import { filesOf, hearFile } from "../../test/helpers/report-file.js";
import { readDate } from "./date.js";
import { healthAutoExport as driver } from "./index.js";

const WHEN = "2024-09-12 07:00:00 +0200";
const AT = Date.parse("2024-09-12T05:00:00Z");
const metric = (name: string, units: string, ...data: readonly unknown[]) => ({ name, units, data });
const json = (...metrics: readonly unknown[]): string => JSON.stringify({ data: { metrics } });

describe.skipIf(!hasVectors)("the files that were made from the format's facts", () => {
  test("give each sample at its instant, in all three spellings of dates", async () => {
    for (const pieceBytes of [65_536, 7]) {
      const bytes = vector("synthetic/health-auto-export.json");
      const { readings, unreadable, problem } = await hearFile(driver, bytes, { pieceBytes });
      expect([unreadable, problem]).toEqual([[], null]);
      const glucose = { kind: "glucose", unit: "mmol/L" };
      expect(readings.map(said)).toEqual([
        { ...glucose, value: 4.59, asSent: "4.59 mmol/L", meal: "before", instantMs: AT, sourceName: "Contour" },
        {
          ...glucose,
          value: 7.1,
          asSent: "7.1 mmol/L",
          meal: "after",
          instantMs: AT + 7_200_000,
          sourceName: "Contour",
        },
        { ...glucose, value: 6, asSent: "6.0 mmol/L", instantMs: AT + 21_600_000, sourceName: "Health" },
        { kind: "insulin", value: 4, unit: "U", delivery: "bolus", asSent: "4 IU", instantMs: AT + 300_000 },
      ]);
    }
  });

  test("give nothing of an empty one, which is known all the same", async () => {
    const bytes = vector("synthetic/health-auto-export-empty.json");
    const [entry] = await filesOf({ "a.json": bytes }).entries();
    expect(entry && driver.recognise(entry, bytes)).toBe(true);
    expect(await hearFile(driver, bytes)).toMatchObject({ readings: [], unreadable: [], problem: null });
  });

  test.skipIf(!hasPython)("have the sums that Python's json module finds", async () => {
    const { readings } = await hearFile(driver, vector("synthetic/health-auto-export.json"));
    const counted = python(
      `
names={'blood_glucose':'glucose','insulin_delivery':'insulin'}
print(json.dumps({names[m['name']]:[len(m['data']),round(sum(d['qty'] for d in m['data'])*1000)] for m in json.load(open(sys.argv[1]))['data']['metrics']}))`,
      vectorPath("synthetic/health-auto-export.json"),
    );
    expect(sums(readings)).toEqual(counted);
  });
});

describe("a metric", () => {
  const told = async (...metrics: readonly unknown[]) => {
    const { readings, unreadable } = await hearFile(driver, json(...metrics));
    return [
      readings.map(({ kind, value, value2, unit, instantMs }) => [kind, value, value2, unit, instantMs]),
      unreadable.map(({ detail }) => detail),
    ];
  };

  test.each([
    [metric("blood_glucose", "mg/dL", { date: WHEN, qty: 104 }), ["glucose", 104, null, "mg/dL", AT]],
    [metric("carbohydrates", "g", { date: WHEN, qty: 45 }), ["carbs", 45, null, "g", AT]],
    [metric("step_count", "count", { date: WHEN, qty: 120 }), ["steps", 120, null, "count", AT]],
    [metric("weight_body_mass", "kg", { date: WHEN, qty: 70.5 }), ["weight", 70.5, null, "kg", AT]],
    [
      metric("heart_rate", "count/min", { date: WHEN, Min: 61, Avg: 61, Max: 61 }),
      ["heart_rate", 61, null, "/min", AT],
    ],
    [metric("heart_rate", "bpm", { date: WHEN, Avg: 61 }), ["heart_rate", 61, null, "/min", AT]],
    [
      metric("blood_pressure", "mmHg", { date: WHEN, systolic: 120, diastolic: 80 }),
      ["blood_pressure", 120, 80, "mmHg", AT],
    ],
  ])("of %j is one reading", async (one, expected) => {
    expect(await told(one)).toEqual([[expected], []]);
  });

  test.each([
    [metric("heart_rate", "count/min", { date: WHEN, Min: 55, Avg: 61, Max: 70 })],
    [metric("dietary_sugar", "g", { date: WHEN, qty: 4 })],
    [metric("blood_glucose", "mg/dL")],
  ])("of %j is none", async (one) => {
    expect(await told(one)).toEqual([[], []]);
  });

  test.each([
    [metric("blood_glucose", "mg/dL", { date: WHEN, qty: 5.6 }), "beyond all meters"],
    [metric("blood_glucose", "", { date: WHEN, qty: 104 }), "not read"],
    [metric("blood_glucose", "mg/dL", { date: "12.09.2024", qty: 104 }), "none that is known"],
    [metric("blood_glucose", "mg/dL", { date: WHEN }), "no number"],
    [metric("blood_glucose", "mg/dL", 5), "no object"],
    [metric("weight_body_mass", "lb", { date: WHEN, qty: 150 }), "not read"],
    [{ units: "mg/dL", data: [{ date: WHEN, qty: 104 }] }, "not said"],
  ])("of %j is kept as not understood", async (one, why) => {
    expect(await told(one)).toEqual([[], [expect.stringContaining(why)]]);
  });

  test("whose name and unit stand behind its samples is read with them", async () => {
    const behind = { data: [{ date: WHEN, qty: 104 }], units: "mg/dL", name: "blood_glucose" };
    expect(await told({ data: [] }, behind)).toEqual([[["glucose", 104, null, "mg/dL", AT]], []]);
  });

  test("sent again is the same, in another unit too; two equal doses in one file are two", async () => {
    const keys = async (...metrics: readonly unknown[]) =>
      (await hearFile(driver, json(...metrics))).readings.map(({ sourceKey }) => sourceKey);
    const sample = { date: WHEN, qty: 104, source: "Contour" };
    const [key] = await keys(metric("blood_glucose", "mg/dL", sample, sample));
    expect(await keys(metric("blood_glucose", "mg/dL", sample, sample))).toEqual([key]);
    const later = { ...sample, qty: 5.8, date: "2024-09-12 5:00:00\u202fAM +0000" };
    expect(await keys(metric("blood_glucose", "mmol/L", later))).toEqual([key]);
    const dose = { date: WHEN, qty: 2 };
    expect(new Set(await keys(metric("insulin_delivery", "IU", dose, dose))).size).toBe(2);
  });
});

test.each([
  ["2024-09-12 07:00:00 +0200", "2024-09-12T05:00:00Z"],
  ["2024-09-12 9:00:00\u202fAM +0200", "2024-09-12T07:00:00Z"],
  ["2024-09-12 1:00:00 PM +0200", "2024-09-12T11:00:00Z"],
  ["2024-09-12 12:00:00 a.m. -0530", "2024-09-12T05:30:00Z"],
])("the date %s is %s", (printed, instant) => {
  expect(readDate(printed)).toBe(Date.parse(instant));
});

test.each([
  "",
  "2024-09-12 07:00:00",
  "2024-02-30 07:00:00 +0200",
  "2024-09-12 13:00:00 PM +0200",
  "2024-09-12 07:00:00 +9900",
])("%j is no date", (printed) => {
  expect(() => readDate(printed)).toThrow("none that is known");
});

test("a file that ends in the middle is told as far as it goes", async () => {
  const text = json(metric("blood_glucose", "mg/dL", { date: WHEN, qty: 104 }, { date: WHEN, qty: 99 }));
  const { readings, problem } = await hearFile(driver, text.slice(0, -12));
  expect([readings.map(({ value }) => value), problem?.code]).toEqual([[104], "IMPORT_TRUNCATED"]);
});

test.each([
  [true, json()],
  [true, '{\n "data" : {\n  "workouts" : []}}'],
  [true, '{"data":{}}'],
  [false, '{"data":[]}'],
  [false, '{"data":{"rows":[]}}'],
  [false, '{"metrics":[]}'],
  [false, ""],
])("recognition says %s to %j", async (expected, text) => {
  const [entry] = await filesOf({ "x.json": text }).entries();
  expect(entry === undefined ? null : driver.recognise(entry, Buffer.from(text))).toBe(expected);
});
