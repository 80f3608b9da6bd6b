import { describe, expect, test } from "vitest";
import { importFile } from "../../src/ingest/import-file.js";
import { ownerBySerial } from "../../src/ingest/owner.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hasPython, hasVectors, python, vectorPath } from "../../test/helpers/export-vectors.js";
import { filesOf, hearFile, hearFiles } from "../../test/helpers/report-file.js";
import { glooko as driver } from "./index.js";

const META = "Name:Jane Doe,Date Range:2026-01-01 - 2026-01-14";
const CGM = "Timestamp,CGM Glucose Value (mg/dl),Serial Number";
const BG = "Timestamp,Glucose Value (mg/dl),Manual Reading,Serial Number";
const BOLUS =
  "Timestamp,Insulin Type,Blood Glucose Input (mg/dl),Carbs Input (g),Carbs Ratio,Insulin Delivered (U),Initial Delivery (U),Extended Delivery (U),Serial Number";
const BASAL = "Timestamp,Insulin Type,Duration (minutes),Percentage (%),Rate,Insulin Delivered (U),Serial Number";
const file = (names: string, ...rows: readonly string[]): string => [META, names, ...rows, ""].join("\n");

describe.skipIf(!hasVectors)("the archive that was made from the format's facts", () => {
  test("gives the readings of its three files", async () => {
    const records: unknown[] = [];
    const report = await importFile({
      file: vectorPath("synthetic/glooko.zip"),
      drivers: [driver],
      store: null,
      clock: new VirtualClock(Date.parse("2026-02-01T00:00:00Z")),
      ownerOf: ownerBySerial([], "Europe/London"),
      signal: new AbortController().signal,
      onRecord: ({ kind, value, unit, deviceTime, serial, specimen, delivery }) =>
        records.push([kind, value, unit, deviceTime, serial, specimen, delivery]),
    });
    expect(report).toMatchObject({ outcome: "done", format: "glooko", new: 4, unreadable: 0, damagedEntries: [] });
    expect(records).toEqual([
      ["glucose", 104, "mg/dL", "2026-01-05T08:00:00", "SM0001", "interstitial", null],
      ["glucose", 104, "mg/dL", "2026-01-05T08:00:00", "M0001", "capillary", null],
      ["insulin", 4.5, "U", "2026-01-05T08:05:00", "P0001", null, "bolus"],
      ["carbs", 45, "g", "2026-01-05T08:05:00", "P0001", null, null],
    ]);
  });

  test.skipIf(!hasPython)("has the values that Python's zipfile and csv modules find", () => {
    const counted = python(
      `
import zipfile
out=[]
with zipfile.ZipFile(sys.argv[1]) as z:
  for n in z.namelist():
    for d in csv.DictReader(z.read(n).decode().splitlines()[1:]):
      out+=[[k,float(v)] for k,v in d.items() if k in ('CGM Glucose Value (mg/dl)','Glucose Value (mg/dl)','Insulin Delivered (U)','Carbs Input (g)')]
print(json.dumps(sorted(v for k,v in out)))`,
      vectorPath("synthetic/glooko.zip"),
    );
    expect(counted).toEqual([4.5, 45, 104, 104]);
  });
});

describe("files", () => {
  test("of several numbers are one history, and sums by day are none", async () => {
    const { readings, problem } = await hearFiles(driver, {
      "cgm_data_1.csv": file(CGM, "2026-01-05 08:00,104,SM1", "2026-01-05 08:05,105,SM1"),
      "cgm_data_2.csv": file(CGM.replace("mg/dl", "mmol/L"), "2026-01-06 08:00:30,5.8,SM1"),
      "Insulin data/insulin_data_1.csv": file(
        "Timestamp,Total Bolus (U),Total Insulin (U),Total Basal (U),Serial Number",
        "2026-01-05 23:59,2.5,10.5,8.0,P1",
      ),
    });
    expect(problem).toBeNull();
    expect(readings.map(({ value, unit, deviceTime }) => [value, unit, deviceTime])).toEqual([
      [104, "mg/dL", "2026-01-05T08:00:00"],
      [105, "mg/dL", "2026-01-05T08:05:00"],
      [5.8, "mmol/L", "2026-01-06T08:00:30"],
    ]);
  });

  test("that leave the order of their dates open learn it from another one of the archive", async () => {
    const open = file(CGM, "01/02/2026 08:00,104,SM1");
    const alone = await hearFiles(driver, {
      "cgm_data_1.csv": open,
      "bg_data_1.csv": file(BG, "01/03/2026 08:00,99,,M1"),
    });
    expect(alone.problem?.code).toBe("IMPORT_AMBIGUOUS_DATES");
    const helped = await hearFiles(driver, {
      "cgm_data_1.csv": open,
      "bg_data_1.csv": file(BG, "01/13/2026 08:00,99,,M1"),
    });
    expect(helped.problem).toBeNull();
    expect(helped.readings.map(({ deviceTime }) => deviceTime)).toEqual(["2026-01-02T08:00:00", "2026-01-13T08:00:00"]);
  });

  const doses: readonly [string, string, readonly unknown[]][] = [
    [
      BOLUS,
      "2026-01-05 08:05,Normal,104,45,10,4.5,4.5,0,P1",
      [
        ["insulin", 4.5, "bolus", null],
        ["carbs", 45, null, null],
      ],
    ],
    [BOLUS, "2026-01-05 08:05,Extended,,0,,2,0,2,P1", [["insulin", 2, "bolus", "Extended"]]],
    [BOLUS, "2026-01-05 08:05,Normal,104,30,10,,,,P1", [["carbs", 30, null, null]]],
    [BASAL, "2026-01-05 08:05,Scheduled,30,,0.6,0.3,P1", [["insulin", 0.3, "basal", "Scheduled, over 30 min"]]],
    [BASAL, "2026-01-05 08:05,Scheduled,30,,0.6,,P1", []],
  ];
  test.each(doses)("of doses (%#) tell what was delivered", async (names, row, expected) => {
    const { readings, unreadable } = await hearFile(driver, file(names, row));
    expect(unreadable).toEqual([]);
    expect(readings.map(({ kind, value, delivery, note }) => [kind, value, delivery, note])).toEqual(expected);
  });

  test("keep rows that are not understood, and go on", async () => {
    const { readings, unreadable } = await hearFile(
      driver,
      file(
        CGM,
        "2026-01-05 08:00,Low,SM1",
        "2026-01-05 08:05,5.8,SM1",
        "yesterday,104,SM1",
        "2026-01-05 08:10,104,SM1",
      ),
    );
    expect([readings.length, unreadable.length]).toEqual([1, 3]);
  });

  test("cut off in the last row, or in its serial number, tell no reading of it", async () => {
    for (const row of ["2026-01-05 08:00,10", "2026-01-05 08:00,104,SM"]) {
      const { readings, unreadable } = await hearFile(driver, file(CGM, row).trimEnd());
      expect([readings, unreadable.length]).toEqual([[], 1]);
    }
  });
});

test.each([
  [true, file(CGM)],
  [true, file(BG)],
  [true, file(BASAL)],
  [true, `${BOLUS}\r\n`],
  [true, file(BOLUS).toLowerCase()],
  [false, file("Timestamp,Alarm,Serial Number")],
  [false, file(CGM.replace("Serial Number", "Device"))],
  [false, ""],
])("recognition says %s to %j", async (expected, text) => {
  const [entry] = await filesOf({ "x.csv": text }).entries();
  expect(entry === undefined ? null : driver.recognise(entry, Buffer.from(text))).toBe(expected);
});
