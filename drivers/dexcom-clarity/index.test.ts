import { describe, expect, test } from "vitest";
import { hasPython, hasVectors, python, said, sums, vector, vectorPath } from "../../test/helpers/export-vectors.js";
import { filesOf, hearFile } from "../../test/helpers/report-file.js";
import { dexcomClarity as driver } from "./index.js";

const NAMES =
  "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Patient Info,Device Info,Source Device ID," +
  "Glucose Value (mg/dL),Insulin Value (u),Carb Value (grams),Duration (hh:mm:ss),Glucose Rate of Change (mg/dL/min)," +
  "Transmitter Time (Long Integer),Transmitter ID";
const file = (...rows: readonly string[]): string => [NAMES, ...rows, ""].join("\r\n");
const egv = (time: string, value: string, counter: string): string =>
  `9,${time},EGV,,,,iPhone G6,${value},,,,,${counter},8ABCDE`;

describe.skipIf(!hasVectors)("files that others published", () => {
  test.each([
    ["cgm-csv/clarity-g6-broken-bom.csv", 389, "HBRPOI"],
    ["cgm-csv/clarity-bigideas-13col.csv", 5, null],
  ])("%s is read whole, in pieces of any size", async (name, count, serial) => {
    for (const pieceBytes of [65_536, 101]) {
      const { readings, unreadable, problem } = await hearFile(driver, vector(name), { pieceBytes });
      expect([readings.length, unreadable, problem]).toEqual([count, [], null]);
      const sensor = readings.filter(({ specimen }) => specimen === "interstitial");
      expect(new Set(sensor.map(({ device }) => device?.serial))).toEqual(new Set([serial]));
      expect(new Set(readings.map(({ device }) => device?.model))).toEqual(new Set(["Dexcom G6 Mobile App"]));
      expect(new Set(readings.map(({ sourceKey }) => sourceKey)).size).toBe(count);
    }
  });

  test
    .skipIf(!hasPython)
    .each(["cgm-csv/clarity-g6-broken-bom.csv", "cgm-csv/clarity-bigideas-13col.csv", "synthetic/clarity-mmol.csv"])(
    "%s has as many values of the same sum as Python's csv module finds",
    async (name) => {
      const { readings } = await hearFile(driver, vector(name));
      const counted = python(
        `
out={}
for r in csv.reader(open(sys.argv[1],newline='',encoding='utf-8-sig')):
  kind,at={'EGV':('glucose',7),'Insulin':('insulin',8),'Carbs':('carbs',9)}.get(r[2],(None,0))
  if kind:
    one=out.setdefault(kind,[0,0]); one[0]+=1; one[1]+=round(float({'Low':'2.2'}.get(r[at],r[at]))*1000)
print(json.dumps(out))`,
        vectorPath(name),
      );
      expect(sums(readings)).toEqual(counted);
    },
  );

  test("in mmol/L, each field quoted, with Low and rows of 13 cells, is told as it stands", async () => {
    const { readings, problem } = await hearFile(driver, vector("synthetic/clarity-mmol.csv"));
    expect(problem).toBeNull();
    const g7 = { manufacturer: "Dexcom", model: "Dexcom G7 Mobile App" };
    const sensor = {
      kind: "glucose",
      unit: "mmol/L",
      specimen: "interstitial",
      device: { ...g7, serial: "123456789012" },
    };
    expect(readings.map(said)).toEqual([
      { ...sensor, value: 6.1, asSent: "6.1 mmol/L", deviceTime: "2025-10-25T02:50:00", order: 1000 },
      {
        ...sensor,
        value: 2.2,
        outOfRange: "low",
        asSent: "Low mmol/L",
        deviceTime: "2025-10-25T02:55:00",
        order: 1300,
      },
      {
        kind: "insulin",
        value: 4,
        unit: "U",
        delivery: "bolus",
        asSent: "4.0 u",
        deviceTime: "2025-10-26T02:30:00",
        device: { ...g7, serial: null },
      },
    ]);
  });
});

