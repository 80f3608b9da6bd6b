import { describe, expect, test } from "vitest";
import { hasPython, hasVectors, python, said, sums, vector, vectorPath } from "../../test/helpers/export-vectors.js";
import { filesOf, hearFile } from "../../test/helpers/report-file.js";
import { nightscout as driver } from "./index.js";

const ENTRY = { date: 1775421029000, dateString: "2026-04-05T20:30:29.000Z", type: "sgv", sgv: 162, direction: "Flat" };
const TREATMENT = { _id: "5f1afb118b6aca48aa123400", eventType: "Meal Bolus", created_at: "2026-04-05T20:30:29.000Z" };
const json = (...documents: readonly unknown[]): string => JSON.stringify(documents);

describe.skipIf(!hasVectors)("entries that others published", () => {
  test.each([
    ["nightscout-entries.csv", 200],
    ["nightscout-entries.json", 50],
  ])("%s are read whole, in pieces of any size", async (name, count) => {
    for (const pieceBytes of [65_536, 101]) {
      const { readings, unreadable, problem } = await hearFile(driver, vector(`cgm-csv/${name}`), { pieceBytes });
      expect([readings.length, unreadable, problem]).toEqual([count, [], null]);
      expect(said(readings[0] ?? expect.fail())).toEqual({
        kind: "glucose",
        value: 162,
        unit: "mg/dL",
        specimen: "interstitial",
        asSent: "162 mg/dL",
        instantMs: Date.parse("2026-04-05T20:30:29.000Z"),
      });
    }
  });

  test("are the same readings in both forms", async () => {
    const [csv, documents] = await Promise.all(
      ["csv", "json"].map((form) => hearFile(driver, vector(`cgm-csv/nightscout-entries.${form}`))),
    );
    const known = new Map(csv?.readings.map(({ sourceKey, value }) => [sourceKey, value]));
    expect(documents?.readings.filter(({ sourceKey, value }) => known.get(sourceKey) === value)).toHaveLength(50);
  });

  test.skipIf(!hasPython)("have the sums that Python finds", async () => {
    const [csv, documents] = await Promise.all(
      ["csv", "json"].map((form) => hearFile(driver, vector(`cgm-csv/nightscout-entries.${form}`))),
    );
    const counted = python(
      `
a=[int(r[2]) for r in csv.reader(open(sys.argv[1],newline=''))]
b=[d['sgv'] for d in json.load(open(sys.argv[2]))]
print(json.dumps([{'glucose':[len(v),sum(v)*1000]} for v in (a,b)]))`,
      vectorPath("cgm-csv/nightscout-entries.csv"),
      vectorPath("cgm-csv/nightscout-entries.json"),
    );
    expect([sums(csv?.readings ?? []), sums(documents?.readings ?? [])]).toEqual(counted);
  });
});

describe("entries", () => {
  test("of a strip are blood, calibrations and removed ones are none, and the same one sent again is one", async () => {
    const mbg = { date: 1775421000000, type: "mbg", mbg: 104, device: "meter" };
    const text = json(
      ENTRY,
      { ...ENTRY, _id: "other" },
      mbg,
      { date: 1, type: "cal", slope: 1 },
      { ...ENTRY, date: 1775421030000, dateString: null, isValid: false },
    );
    const { readings, unreadable } = await hearFile(driver, text);
    expect(unreadable).toEqual([]);
    expect(readings.map(({ value, specimen, device }) => [value, specimen, device?.model])).toEqual([
      [162, "interstitial", undefined],
      [104, "capillary", "meter"],
    ]);
  });

  test.each([
    [{ ...ENTRY, sgv: 5 }, "sensor's code"],
    [{ ...ENTRY, sgv: null }, "no number"],
    [{ ...ENTRY, sgv: -1 }, "no number"],
    [{ ...ENTRY, sgv: 1200 }, "beyond all meters"],
    [{ ...ENTRY, date: 1775421 }, "count of milliseconds"],
    [{ ...ENTRY, date: "yesterday" }, "count of milliseconds"],
    [{ ...ENTRY, dateString: "2026-04-05T21:30:29.000Z" }, "contradict"],
    ["text", "no object"],
  ])("that are none are kept as not understood: %j", async (entry, why) => {
    const { readings, unreadable } = await hearFile(
      driver,
      json(entry, { ...ENTRY, date: 1775421100000, dateString: "x" }),
    );
    expect(readings).toHaveLength(1);
    expect(unreadable.map(({ detail }) => detail)).toEqual([expect.stringContaining(why)]);
    expect(unreadable.map(({ raw }) => JSON.parse(Buffer.from(raw).toString()))).toEqual([entry]);
  });

  test("in rows whose two dates differ, or whose value is a code, are kept as not understood", async () => {
    const rows = [
      '"2026-04-05T20:30:29.000Z",1775421029000,162,"Flat",',
      '"2026-04-05T20:30:29.000Z",1775424629000,162,"Flat",',
      '"2026-04-05T20:35:29.000Z",1775421329000,9,"NONE",',
      '"2026-04-05T20:40:29.000Z",1775421629000,16',
    ];
    const { readings, unreadable, problem } = await hearFile(driver, rows.join("\r\n"));
    expect([readings.length, unreadable.length, problem?.code]).toEqual([1, 3, "IMPORT_TRUNCATED"]);
  });

  test("whose document ends in the middle are told as far as they go", async () => {
    const text = json(ENTRY, { ...ENTRY, date: 1775421100000, dateString: "x" });
    const { readings, problem } = await hearFile(driver, text.slice(0, -20));
    expect([readings.length, problem?.code]).toEqual([1, "IMPORT_TRUNCATED"]);
  });
});

