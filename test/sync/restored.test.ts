import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { startCloud } from "../../src/cloud/start-cloud.js";
import { silentLog } from "../../src/domain/clock.js";
import { isProblem } from "../../src/domain/problem.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { listConflicts } from "../../src/store/conflicts.js";
import { copyStore } from "../../src/store/copy.js";
import { historyOf } from "../../src/store/queries.js";
import { editRecord, getRecord, removeRecord } from "../../src/store/records.js";
import { syncState } from "../../src/store/sync-state.js";
import type { Cloud } from "../../src/sync/clouds/cloud.js";
import type { ScratchCloud } from "../helpers/scratch-cloud.js";
import { nurse, reading, twoSides } from "./two-sides.js";

const [one, two, three, four] = [reading(1), reading(2), reading(3), reading(4)];

/** A cloud whose file can be put back to what it was, behind the same address. */
async function restorableCloud() {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-restorable-"));
  const options = { path: join(folder, "cloud.db"), host: "127.0.0.1", token: "t", clock: systemClock, log: silentLog };
  let cloud = await startCloud({ ...options, port: 0 });
  const { port } = cloud;
  return {
    shared: {
      url: cloud.url,
      token: options.token,
      get store() {
        return cloud.store;
      },
    } as ScratchCloud,
    async backup(): Promise<string> {
      const file = join(folder, `backup-${Math.random()}.db`);
      await copyStore(options.path, file);
      return file;
    },
    /** @param file null: with nothing in it */
    async restore(file: string | null): Promise<void> {
      await cloud.close();
      for (const suffix of ["", "-wal", "-shm"]) rmSync(options.path + suffix, { force: true });
      if (file !== null) copyFileSync(file, options.path);
      cloud = await startCloud({ ...options, port });
    },
    async close(): Promise<void> {
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A cloud that does not notice that it is not what it was: it takes any cursor, and has nothing after one it can't know. */
function careless(cloud: Cloud): Cloud {
  return {
    ...cloud,
    async changes(cursor, ...rest) {
      try {
        return await cloud.changes(cursor, ...rest);
      } catch (error) {
        if (cursor === null || !isProblem(error, "SYNC_CURSOR_LOST")) throw error;
        return { changes: [], cursor, more: false };
      }
    },
  };
}

describe.each([
  ["a cloud that notices it", (cloud: Cloud) => cloud, true],
  ["a careless cloud", careless, false],
])("restored from a backup: %s", (_name, wrap, notices) => {
  let cloud: Awaited<ReturnType<typeof restorableCloud>>;
  let sides: Awaited<ReturnType<typeof twoSides>>;
  let backup: string;

  beforeEach(async () => {
    cloud = await restorableCloud();
    sides = await twoSides(wrap, cloud.shared);
    await sides.ingest(one, two, three);
    await editRecord(sides.store, one.id, { note: "old" }, nurse);
    await sides.sync();
    backup = await cloud.backup();
    // What the cloud is going to lose, all of it acknowledged.
    await editRecord(sides.store, one.id, { note: "acknowledged" }, nurse);
    await removeRecord(sides.store, two.id, nurse);
    await sides.ingest(four);
    await sides.sync();
    cloud.shared.store.edit(three.id, { fields: { note: "by the doctor" }, by: "doctor" });
    await sides.sync();
    expect((await getRecord(sides.store, three.id)).record.note).toBe("by the doctor");
  });
  afterEach(async () => {
    await sides.close();
    await cloud.close();
  });

  /** The round in which a worker that starts anew meets the cloud. */
  async function meetAgain(records = 4): Promise<void> {
    await sides.sync();
    await sides.engine.stop();
    const next = await sides.worker("next");
    await next.ring("test", true);
    expect(next.state()).toMatchObject({ state: "idle", problem: null });
    const { hub, cloud: there } = await sides.both();
    expect(hub).toEqual(there);
    expect(hub.size).toBe(records);
    const { forgetting, lastCompared } = await syncState(sides.store);
    expect(forgetting).toBeNull();
    expect(lastCompared).not.toBeNull();
  }

  test("gets back everything that it had confirmed, without a conflict", async () => {
    await cloud.restore(backup);
    await meetAgain();
    expect((await getRecord(sides.store, one.id)).record.note).toBe("acknowledged");
    expect((await getRecord(sides.store, two.id)).record.deleted).toBe(true);
    expect((await getRecord(sides.store, three.id)).record.note).toBe("by the doctor");
    expect(await listConflicts(sides.store)).toEqual([]);
  });

  test("keeps what was written to it since, and what it had lost, or lists both", async () => {
    await cloud.restore(backup);
    const doctor = cloud.shared.store;
    doctor.edit(one.id, { fields: { meal: "after" }, by: "doctor" });
    doctor.edit(two.id, { fields: { note: "look at this one" }, by: "doctor" });
    doctor.edit(three.id, { fields: { note: "again" }, by: "doctor" });
    await editRecord(sides.store, three.id, { meal: "before" }, nurse);
    await meetAgain();
    expect((await getRecord(sides.store, one.id)).record).toMatchObject({ note: "acknowledged", meal: "after" });
    expect((await getRecord(sides.store, two.id)).record).toMatchObject({ note: "look at this one", deleted: false });
    expect((await getRecord(sides.store, three.id)).record).toMatchObject({ note: "by the doctor", meal: "before" });
    const listed = await listConflicts(sides.store);
    const shown = listed.map(({ record, field, local, remote, remoteBy }) => ({
      record,
      field,
      local,
      remote,
      remoteBy,
    }));
    const by = { remoteBy: "doctor" };
    // An answer to a push names no author, and the careless cloud's changes never told of this state.
    const teller = notices ? "doctor" : "cloud";
    expect(shown).toHaveLength(5);
    expect(shown).toEqual(
      expect.arrayContaining([
        // What the cloud says now of a field that it alone ever wrote may be older than what it said before.
        { record: one.id, field: "meal", local: "after", remote: null, remoteBy: expect.any(String) },
        { record: two.id, field: "note", local: "look at this one", remote: null, remoteBy: expect.any(String) },
        { record: one.id, field: "note", local: "acknowledged", remote: "old", ...by },
        { record: two.id, field: "deleted", local: true, remote: false, ...by },
        { record: three.id, field: "note", local: "by the doctor", remote: "again", remoteBy: teller },
      ]),
    );
  });

  test("does not quietly take back a field that it had told of and lost, where another field was changed there since", async () => {
    const doctor = cloud.shared.store;
    const { id, kind, fields } = reading(9);
    doctor.create(id, kind, { ...fields, note: "first" }, "doctor");
    const early = await cloud.backup();
    doctor.edit(id, { fields: { patient: "p1" }, by: "another doctor" });
    await sides.sync();
    await cloud.restore(early);
    cloud.shared.store.edit(id, { fields: { note: "second" }, by: "doctor" });
    await meetAgain(5);
    const { record } = await getRecord(sides.store, id);
    expect(record.note).toBe("second");
    // The hub saw the record only as it was last: nothing tells which side's patient is the newer one.
    expect(await listConflicts(sides.store)).toContainEqual(
      expect.objectContaining({ record: id, field: "patient", local: null, remote: "p1", remoteBy: "another doctor" }),
    );
    expect(record.patient).toBeNull();
    const { hub, cloud: there } = await sides.both();
    expect(hub).toEqual(there);
  });

  test("does not take back what it had told of and lost, though it never changed here", async () => {
    const doctor = cloud.shared.store;
    const { id, kind, fields } = reading(8);
    doctor.create(id, kind, { ...fields, note: "first" }, "doctor");
    const early = await cloud.backup();
    doctor.edit(id, { fields: { note: "second" }, by: "doctor" });
    await sides.sync();
    await cloud.restore(early);
    await sides.sync();
    const worker = await sides.worker("next");
    await worker.ring("test", true);
    expect((await getRecord(sides.store, id)).record.note).toBe("second");
    expect(await listConflicts(sides.store)).toMatchObject([{ record: id, local: "second", remote: "first" }]);
    const { hub, cloud: there } = await sides.both();
    expect(hub).toEqual(there);
  });

  test("emptied, gets everything again", async () => {
    await cloud.restore(null);
    await meetAgain();
    expect(await listConflicts(sides.store)).toEqual([]);
  });

  test("a worker killed at any step of forgetting goes on with it", async () => {
    await cloud.restore(backup);
    let transactions = 0;
    await sides.engine.stop();
    for (let steps = 1; steps < 8; steps += 1) {
      const dying = await sides.worker(`dying after ${steps}`);
      const own = sides.storeOf(dying);
      const end = own.onCommit(() => {
        transactions += 1;
        if (transactions % 8 === steps) void dying.stop();
      });
      await dying.ring("test", true);
      end();
    }
    const last = await sides.worker("last");
    await last.ring("test", true);
    const { hub, cloud: there } = await sides.both();
    expect(hub).toEqual(there);
    expect((await getRecord(sides.store, one.id)).record.note).toBe("acknowledged");
    expect(await listConflicts(sides.store)).toEqual([]);
  });
});

describe("a healthy cloud", () => {
  let sides: Awaited<ReturnType<typeof twoSides>>;
  beforeEach(async () => {
    sides = await twoSides();
  });
  afterEach(() => sides.close());

  test("compared in full, changes nothing on either side, and pushes nothing", async () => {
    await sides.ingest(one, two, three, four);
    await editRecord(sides.store, one.id, { note: "first" }, nurse);
    await editRecord(sides.store, one.id, { note: "second" }, nurse);
    await removeRecord(sides.store, two.id, nurse);
    await sides.sync();
    sides.server.store.edit(three.id, { fields: { note: "doctor" }, by: "doctor" });
    await sides.sync();
    const before = await sides.both();
    const states = (await historyOf(sides.store, one.id)).states.length;
    sides.requests.length = 0;
    await sides.engine.ring("test", true, true);
    expect(sides.requests).not.toContain("POST /v1/push");
    expect(await sides.both()).toEqual(before);
    expect(sides.warnings).toEqual(["comparing every record with the cloud anew: somebody asked for it"]);
    expect((await historyOf(sides.store, one.id)).states.length).toBe(states);
    expect(await sides.numbers(one.id)).toMatchObject({ version: 3, version_synced: 3 });
    expect(await listConflicts(sides.store)).toEqual([]);
  });

  test("compared in full while a change waits here and another there, loses neither", async () => {
    await sides.ingest(one, two);
    await sides.sync();
    await editRecord(sides.store, one.id, { note: "here" }, nurse);
    sides.server.store.edit(one.id, { fields: { meal: "after" }, by: "doctor" });
    sides.server.store.edit(two.id, { fields: { note: "there" }, by: "doctor" });
    await sides.engine.ring("test", true, true);
    expect((await getRecord(sides.store, one.id)).record).toMatchObject({ note: "here", meal: "after" });
    expect((await getRecord(sides.store, two.id)).record.note).toBe("there");
    const { hub, cloud } = await sides.both();
    expect(hub).toEqual(cloud);
    expect(await listConflicts(sides.store)).toEqual([]);
  });

  test("that gives no digest is synced with as ever", async () => {
    sides.fault(({ url }) => (url.startsWith("/v1/digest") ? { status: 404, body: { code: "not_found" } } : undefined));
    await sides.ingest(one);
    await sides.sync();
    expect(sides.engine.state()).toMatchObject({ state: "idle", problem: null });
    expect((await syncState(sides.store)).lastCompared).toBeNull();
  });

  test("holding something that is no record here differs for ever, and is compared in full once only", async () => {
    await sides.ingest(one);
    await sides.sync();
    const { id, kind, fields } = reading(9);
    sides.server.store.create(id, kind, { ...fields }, "doctor");
    const spoil = `UPDATE records SET fields = json_set(fields, '$.timeQuality', 'guessed') WHERE id = '${id}'`;
    execFileSync("sqlite3", [sides.server.path, spoil]);
    for (const holder of ["second", "third", "fourth"]) {
      sides.requests.length = 0;
      const worker = await sides.worker(holder);
      await worker.ring("test", true);
      expect(worker.state()).toMatchObject({ state: "idle", problem: null });
    }
    expect(sides.requests.filter((request) => request === "GET /v1/digest").length).toBeLessThanOrEqual(2);
    expect(sides.requests).not.toContain("POST /v1/push");
    expect(sides.requests.filter((request) => request === "GET /v1/changes").length).toBeLessThanOrEqual(2);
  });
});

// A database is restored by its own programs.
describe.skipIf(inject("store") === "PostgreSQL")("a hub restored from a backup", () => {
  test("gets everything that the cloud has seen since, and pushes what is new in it", async () => {
    const before = await twoSides();
    await before.ingest(one, two);
    await before.sync();
    const copy = join(before.folder, "backup.db");
    await copyStore(before.store.path, copy);
    await editRecord(before.store, one.id, { note: "later" }, nurse);
    await removeRecord(before.store, two.id, nurse);
    await before.ingest(three);
    await before.sync();
    before.server.store.edit(three.id, { fields: { note: "doctor" }, by: "doctor" });

    const after = await twoSides(undefined, before.server, copy);
    await editRecord(after.store, one.id, { meal: "fasting" }, nurse);
    await after.ingest(four);
    await after.sync();
    expect(after.warnings).toEqual([expect.stringContaining("as after a restored backup")]);
    const { hub, cloud } = await after.both();
    expect(hub).toEqual(cloud);
    expect(hub.size).toBe(4);
    expect((await getRecord(after.store, one.id)).record).toMatchObject({ note: "later", meal: "fasting" });
    expect((await getRecord(after.store, two.id)).record.deleted).toBe(true);
    expect((await getRecord(after.store, three.id)).record.note).toBe("doctor");
    expect(await listConflicts(after.store)).toEqual([]);
    await after.close();
    await before.close();
  });
});
