import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { derivedId } from "../../src/domain/identity.js";
import { quarantine } from "../../src/store/captures.js";
import { MIGRATIONS } from "../../src/store/migrations/index.js";
import { POSTGRES_MIGRATIONS } from "../../src/store/migrations/postgres.js";
import { changesAfter, historyOf, lastChange, storeCounts } from "../../src/store/queries.js";
import { editRecord, getRecord, ingestPage } from "../../src/store/records.js";
import type { Store } from "../../src/store/store.js";
import { type StorePlace, storeKinds } from "../helpers/stores.js";
import { nurse, reading } from "../sync/two-sides.js";

const [, postgres] = storeKinds();
const meter = { by: "meter", why: "read", at: "2026-01-02T00:00:00.000Z" };

test("both kinds of store have the same migrations", () => {
  expect(POSTGRES_MIGRATIONS.map(({ name }) => name)).toEqual(MIGRATIONS.map(({ name }) => name));
  expect(MIGRATIONS.length).toBeGreaterThan(0);
});

describe.skipIf(!postgres.available)("several hubs on one database", () => {
  let place: StorePlace;
  let home: Store;
  let clinic: Store;
  beforeEach(async () => {
    place = await postgres.place();
    [home, clinic] = await Promise.all([place.open("local", "home"), place.open("local", "clinic")]);
  });
  afterEach(async () => {
    await Promise.all([home.close(), clinic.close()]);
    await place.remove();
  });

  test("that start it at once make one store with one name for the cloud, and each keeps its own", async () => {
    expect(home.epoch).toBe(clinic.epoch);
    const site = place.witness("SELECT value FROM facts WHERE name = 'hub'");
    expect(["home", "clinic"]).toContain(site);
    expect([home.hubId, clinic.hubId]).toEqual(["home", "clinic"]);
    const worker = await place.open("sync");
    expect(worker.hubId).toBe(site);
    await worker.close();
    expect(place.witness("SELECT count(*) FROM migrations")).toBe(String(MIGRATIONS.length));
  });

  test("that edit one record at once lose no change, and raise its version by one for each", async () => {
    const { id } = reading(1);
    await home.write((tx) => ingestPage(tx, [reading(1)], null, meter));
    const edit = async (store: Store, field: string): Promise<void> => {
      for (let turn = 1; turn <= 40; turn += 1) await editRecord(store, id, { [field]: String(turn) }, nurse);
    };
    await Promise.all([edit(home, "note"), edit(clinic, "patient")]);
    const { states, version } = await historyOf(home, id);
    expect(version).toBe(81);
    expect(states.map((state) => state.version)).toEqual(Array.from({ length: 81 }, (_, index) => index + 1));
    // Whoever writes has seen what the other wrote before: neither field ever goes back.
    for (const field of ["note", "patient"] as const) {
      const turns = states.map((state) => Number(state.fields[field]));
      expect(turns).toEqual([...turns].sort((a, b) => a - b));
      expect(new Set(turns).size).toBe(41);
    }
    expect((await getRecord(clinic, id)).record).toMatchObject({ note: "40", patient: "40" });
  });

  test("that read one meter at once keep each reading once, and each hub knows which were new to it", async () => {
    const page = Array.from({ length: 1_500 }, (_, index) => reading(index));
    const fresh = await Promise.all(
      [home, clinic].map((store) => store.write((tx) => ingestPage(tx, page, null, meter))),
    );
    expect(fresh.map((flags) => flags.filter(Boolean).length).sort((a, b) => a - b)).toEqual([0, 1_500]);
    expect(place.witness("SELECT count(*), count(DISTINCT id) FROM records")).toBe("1500|1500");
  });

  test("that write at once give a sequence of changes in the order in which they become visible", async () => {
    const seen: number[] = [];
    let done = false;
    const follow = async (): Promise<void> => {
      let place = 0;
      for (;;) {
        const last = done;
        const changes = await changesAfter(home, place, 100);
        for (const { seq } of changes) seen.push(seq);
        place = changes.at(-1)?.seq ?? place;
        if (last && changes.length === 0) return;
      }
    };
    const write = async (store: Store, from: number): Promise<void> => {
      for (let index = from; index < from + 60; index += 3) {
        const page = [reading(index), reading(index + 1), reading(index + 2)];
        await store.write((tx) => ingestPage(tx, page, null, meter));
      }
    };
    const following = follow();
    await Promise.all([write(home, 0), write(clinic, 1_000), write(clinic, 2_000)]);
    done = true;
    await following;
    expect(seen.length).toBe(180);
    expect(seen).toEqual(place.witness("SELECT seq FROM history ORDER BY seq").split("\n").map(Number));
  });

  test("hear of each other's commits", async () => {
    const first = home.commits();
    await expect.poll(() => home.commits()).not.toBe(first);
    let before = home.commits();
    await clinic.write((tx) => ingestPage(tx, [reading(1)], null, meter));
    await expect.poll(() => home.commits(), { timeout: 2_000 }).not.toBe(before);
    before = home.commits();
    // A program that tells nobody: noticed by looking now and then.
    place.witness("SET ROLE glucohub_local; UPDATE records SET version = version + 1");
    await expect.poll(() => home.commits(), { timeout: 8_000 }).not.toBe(before);
    expect(await lastChange(home)).toBe(2);
  });
});

