import { afterEach, beforeEach, expect, test } from "vitest";
import { listConflicts } from "../../src/store/conflicts.js";
import { editRecord, getRecord, type NewRecord, removeRecord } from "../../src/store/records.js";
import { nurse, reading, twoSides } from "./two-sides.js";

type Sides = Awaited<ReturnType<typeof twoSides>>;
let home: Sides;
let clinic: Sides;

beforeEach(async () => {
  home = await twoSides();
  clinic = await twoSides(undefined, home.server);
});
afterEach(async () => {
  await clinic.close();
  await home.close();
});

/** The same reading as a hub places it that found the meter's clock to be wrong. */
function corrected(record: NewRecord): NewRecord {
  const time = new Date(Date.parse(record.fields.time) - 240_000).toISOString();
  return { ...record, fields: { ...record.fields, time, timeQuality: "corrected", utcOffset: 0 } };
}

async function expectAllEqual(records: number): Promise<void> {
  const [atHome, atClinic] = [await home.both(), await clinic.both()];
  expect(atHome.cloud.size).toBe(records);
  expect(atHome.hub).toEqual(atHome.cloud);
  expect(atClinic.hub).toEqual(atHome.cloud);
}

const [one, two, three] = [reading(1), reading(2), reading(3)];

test("the same meter read at two hubs is one set of records, though each estimated the times on its own", async () => {
  await home.ingest(one, two);
  await clinic.ingest(corrected(one), corrected(two), three);
  await home.sync();
  await clinic.sync();
  await home.sync();
  await expectAllEqual(3);
  expect(await listConflicts(home.store)).toEqual([]);
  expect(await listConflicts(clinic.store)).toEqual([]);
});

test("reading it at the second hub undoes no edit and brings back no deletion", async () => {
  await home.ingest(one, two);
  await editRecord(home.store, one.id, { note: "after the walk" }, nurse);
  await removeRecord(home.store, two.id, nurse);
  await home.sync();
  await clinic.ingest(corrected(one), corrected(two));
  await clinic.sync();
  await home.sync();
  await expectAllEqual(2);
  expect((await getRecord(clinic.store, one.id)).record.note).toBe("after the walk");
  expect((await getRecord(clinic.store, two.id)).record.deleted).toBe(true);
  expect(await listConflicts(clinic.store)).toEqual([]);
});

test("different fields edited at two hubs both stay; the same field is a conflict at the one that comes second", async () => {
  await home.ingest(one, two);
  await home.sync();
  await clinic.sync();
  await editRecord(home.store, one.id, { note: "home" }, nurse);
  await editRecord(clinic.store, one.id, { meal: "after" }, nurse);
  await editRecord(home.store, two.id, { note: "home" }, nurse);
  await editRecord(clinic.store, two.id, { note: "clinic" }, nurse);
  await home.sync();
  await clinic.sync();
  await home.sync();
  await expectAllEqual(2);
  expect((await getRecord(home.store, one.id)).record).toMatchObject({ note: "home", meal: "after" });
  expect(await listConflicts(clinic.store)).toMatchObject([
    { record: two.id, field: "note", local: "clinic", remote: "home", remoteBy: home.store.hubId },
  ]);
});

test("a value that somebody changed in the cloud is stood up for by the hub that heard the meter, and by no other", async () => {
  await home.ingest(one);
  await home.sync();
  home.server.store.edit(one.id, { fields: { value: 113 }, by: "doctor" });
  await clinic.sync();
  expect((await getRecord(clinic.store, one.id)).record.value).toBe(113);
  for (let round = 0; round < 3; round += 1) {
    await home.sync();
    await clinic.sync();
  }
  await expectAllEqual(1);
  expect((await getRecord(clinic.store, one.id)).record.value).toBe(81);
  expect(await listConflicts(home.store)).toMatchObject([{ field: "value", local: 81, remote: 113 }]);
  expect(await listConflicts(clinic.store)).toEqual([]);
});
