import { describe, expect, test } from "vitest";
import { hasPython, hasVectors, python, said, sums, vector, vectorPath } from "../../test/helpers/export-vectors.js";
import { filesOf, hearFile } from "../../test/helpers/report-file.js";
import { xdripSiDiary as driver } from "./index.js";

const NAMES = "DAY;TIME;UDT_CGMS;BG_LEVEL;CH_GR;BOLUS;REMARK";
const file = (...rows: readonly string[]): string => [NAMES, ...rows, ""].join("\r\n");

describe.skipIf(!hasVectors)("the file that was made from the format's facts", () => {
  test("is told as it stands", async () => {
    const { readings, unreadable, problem } = await hearFile(driver, vector("synthetic/xdrip-sidiary.csv"));
    expect([unreadable, problem]).toEqual([[], null]);
    const glucose = { kind: "glucose", unit: "mg/dL" };
    expect(readings.map(said)).toEqual([
      { ...glucose, value: 104, specimen: "interstitial", asSent: "104 mg/dL", deviceTime: "2026-01-05T08:00:00" },
      { ...glucose, value: 102, specimen: "capillary", asSent: "102 mg/dL", deviceTime: "2026-01-05T08:05:00" },
    ]);
  });

  test.skipIf(!hasPython)("has the sum that Python's csv module finds", async () => {
    const { readings } = await hearFile(driver, vector("synthetic/xdrip-sidiary.csv"));
    const counted = python(
      `
values=[int(v) for d in csv.DictReader(open(sys.argv[1],newline=''),delimiter=';') for v in (d['UDT_CGMS'],d['BG_LEVEL']) if v]
print(json.dumps({'glucose':[len(values),sum(values)*1000]}))`,
      vectorPath("synthetic/xdrip-sidiary.csv"),
    );
    expect(sums(readings)).toEqual(counted);
  });
});

describe("a file", () => {
  test("has rows that end behind their last value, and such with several", async () => {
    const rows = ["13.01.2026;08:00;104", "13.01.2026;08:05;;;45;4.5;lunch; late", "13.01.2026;09:00;;;;;tired"];
    const { readings, unreadable } = await hearFile(driver, file(...rows));
    expect(unreadable).toEqual([]);
    expect(readings.map(({ kind, value, unit, delivery, note }) => [kind, value, unit, delivery, note])).toEqual([
      ["glucose", 104, "mg/dL", null, null],
      ["carbs", 45, "g", null, "lunch; late"],
      ["insulin", 4.5, "U", "bolus", "lunch; late"],
      ["note", null, null, null, "tired"],
    ]);
  });

  test("has the day first in every date, and never asks", async () => {
    const { readings, problem } = await hearFile(driver, file("01.02.2026;08:00;104;;;;"), { dateOrder: "mdy" });
    expect([problem, readings[0]?.deviceTime]).toEqual([null, "2026-02-01T08:00:00"]);
  });

  test("goes on behind rows that are not understood", async () => {
    const rows = ["01.13.2026;08:00;104", "13.01.2026;08:00;5.6", "13.01.2026;08:00", "x", "13.01.2026;08:05;104"];
    const { readings, unreadable } = await hearFile(driver, file(...rows));
    expect([readings.length, unreadable.length]).toEqual([1, 4]);
  });

  test("cut off behind a value tells it not, since digits may be missing, and says so", async () => {
    const { readings, unreadable, problem } = await hearFile(driver, `${NAMES}\r\n13.01.2026;08:00;10`);
    expect([readings, unreadable.length, problem?.code]).toEqual([[], 1, "IMPORT_TRUNCATED"]);
  });
});

test.each([
  [true, file()],
  [true, `\ufeff${file()}`],
  [false, file().replace("CH_GR", "CH")],
  [false, "a;b;c"],
  [false, ""],
])("recognition says %s to %j", async (expected, text) => {
  const [entry] = await filesOf({ "x.csv": text }).entries();
  expect(entry === undefined ? null : driver.recognise(entry, Buffer.from(text))).toBe(expected);
});