describe("a file", () => {
  test("of the hour that the clock shows twice keeps all readings apart, in the transmitter's order", async () => {
    const rows = [
      egv("2025-10-26T02:30:00", "100", "1000"),
      egv("2025-10-26T02:30:00", "100", "4600"),
      egv("2025-10-26T02:35:00", "105", "4900"),
    ];
    const { readings } = await hearFile(driver, file(...rows));
    expect(readings.map(({ deviceTime, order }) => [deviceTime, order])).toEqual([
      ["2025-10-26T02:30:00", 1000],
      ["2025-10-26T02:30:00", 4600],
      ["2025-10-26T02:35:00", 4900],
    ]);
    expect(new Set(readings.map(({ sourceKey }) => sourceKey)).size).toBe(3);
  });

  test("gives the same names when it was saved again, in another unit, with fewer columns or with other rows before", async () => {
    const keys = async (text: string): Promise<unknown> =>
      (await hearFile(driver, text)).readings.map(({ sourceKey }) => sourceKey);
    const one = file(egv("2025-10-26T02:30:00", "100", "1000"), egv("2025-10-26T02:35:00", "108", "1300"));
    const expected = await keys(one);
    expect(expected).toHaveLength(2);
    const mmol = one.replaceAll("mg/dL", "mmol/L").replace(",100,", ",5.6,").replace(",108,", ",6.0,");
    const narrow = one.replace(",Transmitter ID", "").replaceAll(",8ABCDE", "");
    const saved = one.replaceAll("T02:", " 02:").replaceAll(",1000,", ",1000.0,").replaceAll("9,2025", "12345,2025");
    for (const text of [mmol, narrow, saved, `\ufeff${one}`]) expect(await keys(text)).toEqual(expected);
  });

  test("tells High and Low by the header's unit, calibrations as blood, and carbohydrates", async () => {
    const rows = [
      egv("2025-01-01T08:00:00", "High", "1"),
      egv("2025-01-01T08:05:00", "Low", "301"),
      "9,2025-01-01T08:06:00,Calibration,,,,iPhone G6,110,,,,,361,8ABCDE",
      "9,2025-01-01T08:07:00,Carbs,,,,iPhone G6,,,45,,,,",
      "9,2025-01-01T08:08:00,Insulin,Long-Acting,,,iPhone G6,,12,,,,,",
      "9,2025-01-01T08:08:00,Insulin,Inhaled,,,iPhone G6,,4,,,,,",
      "9,2025-01-01T08:09:00,Exercise,Light,,,iPhone G6,,,,00:30:00,,,",
    ];
    const { readings, unreadable } = await hearFile(driver, file(...rows));
    expect(unreadable).toEqual([]);
    expect(
      readings.map(({ value, unit, outOfRange, specimen, delivery, note }) => [
        value,
        unit,
        outOfRange,
        specimen,
        delivery,
        note,
      ]),
    ).toEqual([
      [400, "mg/dL", "high", "interstitial", null, null],
      [40, "mg/dL", "low", "interstitial", null, null],
      [110, "mg/dL", null, "capillary", null, "Calibration"],
      [45, "g", null, null, null, null],
      [12, "U", null, null, "basal", null],
      [4, "U", null, null, null, "Inhaled"],
    ]);
  });

  test("of which rows are not understood goes on behind them, and never tells the person's name", async () => {
    const rows = [
      "1,,FirstName,,Jane,,,,,,,,,",
      egv("2025-01-01T08:00:00", "6.1", "1"),
      egv("2025-02-30T08:00:00", "100", "301"),
      egv("01/02/25 08:00", "100", "301"),
      egv("2025-01-01T08:10:00", "", "601"),
      egv("2025-01-01T08:15:00", "100", "901"),
    ];
    const { readings, unreadable, problem } = await hearFile(driver, file(...rows));
    expect([readings.length, problem]).toEqual([1, null]);
    expect(unreadable.map(({ raw }) => Buffer.from(raw).toString())).toEqual(rows.slice(1, 5));
    expect(unreadable.map(({ detail }) => detail.slice(0, 7))).toEqual(["Line 3 ", "Line 4 ", "Line 5 ", "Line 6 "]);
  });

  test("cut short at any byte tells no value that is not in it, and says what is missing", async () => {
    const text = file(egv("2025-01-01T08:00:00", "103", "1001"), egv("2025-01-01T08:05:00", "128", "1301"));
    const values = (await hearFile(driver, text)).readings.map(({ value }) => value);
    expect(values).toEqual([103, 128]);
    let ran = 0;
    for (let length = NAMES.length + 2; length < text.length; length += 1) {
      const { readings, problem } = await hearFile(driver, text.slice(0, length));
      expect(values.slice(0, readings.length)).toEqual(readings.map(({ value }) => value));
      const rows = text
        .slice(0, length)
        .split("\r\n")
        .slice(1)
        .filter((row) => row.trim() !== "");
      expect(readings.length + (problem === null ? 0 : 1), `cut after ${length}`).toBe(rows.length);
      ran += 1;
    }
    expect(ran).toBe(text.length - NAMES.length - 2);
  });

  test("gives only the kinds that are asked for", async () => {
    const text = file(egv("2025-01-01T08:00:00", "x", "1"), "9,2025-01-01T08:07:00,Carbs,,,,iPhone G6,,,45,,,,");
    const { readings, unreadable } = await hearFile(driver, text, { kinds: new Set(["carbs"]) });
    expect([readings.map(({ kind }) => kind), unreadable]).toEqual([["carbs"], []]);
  });
});

test.each([
  [true, file()],
  [true, `\ufeff"${NAMES.replaceAll(",", '","')}"\r\n`],
  [true, file().replaceAll(",", ";")],
  [false, file().replaceAll("mg/dL", "g/L")],
  [false, ""],
  [false, "Index,Timestamp,Event Type\n"],
  [false, '{"data":{}}'],
])("recognition says %s to %j", async (expected, text) => {
  const [entry] = await filesOf({ "x.csv": text }).entries();
  expect(entry === undefined ? null : driver.recognise(entry, Buffer.from(text))).toBe(expected);
});
