import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { onetouchUltra2 } from "../../drivers/onetouch-ultra2/index.js";
import { cable, NOW_MS, reading, runningClock, storeWith, tempStore } from "../../test/helpers/ingest.js";
import { type StorePlace, storeKinds } from "../../test/helpers/stores.js";
import { importIn, readIn, sample } from "../../test/helpers/twins.js";
import { type Log, silentLog } from "../domain/clock.js";
import type { SourceReading } from "../domain/reading.js";
import { correctIn } from "../store/corrections.js";
import { editRecord, getRecord, ingestPage, removeRecord, restoreRecord } from "../store/records.js";
import { statisticsOf } from "../store/statistics.js";
import type { Store } from "../store/store.js";
import { listTwins, undoTwins } from "../store/twins.js";
import { linkTwins } from "./link-twins.js";
import { ownerBySerial } from "./owner.js";
import { readMeter } from "./read-meter.js";
import { TWIN_RULE } from "./twins.js";

const NURSE = { by: "nurse", why: "edit", at: "2024-03-05T13:00:00.000Z" };
const SEARCH = { by: "test", at: "2024-03-05T14:00:00.000Z" };

/** Three finger tests of one morning, as the meter tells them and as its vendor's app does. */
const METER = [
  reading({ deviceTime: "2024-03-05T08:00:00", value: 101 }),
  reading({ deviceTime: "2024-03-05T09:30:00", value: 142 }),
  reading({ deviceTime: "2024-03-05T11:15:00", value: 88 }),
];
const APP = [
  sample("2024-03-05T08:00:40Z", 101),
  sample("2024-03-05T09:30:00Z", 7.9, { unit: "mmol/L" }),
  sample("2024-03-05T11:15:00Z", 89),
];

