import { describe, expect, test } from "vitest";
import { hasPython, hasVectors, python, said, sums, vector, vectorPath } from "../../test/helpers/export-vectors.js";
import { filesOf, hearFile } from "../../test/helpers/report-file.js";
import { careLink as driver } from "./index.js";

const GUARDIAN = "cgm-csv/carelink-guardian-eu-semicolon.csv";
const NAMES =
  "Index,Date,Time,New Device Time,BG Reading (mmol/L),Basal Rate (U/h),Bolus Type,Bolus Volume Delivered (U)," +
  "Bolus Duration (h:mm:ss),Alarm,BWZ Carb Input (grams),Sensor Calibration BG (mmol/L),Sensor Glucose (mmol/L),Event Marker";

/** A file of one section; rows are cells by their column's name. */
function file(...rows: readonly Readonly<Record<string, string>>[]): string {
  const names = NAMES.split(",");
  const lines = rows.map((row, at) =>
    names.map((name) => (name === "Index" ? `${at}.00000` : (row[name.replace(/ \(.*/, "")] ?? ""))).join(","),
  );
  const head = ["Last Name,First Name,Patient ID", "Doe,Jane,", "", "-------,MiniMed 640G,Pump,NG1234567H,-------"];
  return [...head, NAMES, ...lines, ""].join("\r\n");
}
const at = (cells: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  Date: "2021/07/25",
  Time: "09:35:28",
  ...cells,
});

describe.skipIf(!hasVectors)("a Guardian Connect's file", () => {
  test("is read whole, both sections, in pieces of any size", async () => {
    for (const pieceBytes of [65_536, 101]) {
      const { readings, unreadable, problem } = await hearFile(driver, vector(GUARDIAN), { pieceBytes });
      expect([unreadable, problem]).toEqual([[], null]);
      // By hand: 147 sensor values, 14 of blood, 17 doses of which 3 stand there twice, 10 meals of which 1 does.
      expect(Object.entries(sums(readings)).map(([kind, [count]]) => [kind, count])).toEqual([
        ["insulin", 14],
        ["glucose", 161],
        ["carbs", 9],
      ]);
      expect(new Set(readings.map(({ sourceKey }) => sourceKey)).size).toBe(184);
    }
  });

  test("begins with the newest dose, told once although it stands there twice", async () => {
    const { readings } = await hearFile(driver, vector(GUARDIAN));
    const device = { manufacturer: "Medtronic", model: "Guardian Connect", serial: "GCZ7PA-UYGI-AZWP-LWF1" };
    expect(readings.slice(0, 3).map(said)).toEqual([
      { kind: "insulin", value: 27, unit: "U", asSent: "Insulin: 27,00", deviceTime: "2021-07-25T09:35:28", device },
      { kind: "insulin", value: 3, unit: "U", asSent: "Insulin: 3,00", deviceTime: "2021-07-25T08:54:04", device },
      {
        kind: "glucose",
        value: 70,
        unit: "mg/dL",
        specimen: "capillary",
        asSent: "70 mg/dL",
        deviceTime: "2021-07-25T00:52:53",
        device,
      },
    ]);
    expect(said(readings.at(-1) ?? expect.fail())).toMatchObject({ value: 90, deviceTime: "2021-07-24T11:37:51" });
  });

  test.skipIf(!hasPython)("has as many values of the same sum as Python's csv module finds", async () => {
    const { readings } = await hearFile(driver, vector(GUARDIAN));
    const counted = python(
      `
seen=set(); out={}; names=None
for r in csv.reader(open(sys.argv[1],newline=''),delimiter=';'):
  if r and r[0].startswith('----'): names=None
  elif r and r[0]=='Index': names=r
  elif names and len(r)>5 and tuple(r[1:]) not in seen:
    seen.add(tuple(r[1:])); d=dict(zip(names,r))
    for n in ('BG Reading (mg/dL)','Sensor Glucose (mg/dL)'):
      if d[n]: o=out.setdefault('glucose',[0,0]); o[0]+=1; o[1]+=int(d[n])*1000
    m=re.match(r'(Insulin|Meal): (\\d+),(\\d\\d)',d['Event Marker'])
    if m: o=out.setdefault({'Insulin':'insulin','Meal':'carbs'}[m[1]],[0,0]); o[0]+=1; o[1]+=int(m[2])*1000+int(m[3])*10
print(json.dumps(out))`,
      vectorPath(GUARDIAN),
    );
    expect(sums(readings)).toEqual(counted);
  });
});

