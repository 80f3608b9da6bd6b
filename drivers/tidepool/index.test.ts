import { describe, expect, test } from "vitest";
import { said } from "../../test/helpers/export-vectors.js";
import { filesOf, hearFile } from "../../test/helpers/report-file.js";
import { tidepool as driver } from "./index.js";

const COMMON = {
  id: "3b1ab0bb540442f68c56f071f7cb3547",
  time: "2016-05-04T08:18:06.425Z",
  deviceTime: "2016-05-04T01:18:06",
  timezoneOffset: -420,
  deviceId: "DevId0987654321",
  uploadId: "SampleUploadId",
};
const SMBG = { ...COMMON, type: "smbg", units: "mmol/L", value: 11.21251 };
const OUT = { code: "bg/out-of-range", value: "high", threshold: 600 };
const json = (...data: readonly unknown[]): string => JSON.stringify(data);

test("a finger's value is told as it is stored, at its instant, with its offset", async () => {
  const { readings, unreadable, problem } = await hearFile(driver, json(SMBG));
  expect([unreadable, problem]).toEqual([[], null]);
  expect(readings.map(said)).toEqual([
    {
      kind: "glucose",
      value: 11.21251,
      unit: "mmol/L",
      specimen: "capillary",
      asSent: "11.21251 mmol/L",
      instantMs: Date.parse("2016-05-04T08:18:06.425Z"),
      utcOffset: -420,
      device: { manufacturer: null, model: "DevId0987654321", serial: null },
    },
  ]);
});

describe("a datum", () => {
  const told = async (members: Readonly<Record<string, unknown>>) => {
    const { readings, unreadable } = await hearFile(driver, json({ ...COMMON, ...members }));
    return [
      readings.map(({ kind, value, unit, outOfRange, delivery, note }) => [
        kind,
        value,
        unit,
        outOfRange,
        delivery,
        note,
      ]),
      unreadable.map(({ detail }) => detail),
    ];
  };
  const cbg = { type: "cbg", units: "mmol/L", value: 5.55074 };

  test.each([
    [cbg, [["glucose", 5.55074, "mmol/L", null, null, null]]],
    [{ ...cbg, units: "mg/dL", value: 100 }, [["glucose", 100, "mg/dL", null, null, null]]],
    [{ ...cbg, units: "mg/dL", value: 601, annotations: [OUT] }, [["glucose", 600, "mg/dL", "high", null, null]]],
    [{ ...cbg, value: 33.36, annotations: JSON.stringify([OUT]) }, [["glucose", 33.36, "mmol/L", "high", null, null]]],
    [
      { ...cbg, value: 2.16, annotations: [{ code: "bg/out-of-range", value: "low", threshold: 2.22 }] },
      [["glucose", 2.22, "mmol/L", "low", null, null]],
    ],
    [{ ...cbg, annotations: [{ code: "other" }] }, [["glucose", 5.55074, "mmol/L", null, null, null]]],
    [{ type: "bloodKetone", units: "mmol/L", value: 0.6 }, [["ketone", 0.6, "mmol/L", null, null, null]]],
    [{ type: "bolus", subType: "normal", normal: 2.5 }, [["insulin", 2.5, "U", null, "bolus", null]]],
    [
      { type: "bolus", subType: "dual/square", normal: 1, extended: 2, duration: 3_600_000 },
      [
        ["insulin", 1, "U", null, "bolus", null],
        ["insulin", 2, "U", null, "bolus", "extended"],
      ],
    ],
    [{ type: "insulin", dose: { total: 20, units: "Units" } }, [["insulin", 20, "U", null, null, null]]],
    [{ type: "wizard", carbInput: 45, bgInput: 5.6, units: "mmol/L" }, [["carbs", 45, "g", null, null, null]]],
    [
      { type: "food", nutrition: { carbohydrate: { net: 30, units: "grams" } } },
      [["carbs", 30, "g", null, null, null]],
    ],
    [{ type: "basal", deliveryType: "scheduled", rate: 0.85, duration: 3_600_000 }, []],
    [{ type: "upload", deviceModel: "x" }, []],
  ])("%j tells what it holds", async (members, expected) => {
    expect(await told(members)).toEqual([expected, []]);
  });

  test.each([
    [{ ...cbg, units: "g/L" }, "unit"],
    [{ ...cbg, value: "5.5" }, "no number"],
    [{ ...cbg, value: 120 }, "beyond all meters"],
    [{ ...cbg, time: "2016-05-04T08:18:06" }, "no instant"],
    [{ ...cbg, time: null }, "no instant"],
    [{ ...cbg, annotations: "{" }, "annotations"],
    [{ ...cbg, annotations: [OUT, { ...OUT, value: "low" }] }, "low and high"],
    [{ ...cbg, annotations: [{ code: "bg/out-of-range" }] }, "at which end"],
    [{ type: "wizard", carbInput: 4, carbUnits: "exchanges" }, "not in grams"],
    [{ type: "insulin", dose: { total: 20 } }, "no known unit"],
  ])("%j is kept as not understood", async (members, why) => {
    expect(await told(members)).toEqual([[], [expect.stringContaining(why)]]);
  });

  test("of an extended bolus ends when that was given", async () => {
    const { readings } = await hearFile(driver, json({ ...COMMON, type: "bolus", extended: 2, duration: 3_600_000 }));
    expect(readings.map(({ endMs }) => endMs)).toEqual([Date.parse("2016-05-04T09:18:06.425Z")]);
  });
});

test("names come from the data's own, so that a later export doubles nothing", async () => {
  const keys = async (text: string) => (await hearFile(driver, text)).readings.map(({ sourceKey }) => sourceKey);
  const other = { ...SMBG, id: "other" };
  const first = await keys(json(SMBG, other));
  expect(new Set(first).size).toBe(2);
  expect(await keys(JSON.stringify([{ ...other, units: "mg/dL", value: 202 }, SMBG], null, 1))).toEqual(
    [...first].reverse(),
  );
});

test("of kinds that are not asked for nothing is told", async () => {
  const { readings } = await hearFile(driver, json(SMBG, { ...COMMON, type: "bolus", normal: 1 }), {
    kinds: new Set(["insulin"]),
  });
  expect(readings.map(({ kind }) => kind)).toEqual(["insulin"]);
});

test.each([
  [true, json(SMBG)],
  [true, JSON.stringify([{ ...COMMON, type: "upload" }], null, 2)],
  [false, json({ type: "sgv", sgv: 100, date: 1 })],
  [false, json({ type: "cbg" })],
  [false, JSON.stringify(SMBG)],
  [false, ""],
])("recognition says %s to %j", async (expected, text) => {
  const [entry] = await filesOf({ "x.json": text }).entries();
  expect(entry === undefined ? null : driver.recognise(entry, Buffer.from(text))).toBe(expected);
});
