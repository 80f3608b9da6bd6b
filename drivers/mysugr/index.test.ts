import { describe, expect, test } from "vitest";
import { hasPython, hasVectors, python, said, sums, vector, vectorPath } from "../../test/helpers/export-vectors.js";
import { filesOf, hearFile } from "../../test/helpers/report-file.js";
import { mySugr as driver } from "./index.js";

const NAMES = [
  "Date",
  "Time",
  "Tags",
  "Blood Sugar Measurement (mg/dL)",
  "Insulin Injection Units (Pen)",
  "Basal Injection Units",
  "Insulin Injection Units (pump)",
  "Insulin (Meal)",
  "Insulin (Correction)",
  "Temporary Basal Percentage",
  "Temporary Basal Duration (Minutes)",
  "Meal Carbohydrates (Grams, Factor 1)",
  "Meal Descriptions",
  "Activity Duration (Minutes)",
  "Activity Intensity",
  "Activity Description",
  "Steps",
  "Note",
  "Location",
  "Blood pressure",
  "Body weight (kg)",
  "HbA1c (Percent)",
  "Ketones",
  "Food type",
  "Medication",
  "Timezone",
  "Latitude",
  "Longitude",
];

function file(rows: readonly Readonly<Record<number, string>>[], names: readonly string[] = NAMES): string {
  const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const line = (cells: readonly string[]): string => cells.map(quoted).join(",");
  return [line(names), ...rows.map((row) => line(names.map((_, at) => row[at] ?? ""))), ""].join("\n");
}
const WHEN = { 0: "Jan 5, 2026", 1: "8:01:22 AM", 25: "GMT+01:00" };

describe.skipIf(!hasVectors)("the file that was made from the format's facts", () => {
  test("is told as it stands, at the instant that its zone names", async () => {
    const { readings, unreadable, problem } = await hearFile(driver, vector("synthetic/mysugr-en.csv"));
    expect([unreadable, problem]).toEqual([[], null]);
    const common = { note: "Breakfast,Before the meal", instantMs: Date.parse("2026-01-05T07:01:22Z"), utcOffset: 60 };
    expect(readings.map(said)).toEqual([
      { kind: "glucose", value: 104, unit: "mg/dL", meal: "before", asSent: "104 mg/dL", ...common },
      { kind: "carbs", value: 45, unit: "g", asSent: "45 g", ...common },
    ]);
  });

  test.skipIf(!hasPython)("has the sums that Python's csv module finds", async () => {
    const { readings } = await hearFile(driver, vector("synthetic/mysugr-en.csv"));
    const counted = python(
      `
out={}
for d in csv.DictReader(open(sys.argv[1],newline='')):
  for n,k in (('Blood Sugar Measurement (mg/dL)','glucose'),('Meal Carbohydrates (Grams, Factor 1)','carbs')):
    if d[n]: o=out.setdefault(k,[0,0]); o[0]+=1; o[1]+=round(float(d[n])*1000)
print(json.dumps(out))`,
      vectorPath("synthetic/mysugr-en.csv"),
    );
    expect(sums(readings)).toEqual(counted);
  });
});