describe.skipIf(!postgres.available)("a store in a database", () => {
  let place: StorePlace;
  let store: Store;
  beforeEach(async () => {
    place = await postgres.place();
    store = await place.open("local");
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  test("tells for each of many rows whether it was new, also of one that stands twice among them", async () => {
    await store.write((tx) => ingestPage(tx, [reading(2)], null, meter));
    const page = [reading(1), reading(2), reading(3), reading(1)];
    expect(await store.write((tx) => ingestPage(tx, page, null, meter))).toEqual([true, false, true, false]);
    expect(place.witness(`SELECT count(*) FROM records`)).toBe("3");
  });

  test("keeps rows in the order in which they were told", async () => {
    const page = Array.from({ length: 1_200 }, (_, index) => reading(index));
    await store.write((tx) => ingestPage(tx, page, null, meter));
    const ids = place.witness('SELECT id FROM records ORDER BY "row"').split("\n");
    expect(ids).toEqual(page.map(({ id }) => id));
    const raw = place.witness(`SELECT convert_from(raw, 'UTF8') FROM records WHERE id = '${reading(7).id}'`);
    expect(raw).toBe("raw 7");
  });

  test("keeps characters that its text can't hold, and finds the record by time and patient all the same", async () => {
    const note = 'zero \0, half a pair \ud800, both escaped \\u0000 \\ud800, "quoted"';
    const record = { ...reading(1), fields: { ...reading(1).fields, note, patient: "p\\1" } };
    await store.write((tx) => ingestPage(tx, [record], null, { ...meter, by: "a\0b" }));
    expect((await getRecord(store, record.id)).record).toMatchObject({
      note,
      patient: "p\\1",
      time: record.fields.time,
    });
    expect(place.witness("SELECT time, patient, changed_by FROM records")).toBe(`${record.fields.time}|p\\1|a\uFFFDb`);
    await editRecord(store, record.id, { note: `${note}!` }, nurse);
    expect((await getRecord(store, record.id)).record.note).toBe(`${note}!`);
  });

  test("keeps something long that could not be understood, once", async () => {
    // Random, so that it can't be made short enough for an index.
    const raw = Buffer.concat(Array.from({ length: 400 }, (_, index) => Buffer.from(derivedId("raw", index))));
    const item = { origin: "cloud", code: "RECORD_INVALID", detail: "d", raw };
    await store.write((tx) => quarantine(tx, null, [item, item], "2026-01-01T00:00:00.000Z"));
    await store.write((tx) => quarantine(tx, null, [item], "2026-01-01T00:00:00.000Z"));
    expect((await storeCounts(store)).quarantined).toBe(1);
    expect(place.witness("SELECT length(raw) FROM quarantine")).toBe(String(raw.length));
  });

  test("a transaction that went on after a failed statement writes nothing, and says so", async () => {
    const careless = store.write(async (tx) => {
      await ingestPage(tx, [reading(1)], null, meter);
      await tx.db
        .deleteFrom("history")
        .execute()
        .catch(() => undefined);
    });
    await expect(careless).rejects.toMatchObject({ code: "STORE_RULE" });
    expect(place.witness("SELECT count(*) FROM records")).toBe("0");
    await store.write((tx) => ingestPage(tx, [reading(1)], null, meter));
    expect(place.witness("SELECT count(*) FROM records")).toBe("1");
  });

  test("what a transaction throws undoes it and comes through as it is", async () => {
    const mine = new Error("mine");
    const broken = store.write(async (tx) => {
      await ingestPage(tx, [reading(1)], null, meter);
      throw mine;
    });
    await expect(broken).rejects.toMatchObject({ code: "INTERNAL", cause: mine });
    expect(place.witness("SELECT count(*) FROM records")).toBe("0");
  });

  test("its local connections write in the local role, and its reading ones write nothing", async () => {
    await expect(store.write((tx) => tx.db.updateTable("lease").set({ fence: 9 }).execute())).rejects.toMatchObject({
      code: "STORE_RULE",
      message: expect.stringContaining("permission denied"),
    });
    await expect(store.read.deleteFrom("meters").execute()).rejects.toThrow(/read-only transaction/);
  });

  test("one of a newer Glucohub is refused", async () => {
    place.witness("SET glucohub.migration = 'on'; INSERT INTO migrations (name) VALUES ('9999-later')");
    await expect(place.open("local")).rejects.toMatchObject({ code: "STORE_NEWER" });
  });
});