describe.each(storeKinds())("a measurement that came by two ways: $name", (kind) => {
  describe.skipIf(!kind.available)("is one", () => {
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

    const pairs = async () =>
      (await listTwins(store, { limit: 1_000 })).twins
        .map(({ meter, copy, holds }) => [meter.value, meter.source, copy.value, copy.source, holds])
        .sort();
    const glucose = async () => (await statisticsOf(store, {})).kinds.find((one) => one.kind === "glucose");
    const idOf = (value: number, source: string): string =>
      place.witness(
        kind.name === "SQLite"
          ? `SELECT id FROM records WHERE json_extract(fields, '$.value') = ${value} AND json_extract(fields, '$.source') = '${source}'`
          : `SELECT id FROM records WHERE (fields::jsonb ->> 'value')::numeric = ${value} AND fields::jsonb ->> 'source' = '${source}'`,
      );

    const BOTH = [
      [101, "meter", 101, "healthkit", true],
      [142, "meter", 7.9, "healthkit", true],
    ];

    test("whichever came first, and both records stay as they were told", async () => {
      const said: Log = { ...silentLog };
      await readIn(store, METER, { log: said });
      expect(await glucose()).toEqual({ kind: "glucose", count: 3, controls: 0, copies: 0 });
      await importIn(store, APP);
      expect(await pairs()).toEqual(BOTH);
      expect(await glucose()).toEqual({ kind: "glucose", count: 4, controls: 0, copies: 2 });
      const [one] = (await listTwins(store, { limit: 1 })).twins;
      expect(one).toMatchObject({ rule: TWIN_RULE, by: "test-export", at: new Date(NOW_MS).toISOString() });
      expect(place.witness("SELECT count(*), max(version) FROM records")).toBe("6|1");
      expect(place.witness("SELECT count(*) FROM history")).toBe("6");

      const other = await kind.place();
      const turned = await other.open("local");
      await importIn(turned, APP);
      await readIn(turned, METER);
      const links = (await listTwins(turned, { limit: 10 })).twins;
      expect(links.map(({ meter, copy }) => [meter.value, copy.value]).sort()).toEqual([
        [101, 101],
        [142, 7.9],
      ]);
      expect(links[0]?.by).toBe("test-meter");
      await turned.close();
      await other.remove();
    });

    test("also of a ketone test, and of LO; never of a control test", async () => {
      const at = "2024-03-05T10:00:00";
      await readIn(store, [
        reading({ kind: "ketone", value: 0.6, unit: "mmol/L", deviceTime: at }),
        reading({ value: 20, outOfRange: "low", deviceTime: "2024-03-05T10:30:00" }),
        reading({ value: 110, control: true, deviceTime: "2024-03-05T11:00:00" }),
      ]);
      await importIn(store, [
        sample(`${at}Z`, 0.6, { kind: "ketone", unit: "mmol/L" }),
        sample("2024-03-05T10:30:00Z", 20, { outOfRange: "low" }),
        sample("2024-03-05T11:00:00Z", 110),
      ]);
      expect((await pairs()).map(([value]) => value)).toEqual([0.6, 20]);
    });

    test("not where the meter's clock was lost, and not of another patient", async () => {
      await readIn(store, [reading({ deviceTime: null, value: 101 })]);
      await importIn(store, [sample(new Date(NOW_MS).toISOString(), 101)]);
      await readIn(store, METER, { serial: "ANN1", patients: [{ id: "ann", meters: ["ANN1"] }] });
      await importIn(store, APP);
      expect(await pairs()).toEqual([]);
      expect(await glucose()).toMatchObject({ count: 8, copies: 0 });
    });

    test("not where two exports hold it: nobody knows which is the copy; but what was linked before stays linked", async () => {
      await importIn(store, [sample("2024-03-05T08:00:00Z", 101)]);
      await importIn(store, [sample("2024-03-05T08:00:10Z", 101)], { source: "google-fit" });
      await importIn(store, [sample("2024-03-05T09:30:00Z", 142)]);
      await readIn(store, METER);
      expect(await pairs()).toEqual([[142, "meter", 142, "healthkit", true]]);
      await importIn(store, [sample("2024-03-05T09:30:10Z", 142)], { source: "google-fit" });
      expect(await pairs()).toEqual([[142, "meter", 142, "healthkit", true]]);
      expect(await glucose()).toMatchObject({ count: 6, copies: 1 });
    });

    test("not where a sensor agrees by chance", async () => {
      const sensor = Array.from({ length: 40 }, (_, index) =>
        sample(new Date(Date.parse("2024-03-05T07:00:00Z") + index * 300_000).toISOString(), 101, {
          sourceName: "Sensor",
        }),
      );
      await importIn(store, sensor);
      await readIn(store, METER);
      expect(await pairs()).toEqual([]);
      await importIn(store, APP);
      expect(await pairs()).toEqual(BOTH);
    });

    test("and is found once: reading and importing again changes nothing", async () => {
      for (let turn = 0; turn < 2; turn += 1) {
        await readIn(store, METER);
        await importIn(store, APP);
      }
      expect(await pairs()).toEqual(BOTH);
      expect(await linkTwins(store, { ...SEARCH, all: true })).toBe(0);
      expect(place.witness("SELECT count(*) FROM twins")).toBe("2");
    });

    test("until a person says that it is two: by either record, for good", async () => {
      await readIn(store, METER);
      await importIn(store, APP);
      await undoTwins(store, idOf(101, "healthkit"), NURSE);
      await undoTwins(store, idOf(142, "meter"), NURSE);
      expect(await pairs()).toEqual([]);
      expect(await glucose()).toMatchObject({ count: 6, copies: 0 });
      await importIn(store, APP);
      await readIn(store, [...METER, reading({ deviceTime: "2024-03-05T11:40:00", value: 90 })]);
      expect(await linkTwins(store, { ...SEARCH, all: true })).toBe(0);
      expect(await pairs()).toEqual([]);
      expect(place.witness("SELECT undone_by, undone_at FROM twins")).toBe(`nurse|${NURSE.at}\nnurse|${NURSE.at}`);
      await expect(undoTwins(store, idOf(101, "meter"), NURSE)).rejects.toMatchObject({
        code: "RECORD_NOT_FOUND",
        message: expect.stringContaining("not linked"),
      });
      await expect(undoTwins(store, "nobody", NURSE)).rejects.toMatchObject({
        message: "There is no record nobody.",
      });
    });

    test("while both stand: a removed one counts no more, the other does, and a restored one is the copy again", async () => {
      await readIn(store, METER);
      await importIn(store, APP);
      const [meter, copy] = [idOf(101, "meter"), idOf(101, "healthkit")];
      await removeRecord(store, meter, NURSE);
      expect(await glucose()).toMatchObject({ count: 4, copies: 1 });
      expect((await pairs())[0]).toEqual([101, "meter", 101, "healthkit", false]);
      await removeRecord(store, copy, NURSE);
      expect(await glucose()).toMatchObject({ count: 3, copies: 1 });
      await restoreRecord(store, meter, null, NURSE);
      expect(await glucose()).toMatchObject({ count: 4, copies: 1 });
      await restoreRecord(store, copy, null, NURSE);
      expect(await glucose()).toMatchObject({ count: 4, copies: 2 });
      expect(await pairs()).toEqual(BOTH);
    });

    test("while both say the same: another patient, another time or a corrected value makes it two", async () => {
      await readIn(store, METER);
      await importIn(store, APP);
      const [meter, copy] = [idOf(101, "meter"), idOf(101, "healthkit")];
      await editRecord(store, meter, { patient: "ann" }, NURSE);
      expect(await glucose()).toMatchObject({ count: 5, copies: 1 });
      await editRecord(store, copy, { patient: "ann", note: "before breakfast" }, NURSE);
      expect(await glucose()).toMatchObject({ count: 4, copies: 2 });
      await editRecord(store, meter, { time: "2024-03-05T09:00:00.000Z" }, NURSE);
      expect(await glucose()).toMatchObject({ count: 5, copies: 1 });
      await editRecord(store, copy, { time: "2024-03-05T09:00:30.000Z" }, NURSE);
      expect(await glucose()).toMatchObject({ count: 4, copies: 2 });
      const { id, kind: _kind, deleted: _deleted, ...told } = (await getRecord(store, idOf(7.9, "healthkit"))).record;
      await store.write((tx) => correctIn(tx, { id, told: { ...told, value: 8.2 } }, { ...NURSE, by: "test-export" }));
      expect(await glucose()).toMatchObject({ count: 5, copies: 1 });
    });

    test("also where it was not looked for at the time: a search that was cut short goes on with the next session", async () => {
      const stopped = AbortSignal.abort(new Error("stopped"));
      await readIn(store, METER);
      expect(place.witness("SELECT count(*) FROM twins_seen")).toBe("1");
      await importIn(store, APP.slice(0, 2));
      expect(await pairs()).toEqual(BOTH);
      const later = reading({ deviceTime: "2024-03-05T11:50:00", value: 99 });
      await readIn(store, [later]);
      // Brought by somebody who never looks, as the sync worker does.
      await store.write(async (tx) => {
        const { record } = await getRecord(store, idOf(7.9, "healthkit"));
        const { id: _id, kind: _kind, deleted: _deleted, ...fields } = record;
        const copy = { ...fields, value: 99, unit: "mg/dL", time: "2024-03-05T11:50:10.000Z" };
        await ingestPage(
          tx,
          [{ id: "8d3f6f5e-52a4-4f8e-8a55-000000000001", kind: "glucose", fields: copy, raw: null }],
          null,
          NURSE,
        );
      });
      expect(await linkTwins(store, { ...SEARCH, signal: stopped })).toBe(0);
      expect(await pairs()).toEqual(BOTH);
      await importIn(store, [sample("2024-03-05T05:00:00Z", 70)]);
      expect(await pairs()).toEqual([...BOTH, [99, "meter", 99, "healthkit", true]]);
    });

    test("and a session ends well where the search fails: it is logged, and made up for", async () => {
      await importIn(store, APP);
      const warned: object[] = [];
      const failing = storeWith(store, 3, () => Promise.reject(new Error("no room for twins")));
      const log: Log = { ...silentLog, warn: (facts) => void warned.push(facts) };
      const report = await readIn(failing, METER, { log });
      expect(report).toMatchObject({ outcome: "done", new: 3, problem: null });
      expect(warned).toEqual([{ code: "INTERNAL", error: "no room for twins" }]);
      expect(await pairs()).toEqual([]);
      await readIn(store, [reading({ deviceTime: "2024-03-05T06:00:00", value: 99 })]);
      expect(await pairs()).toEqual(BOTH);
    });

    test("and the search asks as often as there are meters' readings near, not as an export has samples", async () => {
      await readIn(store, METER);
      const many = (count: number, from: string): SourceReading[] =>
        Array.from({ length: count }, (_, index) =>
          sample(new Date(Date.parse(from) + index * 600_000).toISOString(), 90 + (index % 50), {
            sourceName: "Sensor",
          }),
        );
      let asked = 0;
      const counting = new Proxy(store, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (name === "query") asked += 1;
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      // The samples end on 8 January: no meter's reading is among them.
      await importIn(counting, many(1_000, "2024-01-01T00:00:00Z"));
      expect(asked).toBe(0);
      // With the app's own the span holds all three, in more rows than are looked at in one go.
      await importIn(counting, [...many(6_000, "2024-01-10T00:00:00Z"), ...APP]);
      expect(place.witness("SELECT count(*) FROM records")).toBe("7006");
      expect(asked).toBe(3);
      expect(await pairs()).toEqual(BOTH);
    });
  });
});

describe("a virtual OneTouch Ultra 2 and its app's export", () => {
  const ZONE = "Europe/London";

  test.each([
    ["the meter first", true],
    ["the export first", false],
  ])("are linked test by test, %s", async (_, meterFirst) => {
    const store = await tempStore();
    const clock = runningClock(NOW_MS);
    const meter = onetouchUltra2.simulate({ count: 250, seed: 7, clock, zone: ZONE, clockErrorMs: 0 });
    const read = () =>
      readMeter({
        port: "/dev/ttyUSB0",
        driver: onetouchUltra2,
        openMeter: async () => cable(meter),
        store,
        clock,
        ownerOf: ownerBySerial([], ZONE),
        zone: ZONE,
        signal: new AbortController().signal,
        log: silentLog,
      });
    // The app leaves control tests out, cuts the seconds off and counts in mmol/L; in March London's clocks are UTC's.
    const blood = meter.memory.filter(({ control, value }) => !control && value !== null);
    const samples = blood.map(({ deviceTime, value, outOfRange }) =>
      sample(`${deviceTime?.slice(0, 16)}:00Z`, Math.round(((value ?? 0) / 18.0156) * 10) / 10, {
        unit: "mmol/L",
        outOfRange,
      }),
    );
    if (meterFirst) await read();
    await importIn(store, samples);
    if (!meterFirst) await read();
    const links = (await listTwins(store, { limit: 1_000 })).twins;
    const { kinds } = await statisticsOf(store, {});
    expect(blood.length).toBeGreaterThan(200);
    expect(links.length).toBe(blood.length);
    expect(new Set(links.map(({ meter: { deviceTime } }) => deviceTime))).toEqual(
      new Set(blood.map(({ deviceTime }) => deviceTime)),
    );
    for (const { meter: one, copy } of links) expect(copy.time.slice(0, 16)).toBe(one.time.slice(0, 16));
    expect(kinds).toEqual([
      { kind: "glucose", count: blood.length, controls: 250 - blood.length, copies: blood.length },
    ]);
  });
});