describe("a file with commas and points", () => {
  const told = async (...rows: readonly Readonly<Record<string, string>>[]) => {
    const { readings, unreadable, problem } = await hearFile(driver, file(...rows));
    expect(problem).toBeNull();
    const short = readings.map(({ kind, value, unit, delivery, note }) => [kind, value, unit, delivery, note]);
    return [short, unreadable.map(({ detail }) => detail)];
  };

  test.each([
    [{ "BG Reading": "5.6" }, ["glucose", 5.6, "mmol/L", null, null]],
    [{ "Sensor Glucose": "5.6" }, ["glucose", 5.6, "mmol/L", null, null]],
    [{ "Bolus Type": "Normal", "Bolus Volume Delivered": "4.5" }, ["insulin", 4.5, "U", "bolus", null]],
    [
      { "Bolus Type": "Square", "Bolus Volume Delivered": "4.5", "Bolus Duration": "0:30:00" },
      ["insulin", 4.5, "U", "bolus", "Square, 0:30:00"],
    ],
    [{ "BWZ Carb Input": "45" }, ["carbs", 45, "g", null, null]],
    [{ "Event Marker": "Meal: 45.00grams" }, ["carbs", 45, "g", null, null]],
    [{ "Event Marker": "Insulin: 2.50" }, ["insulin", 2.5, "U", null, null]],
  ])("tells %j", async (cells, expected) => {
    expect(await told(at(cells))).toEqual([[expected], []]);
  });

  test.each([
    [{ "Basal Rate": "0.85" }],
    [{ Alarm: "LOW SG" }],
    [{ "New Device Time": "2021/07/25 10:00:00" }],
    [{ "Sensor Calibration BG": "5.6" }],
    [{ "BWZ Carb Input": "0" }],
    [{ "Event Marker": "Exercise: 30" }],
    [{}],
  ])("tells nothing of %j", async (cells) => {
    expect(await told(at(cells))).toEqual([[], []]);
  });

  test.each([
    [{ "BG Reading": "560" }, "beyond all meters"],
    [{ "BG Reading": "5,6" }, "more cells"],
    [{ "Bolus Volume Delivered": "-1" }, "can't be"],
    [{ "Event Marker": "Insulin: a lot" }, "not known"],
    [{ "Event Marker": "Meal: 3.00exchanges" }, "not known"],
    [{ "BG Reading": "5.6", Date: "2021/02/30" }, "no date"],
    [{ "BG Reading": "5.6", Time: "" }, "no date"],
  ])("keeps %j as not understood", async (cells, why) => {
    expect(await told(at(cells))).toEqual([[], [expect.stringContaining(why)]]);
  });

  test("tells what differs in one second, and what is alike once", async () => {
    const rows = [at({ "BG Reading": "5.6" }), at({ "BG Reading": "5.6" }), at({ "BG Reading": "5.7" })];
    const { readings } = await hearFile(driver, file(...rows));
    expect(readings.map(({ value }) => value)).toEqual([5.6, 5.7]);
    expect(new Set(readings.map(({ sourceKey }) => sourceKey)).size).toBe(2);
  });

  test("gives no reading of a section of sums by day", async () => {
    const text = file(at({ "Bolus Volume Delivered": "30" })).replace(",Pump,", ",Aggregated Auto Insulin Data,");
    expect((await hearFile(driver, text)).readings).toEqual([]);
  });
});

test.each([
  [true, file()],
  [true, `\ufeff${file().replaceAll(",", ";")}`],
  [false, file().replaceAll("-------", "--")],
  [false, file().replace("Index,Date", "Nr,Date")],
  [false, ""],
])("recognition says %s to %j", async (expected, text) => {
  const [entry] = await filesOf({ "x.csv": text }).entries();
  expect(entry === undefined ? null : driver.recognise(entry, Buffer.from(text))).toBe(expected);
});