describe("treatments", () => {
  const told = async (members: Readonly<Record<string, unknown>>) => {
    const { readings, unreadable } = await hearFile(driver, json({ ...TREATMENT, ...members }));
    return [
      readings.map(({ kind, value, unit, specimen, note, instantMs }) => [
        kind,
        value,
        unit,
        specimen,
        note,
        instantMs,
      ]),
      unreadable.map(({ detail }) => detail),
    ];
  };
  const AT = Date.parse(TREATMENT.created_at);

  test.each([
    [
      { insulin: 8.2, carbs: 82, notes: "late" },
      [
        ["insulin", 8.2, "U", null, "late", AT],
        ["carbs", 82, "g", null, "late", AT],
      ],
    ],
    [{ insulin: "2.5", carbs: null }, [["insulin", 2.5, "U", null, null, AT]]],
    [{ glucose: 5.6, units: "mmol", glucoseType: "Finger" }, [["glucose", 5.6, "mmol/L", "capillary", null, AT]]],
    [{ glucose: "104", units: "mg/dl" }, [["glucose", 104, "mg/dL", null, null, AT]]],
    [{ eventType: "Note", notes: "ran" }, [["note", null, null, null, "ran", AT]]],
    [{ eventType: "Temp Basal", rate: 0.85, duration: 30 }, []],
    [{ insulin: 0, carbs: 0 }, []],
    [{ insulin: 3, isValid: false }, []],
    [{ insulin: 3, created_at: "2026-04-05T22:30:29+02:00" }, [["insulin", 3, "U", null, null, AT]]],
  ])("with %j tell what was given", async (members, expected) => {
    expect(await told(members)).toEqual([expected, []]);
  });

  test.each([
    [{ glucose: 104 }, "no unit"],
    [{ glucose: 5.6, units: "mg/dl" }, "beyond all meters"],
    [{ insulin: "a lot" }, "no number"],
    [{ insulin: -2 }, "no number"],
    [{ insulin: 2, created_at: "yesterday" }, "no instant"],
  ])("with %j are kept as not understood", async (members, why) => {
    expect(await told(members)).toEqual([[], [expect.stringContaining(why)]]);
  });

  test("keep their names when they are edited, and two equal ones are two", async () => {
    const keys = async (...all: readonly unknown[]) =>
      (await hearFile(driver, json(...all))).readings.map(({ sourceKey }) => sourceKey);
    const [first, second] = [
      { ...TREATMENT, insulin: 2 },
      { ...TREATMENT, _id: "b", insulin: 2 },
    ];
    const before = await keys(first, second);
    expect(new Set(before).size).toBe(2);
    expect(await keys({ ...second, notes: "x" }, { ...first, insulin: 3 })).toEqual([...before].reverse());
  });
});

test.each([
  [true, json(ENTRY)],
  [true, json({ ...ENTRY, mbg: 1 })],
  [true, `\ufeff ${JSON.stringify([TREATMENT], null, 2)}`],
  [true, '"2026-04-05T20:30:29.000Z"\t1775421029000\t162\t"Flat"\t\n'],
  [false, json({ type: "cbg", time: "x", deviceTime: "y" })],
  [false, JSON.stringify(ENTRY)],
  [false, "2026-04-05,1775421029000,162"],
  [false, "[]"],
  [false, ""],
])("recognition says %s to %j", async (expected, text) => {
  const [entry] = await filesOf({ "x.csv": text }).entries();
  expect(entry === undefined ? null : driver.recognise(entry, Buffer.from(text))).toBe(expected);
});