describe("an entry", () => {
  const told = async (cells: Readonly<Record<number, string>>, names: readonly string[] = NAMES) => {
    const { readings, unreadable } = await hearFile(driver, file([{ ...WHEN, ...cells }], names));
    return [
      readings.map(({ kind, value, value2, unit, meal, delivery, note }) => [
        kind,
        value,
        value2,
        unit,
        meal,
        delivery,
        note,
      ]),
      unreadable.map(({ detail }) => detail),
    ];
  };

  test.each([
    [{ 3: "104", 2: "Fasting" }, ["glucose", 104, null, "mg/dL", "fasting", null, "Fasting"]],
    [
      { 3: "104", 2: "Before the meal,After the meal" },
      ["glucose", 104, null, "mg/dL", null, null, "Before the meal,After the meal"],
    ],
    [{ 5: "20" }, ["insulin", 20, null, "U", null, "basal", null]],
    [{ 4: "5", 7: "4", 8: "1" }, ["insulin", 5, null, "U", null, "bolus", null]],
    [{ 6: "5.5" }, ["insulin", 5.5, null, "U", null, "bolus", null]],
    [{ 16: "4000" }, ["steps", 4000, null, "count", null, null, null]],
    [{ 19: "120/80" }, ["blood_pressure", 120, 80, "mmHg", null, null, null]],
    [{ 20: "70.5" }, ["weight", 70.5, null, "kg", null, null, null]],
    [{ 21: "6.8" }, ["hba1c", 6.8, null, "%", null, null, null]],
    [{ 17: "ran late" }, ["note", null, null, null, null, null, "ran late"]],
  ])("with %j is one reading", async (cells, expected) => {
    expect(await told(cells)).toEqual([[expected], []]);
  });

  test("with the parts of a dose alone tells each", async () => {
    const { readings } = await hearFile(driver, file([{ ...WHEN, 7: "4", 8: "1" }]));
    expect(readings.map(({ value, delivery }) => [value, delivery])).toEqual([
      [4, "bolus"],
      [1, "bolus"],
    ]);
    expect(new Set(readings.map(({ sourceKey }) => sourceKey)).size).toBe(2);
  });

  const inStead = (at: number, name: string): string[] => NAMES.map((known, place) => (place === at ? name : known));
  test.each([
    [{ 3: "5.6" }, NAMES, "beyond all meters"],
    [{ 11: "4" }, inStead(11, "Kohlenhydrate (BE, Faktor 12)"), "not in grams"],
    [{ 20: "150" }, inStead(20, "Body weight (lbs)"), "not in kilograms"],
    [{ 22: "0.6" }, NAMES, "no unit"],
    [{ 19: "high" }, NAMES, "not read"],
    [{ 3: "104", 25: "GMT+99:00" }, NAMES, "does not exist"],
    [{ 3: "104", 0: "Foo 5, 2026" }, NAMES, "no date"],
  ])("with %j is kept as not understood", async (cells, names, why) => {
    expect(await told(cells, names)).toEqual([[], [expect.stringContaining(why)]]);
  });

  test("of which one cell is not understood is told but for that", async () => {
    expect(await told({ 3: "104", 22: "0.6", 5: "20" })).toMatchObject([{ length: 2 }, { length: 1 }]);
  });

  test("of a German export with decimal commas is read by the columns' places", async () => {
    const names = NAMES.map(
      (name, at) =>
        ({
          0: "Datum",
          1: "Zeit",
          3: "Blutzuckermessung (mmol/L)",
          11: "Kohlenhydrate (Gramm, Faktor 1)",
          20: "Körpergewicht (kg)",
          21: "HbA1c (Prozent)",
        })[at] ?? name,
    );
    const rows = [
      { 0: "13.01.2026", 1: "08:01:22", 3: "5,6", 11: "45", 25: "GMT+01:00" },
      { 0: "02.01.2026", 1: "20:00:00", 3: "7,1", 20: "70,5" },
    ];
    const { readings, unreadable } = await hearFile(driver, file(rows, names));
    expect(unreadable).toEqual([]);
    expect(readings.map(({ kind, value, deviceTime, instantMs }) => [kind, value, deviceTime, instantMs])).toEqual([
      ["glucose", 5.6, null, Date.parse("2026-01-13T07:01:22Z")],
      ["carbs", 45, null, Date.parse("2026-01-13T07:01:22Z")],
      ["glucose", 7.1, "2026-01-02T20:00:00", null],
      ["weight", 70.5, "2026-01-02T20:00:00", null],
    ]);
  });
});

test.each([
  [true, file([])],
  [true, `\ufeff${file([]).replaceAll(",", ";").replace('"Meal Carbohydrates (Grams; Factor 1)"', "KH (BE)")}`],
  [true, file([], NAMES.slice(0, 25))],
  [false, file([], NAMES.slice(0, 24))],
  [false, file([]).replace("(mg/dL)", "")],
  [false, ""],
])("recognition says %s to %j", async (expected, text) => {
  const [entry] = await filesOf({ "x.csv": text }).entries();
  expect(entry === undefined ? null : driver.recognise(entry, Buffer.from(text))).toBe(expected);
});
