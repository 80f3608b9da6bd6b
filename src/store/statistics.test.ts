import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type StorePlace, storeKinds } from "../../test/helpers/stores.js";
import { copied, measured } from "../../test/helpers/twins.js";
import { MG_DL_PER_MMOL_L } from "../domain/glucose.js";
import { GlucoseSums } from "../domain/glucose-statistics.js";
import { derivedId } from "../domain/identity.js";
import { EMPTY_FIELDS, type Kind, type RecordFields } from "../domain/record.js";
import { ingestPage, type NewRecord, removeRecord } from "./records.js";
import { statisticsOf } from "./statistics.js";
import type { Store } from "./store.js";
import { linkTwinsIn } from "./twins.js";

const AUTHOR = { by: "test", why: "kept", at: "2024-03-06T00:00:00.000Z" };

const hasPython = (() => {
  try {
    execFileSync("python3", ["-c", "import statistics"], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
})();

/** Mean and sample deviation as Python's statistics module gives them. */
function python(values: readonly number[]): { mean: number; deviation: number } {
  const script = "import json,statistics,sys;v=json.load(sys.stdin);print(statistics.fmean(v),statistics.stdev(v))";
  const [mean = 0, deviation = 0] = execFileSync("python3", ["-c", script], { input: JSON.stringify(values) })
    .toString()
    .split(" ")
    .map(Number);
  return { mean, deviation };
}

const glucose = (value: number, unit: string, outOfRange: "low" | "high" | null = null) => ({
  value,
  unit,
  outOfRange,
});

describe("sums of glucose", () => {
  test.skipIf(!hasPython)("have the mean and the deviation that Python gives, in mg/dL", () => {
    const values = Array.from({ length: 5_000 }, (_, index) => 40 + ((index * 7_919) % 4_001) / 10);
    const sums = new GlucoseSums();
    for (const [index, value] of values.entries())
      sums.add(index % 3 === 0 ? glucose(value / MG_DL_PER_MMOL_L, "mmol/L") : glucose(value, "mg/dL"));
    const { mean, standardDeviation } = sums.result();
    const wanted = python(values);
    expect(wanted.mean).toBeGreaterThan(200);
    expect(mean?.mgDl).toBeCloseTo(wanted.mean, 8);
    expect(standardDeviation?.mgDl).toBeCloseTo(wanted.deviation, 8);
    expect(mean?.mmolL).toBeCloseTo(wanted.mean / 18.0156, 8);
    expect(standardDeviation?.mmolL).toBeCloseTo(wanted.deviation / 18.0156, 8);
  });

  test("of values that hardly differ have a deviation that is not lost in rounding", () => {
    const sums = new GlucoseSums();
    for (const value of [300.001, 300.002, 300.003]) sums.add(glucose(value, "mg/dL"));
    expect(sums.result().standardDeviation?.mgDl).toBeCloseTo(0.001, 9);
  });

  const places: [number, string, "low" | "high" | null, "below" | "within" | "above"][] = [
    [69, "mg/dL", null, "below"],
    [70, "mg/dL", null, "within"],
    [180, "mg/dL", null, "within"],
    [181, "mg/dL", null, "above"],
    [3.8, "mmol/L", null, "below"],
    [3.9, "mmol/L", null, "within"],
    [10, "mmol/L", null, "within"],
    [10.1, "mmol/L", null, "above"],
    // 70 and 180 mg/dL as an app that counts in mmol/L has them.
    [70 / 18.0156, "mmol/L", null, "within"],
    [180 / 18.0156, "mmol/L", null, "within"],
    // 3.9 and 10.0 mmol/L as one that counts in mg/dL has them.
    [3.9 * 18.0156, "mg/dL", null, "within"],
    [10 * 18.0156, "mg/dL", null, "within"],
    [20, "mg/dL", "low", "below"],
    [33.3, "mmol/L", "high", "above"],
  ];
  test.each(places)("put %d %s (%s) %s", (value, unit, outOfRange, where) => {
    const sums = new GlucoseSums();
    sums.add(glucose(value, unit, outOfRange));
    const { below, within, above } = sums.result();
    const wanted = { below: 0, within: 0, above: 0, [where]: 1 };
    expect({ below: below?.count, within: within?.count, above: above?.count }).toEqual(wanted);
  });
  test("there are fourteen of these", () => expect(places.length).toBe(14));

  test("leave LO and HI out of the mean, the lowest and the highest, and show a value as it was measured", () => {
    const sums = new GlucoseSums();
    for (const one of [
      glucose(20, "mg/dL", "low"),
      glucose(5.6, "mmol/L"),
      glucose(600, "mg/dL", "high"),
      glucose(120, "mg/dL"),
    ])
      sums.add(one);
    const { measured: counted, low, high, lowest, highest, mean, below } = sums.result();
    expect({ counted, low, high }).toEqual({ counted: 2, low: 1, high: 1 });
    expect([lowest?.mmolL, highest?.mgDl]).toEqual([5.6, 120]);
    expect(mean?.mgDl).toBeCloseTo((5.6 * 18.0156 + 120) / 2, 9);
    expect(below).toEqual({ count: 1, share: 0.25 });
  });

  test("say nothing where there is nothing to say, and take nothing but glucose", () => {
    expect(new GlucoseSums().result()).toMatchObject({ mean: null, lowest: null, below: null, measured: 0 });
    const one = new GlucoseSums();
    one.add(glucose(100, "mg/dL"));
    expect(one.result()).toMatchObject({ standardDeviation: null, mean: { mgDl: 100 }, within: { share: 1 } });
    expect(() => one.add({ value: null, unit: "mg/dL", outOfRange: null })).toThrow(RangeError);
    expect(() => one.add(glucose(100, "g"))).toThrow(RangeError);
  });

  test("come to shares that are one together, and to a mean between the lowest and the highest", () => {
    const value = fc.oneof(
      fc.integer({ min: 10, max: 600 }).map((number) => glucose(number, "mg/dL")),
      fc.integer({ min: 6, max: 333 }).map((number) => glucose(number / 10, "mmol/L")),
      fc.constant(glucose(20, "mg/dL", "low")),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), (list) => {
        const sums = new GlucoseSums();
        for (const one of list) sums.add(one);
        const { below, within, above, mean, lowest, highest, measured: counted, low } = sums.result();
        expect(counted + low).toBe(list.length);
        expect((below?.share ?? 0) + (within?.share ?? 0) + (above?.share ?? 0)).toBeCloseTo(1, 12);
        if (mean === null) return;
        expect(mean.mgDl).toBeGreaterThanOrEqual((lowest?.mgDl ?? 0) - 1e-9);
        expect(mean.mgDl).toBeLessThanOrEqual((highest?.mgDl ?? 0) + 1e-9);
      }),
    );
  });
});

describe.each(storeKinds())("statistics: $name", (kind) => {
  describe.skipIf(!kind.available)("of a store", () => {
    let place: StorePlace;
    let store: Store;
    beforeEach(async () => {
      place = await kind.place();
      store = await place.open("local");
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    let made = 0;
    const record = (given: Partial<RecordFields>, of: Kind = "glucose"): NewRecord => {
      made += 1;
      const fields: RecordFields = {
        ...{ ...EMPTY_FIELDS, time: "2024-03-05T08:00:00.000Z", timeQuality: "exact", source: "manual" },
        ...{ value: 100, unit: "mg/dL" },
        ...given,
      };
      return { id: derivedId("statistics", made), kind: of, fields, raw: null };
    };
    const keep = (...list: NewRecord[]) => store.write((tx) => ingestPage(tx, list, null, AUTHOR));

    test("count by kind, without removed records, control tests and copies, and say how many they left out", async () => {
      const [meter, copy] = [record(measured().fields), record(copied().fields)];
      const gone = record({ value: 300 });
      await keep(meter, copy, gone, record({ value: 140 }), record({ value: 90, control: true }));
      await keep(record({ value: 95, specimen: "control" }), record({ value: 0.6, unit: "mmol/L" }, "ketone"));
      await keep(record({ value: 4, unit: "U" }, "insulin"), record({ value: null, unit: null, note: "ill" }, "note"));
      await removeRecord(store, gone.id, AUTHOR);
      await store.write((tx) =>
        linkTwinsIn(tx, { meter: measured({}, 1), copy: copied({}, 2) }, { rule: "r", by: "x", at: AUTHOR.at }),
      );
      const { kinds, glucose: sums } = await statisticsOf(store, {});
      expect(kinds).toEqual([
        { kind: "glucose", count: 2, controls: 2, copies: 1 },
        { kind: "ketone", count: 1, controls: 0, copies: 0 },
        { kind: "insulin", count: 1, controls: 0, copies: 0 },
        { kind: "note", count: 1, controls: 0, copies: 0 },
      ]);
      expect(sums).toMatchObject({ measured: 2, mean: { mgDl: 120.5 }, highest: { mgDl: 140 } });
    });

    test("take a span of time and a patient as the records' list does", async () => {
      await keep(
        ...["2024-03-01", "2024-03-02", "2024-03-03"].flatMap((day) =>
          ["ann", null].map((patient) => record({ time: `${day}T00:00:00.000Z`, patient })),
        ),
      );
      const count = async (query: Parameters<typeof statisticsOf>[1]) =>
        (await statisticsOf(store, query)).kinds[0]?.count ?? 0;
      const [since, until] = ["2024-03-02T00:00:00.000Z", "2024-03-03T00:00:00.000Z"];
      expect(await count({})).toBe(6);
      expect([await count({ since }), await count({ until }), await count({ since, until })]).toEqual([4, 4, 2]);
      expect([await count({ patient: "ann" }), await count({ patient: "ann", since, until })]).toEqual([3, 1]);
      expect(await statisticsOf(store, { patient: "nobody" })).toMatchObject({ kinds: [], glucose: { mean: null } });
    });

    test("of more than two pages, many at one moment, are what the database says itself", async () => {
      const list = Array.from({ length: 2_500 }, (_, index) =>
        record({
          time: new Date(Date.parse("2024-03-05T08:00:00Z") + Math.floor(index / 700) * 1_000).toISOString(),
          value: 40 + ((index * 7_919) % 397),
        }),
      );
      await keep(...list.slice(0, 1_000));
      await keep(...list.slice(1_000));
      const { kinds, glucose: sums } = await statisticsOf(store, {});
      expect(kinds).toEqual([{ kind: "glucose", count: 2_500, controls: 0, copies: 0 }]);
      const value = kind.name === "SQLite" ? "json_extract(fields, '$.value')" : "(fields::jsonb ->> 'value')::float8";
      const said = place
        .witness(
          `SELECT count(*), avg(${value}), min(${value}), max(${value}), sum(CASE WHEN ${value} < 70 THEN 1 ELSE 0 END),
           sum(CASE WHEN ${value} > 180 THEN 1 ELSE 0 END), sum(${value} * ${value}) FROM records`,
        )
        .split("|")
        .map(Number);
      const [count = 0, mean = 0, low, high, below, above, squares = 0] = said;
      expect([sums.measured, sums.lowest?.mgDl, sums.highest?.mgDl]).toEqual([count, low, high]);
      expect([sums.below?.count, sums.above?.count]).toEqual([below, above]);
      expect(sums.mean?.mgDl).toBeCloseTo(mean, 8);
      expect(sums.standardDeviation?.mgDl).toBeCloseTo(Math.sqrt((squares - count * mean * mean) / (count - 1)), 6);
    });
  });
});
