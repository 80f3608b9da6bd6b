import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import type { StoreProbe } from "../../src/store/backend.js";
import { listConflicts, resolveConflict } from "../../src/store/conflicts.js";
import { dirtyCounts, historyOf } from "../../src/store/queries.js";
import { editRecord, getRecord, removeRecord } from "../../src/store/records.js";
import { Store } from "../../src/store/store.js";
import type { Cloud } from "../../src/sync/clouds/cloud.js";
import { nurse, reading, twoSides } from "./two-sides.js";

type Sides = Awaited<ReturnType<typeof twoSides>>;
let sides: Sides;

beforeEach(async () => {
  sides = await twoSides();
});
afterEach(() => sides.close());

async function expectEqual(records: number): Promise<void> {
  const { hub, cloud } = await sides.both();
  expect(hub.size).toBe(records);
  expect(hub).toEqual(cloud);
}

const one = reading(1);

describe("a round", () => {
  test("brings every record to the cloud, marks it with the version pushed, and then has nothing to do", async () => {
    await sides.ingest(...Array.from({ length: 4_500 }, (_, index) => reading(index)));
    await sides.sync();
    // Everything in one go, before anything is pulled (P29).
    const push = "POST /v1/push";
    expect(sides.requests.slice(0, 6)).toEqual([push, push, push, push, push, "GET /v1/changes"]);
    // What comes back of it is known by its rev.
    expect(sides.engine.state().last).toMatchObject({ pushed: 4_500, pulled: 0 });
    await expectEqual(4_500);
    expect(
      sides.witness("SELECT count(*) FROM records WHERE version = 1 AND version_synced = 1 AND rev IS NOT NULL"),
    ).toBe("4500");
    sides.requests.length = 0;
    await sides.sync();
    expect(sides.requests).toEqual(["GET /v1/changes"]);
    expect(
      await sides.store.read
        .selectFrom("history")
        .select((eb) => eb.fn.countAll().as("n"))
        .executeTakeFirstOrThrow(),
    ).toEqual({ n: 4_500 });
  });

  test("leaves a change made while its record was on the way unpushed, and pushes it next (P1)", async () => {
    await sides.ingest(one);
    let edits = 0;
    sides.fault(async ({ url }) => {
      if (!url.startsWith("/v1/push") || edits > 0) return undefined;
      edits += 1;
      await editRecord(sides.store, one.id, { note: "while under way" }, nurse);
      return undefined;
    });
    const seen: number[] = [];
    sides.store.onCommit(() => seen.push(1));
    await sides.sync();
    expect(edits).toBe(1);
    expect(await sides.numbers(one.id)).toMatchObject({ version: 2, version_synced: 2 });
    expect(sides.server.store.states(one.id).map((state) => state.fields["note"])).toEqual([null, "while under way"]);
    await expectEqual(1);
  });

  // A probe between the store and its database is there for SQLite only.
  test.skipIf(inject("store") === "PostgreSQL")(
    "reads body and version at once, so that no edit comes between (P2)",
    async () => {
      await sides.ingest(one);
      let looks = 0;
      const between: StoreProbe = {
        begin: async () => undefined,
        commit: async () => undefined,
        end: () => undefined,
        async statement(sql) {
          if (!sql.includes('"version" > "version_synced"') || ++looks !== 2) return;
          await editRecord(sides.store, one.id, { note: "between two looks" }, nurse);
        },
      };
      const own = await Store.open({ path: sides.store.path, role: "sync", probe: between });
      const worker = await sides.worker("probed", true, () => undefined, own);
      await worker.ring("test", true);
      expect(looks).toBeGreaterThan(2);
      expect(sides.server.store.record(one.id)?.fields["note"]).toBe("between two looks");
      await expectEqual(1);
    },
  );

  test("takes a push whose answer was lost for what it is: no second record, no conflict, also when edited since (P6)", async () => {
    await sides.ingest(one, reading(2));
    let pushes = 0;
    sides.fault(({ url }) => (url.startsWith("/v1/push") && ++pushes === 1 ? "reset-after-commit" : undefined));
    await sides.sync();
    expect(sides.engine.state()).toMatchObject({ state: "waiting", problem: { code: "SYNC_UNREACHABLE" } });
    expect(await sides.numbers(one.id)).toMatchObject({ version: 1, version_synced: 0 });
    await editRecord(sides.store, one.id, { note: "after the lost answer" }, nurse);
    await sides.sync();
    await expectEqual(2);
    expect(await listConflicts(sides.store)).toEqual([]);
    expect(sides.server.store.states(one.id).length).toBe(2);
    expect((await getRecord(sides.store, one.id)).record.note).toBe("after the lost answer");
  });

  test("does not take its own edit, whose answer was lost, for somebody else's when the field is edited again", async () => {
    await sides.ingest(one);
    await sides.sync();
    await editRecord(sides.store, one.id, { note: "first" }, nurse);
    sides.fault(({ url }) => (url.startsWith("/v1/push") ? "reset-after-commit" : undefined));
    await sides.sync();
    expect(sides.server.store.record(one.id)?.fields["note"]).toBe("first");
    sides.fault(() => undefined);
    await editRecord(sides.store, one.id, { note: "second" }, nurse);
    await sides.sync();
    expect(await listConflicts(sides.store)).toEqual([]);
    expect(sides.server.store.record(one.id)?.fields["note"]).toBe("second");
    await expectEqual(1);
  });

  test("nor where a merge before it had left the record as it was", async () => {
    await sides.ingest(one);
    await sides.sync();
    await editRecord(sides.store, one.id, { note: "first" }, nurse);
    sides.server.store.edit(one.id, { fields: { note: "theirs" }, by: "doctor" });
    let pushes = 0;
    // The first push meets the doctor's note and is merged; the second is stored and its answer lost.
    sides.fault(({ url }) => (url.startsWith("/v1/push") && ++pushes === 2 ? "reset-after-commit" : undefined));
    await sides.sync();
    sides.fault(() => undefined);
    expect(await listConflicts(sides.store)).toHaveLength(1);
    await editRecord(sides.store, one.id, { note: "second" }, nurse);
    await sides.sync();
    expect(await listConflicts(sides.store)).toHaveLength(1);
    expect(sides.server.store.record(one.id)?.fields["note"]).toBe("second");
    await expectEqual(1);
  });

  test("does not take a pull that was rolled back for one that brought everything", async () => {
    const two = reading(2);
    await sides.ingest(one, two);
    await sides.sync();
    await editRecord(sides.store, one.id, { note: "old" }, nurse);
    await sides.sync();
    await editRecord(sides.store, one.id, { meal: "before" }, nurse);
    sides.server.store.edit(one.id, { fields: { note: "new" }, by: "doctor" });
    let pulls = 0;
    sides.fault(async ({ url }) => {
      if (!url.startsWith("/v1/changes") || ++pulls > 1) return undefined;
      await editRecord(sides.store, two.id, { note: "meanwhile" }, nurse);
      sides.server.store.edit(two.id, { fields: { meal: "after" }, by: "doctor" });
      return undefined;
    });
    await sides.sync();
    expect((await getRecord(sides.store, one.id)).record).toMatchObject({ note: "new", meal: "before" });
    expect(await listConflicts(sides.store)).toEqual([]);
    await expectEqual(2);
  });

  test("applies a remote edit without touching version", async () => {
    await sides.ingest(one);
    await sides.sync();
    sides.server.store.edit(one.id, { fields: { note: "from the cloud" }, by: "doctor" });
    await sides.sync();
    expect((await getRecord(sides.store, one.id)).record.note).toBe("from the cloud");
    expect(await sides.numbers(one.id)).toMatchObject({ version: 1, version_synced: 1 });
    expect((await historyOf(sides.store, one.id)).states.map((state) => [state.by, state.origin])).toEqual([
      ["meter", "local"],
      ["doctor", "cloud"],
    ]);
  });

  test("takes over a record that was made in the cloud, with a deletion as a tombstone", async () => {
    const { id, kind, fields } = reading(7);
    sides.server.store.create(id, kind, { ...fields, source: "manual", deviceTime: null, serial: null }, "doctor");
    await sides.sync();
    expect((await getRecord(sides.store, id)).record).toMatchObject({ id, value: 87, deleted: false });
    sides.server.store.edit(id, { deleted: true, by: "doctor" });
    await sides.sync();
    expect((await getRecord(sides.store, id)).record.deleted).toBe(true);
    await expectEqual(1);
  });

  test("merges changes of different fields of one record (P7, P17)", async () => {
    await sides.ingest(one);
    await sides.sync();
    sides.server.store.edit(one.id, { fields: { note: "theirs" }, by: "doctor" });
    await editRecord(sides.store, one.id, { meal: "after" }, nurse);
    await sides.sync();
    expect((await getRecord(sides.store, one.id)).record).toMatchObject({ note: "theirs", meal: "after" });
    expect(await listConflicts(sides.store)).toEqual([]);
    await expectEqual(1);
  });

  test("keeps the local value of a field changed on both sides; the other is in history and on the list, a call from being restored", async () => {
    await sides.ingest(one);
    await sides.sync();
    sides.server.store.edit(one.id, { fields: { note: "theirs" }, by: "doctor" });
    await editRecord(sides.store, one.id, { note: "ours" }, nurse);
    await sides.sync();
    await expectEqual(1);
    expect((await getRecord(sides.store, one.id)).record.note).toBe("ours");
    const [conflict, ...more] = await listConflicts(sides.store);
    expect(more).toEqual([]);
    expect(conflict).toMatchObject({
      record: one.id,
      field: "note",
      base: null,
      local: "ours",
      remote: "theirs",
      localBy: "nurse",
      localAt: nurse.at,
      remoteBy: "doctor",
    });
    expect(
      (await historyOf(sides.store, one.id)).states.map((state) => [state.origin, state.by, state.fields.note]),
    ).toContainEqual(["remote", "doctor", "theirs"]);
    await resolveConflict(sides.store, conflict?.id ?? "", "remote", nurse);
    await sides.sync();
    await expectEqual(1);
    expect(sides.server.store.record(one.id)?.fields["note"]).toBe("theirs");
    expect(await listConflicts(sides.store)).toEqual([]);
  });

  test("lets an edit survive a deletion, on either side, as a conflict", async () => {
    const two = reading(2);
    await sides.ingest(one, two);
    await sides.sync();
    sides.server.store.edit(one.id, { deleted: true, by: "doctor" });
    await editRecord(sides.store, one.id, { note: "keep me" }, nurse);
    sides.server.store.edit(two.id, { fields: { note: "keep me too" }, by: "doctor" });
    await removeRecord(sides.store, two.id, nurse);
    await sides.sync();
    await expectEqual(2);
    expect((await getRecord(sides.store, one.id)).record).toMatchObject({ deleted: false, note: "keep me" });
    expect((await getRecord(sides.store, two.id)).record).toMatchObject({ deleted: false, note: "keep me too" });
    expect((await listConflicts(sides.store)).map((conflict) => conflict.field)).toEqual(["deleted", "deleted"]);
  });

  test("keeps what the meter said against a cloud that says otherwise, and tells the cloud again", async () => {
    await sides.ingest(one);
    await sides.sync();
    sides.server.store.edit(one.id, { fields: { value: 300, note: "and a note" }, by: "doctor" });
    await sides.sync();
    expect((await getRecord(sides.store, one.id)).record).toMatchObject({ value: 81, note: "and a note" });
    expect(await listConflicts(sides.store)).toMatchObject([
      { field: "value", local: 81, remote: 300, remoteBy: "doctor" },
    ]);
    await expectEqual(1);
    expect((await sides.numbers(one.id)).version).toBe(1);
  });

  test("does not push against a cloud that insists on another value than the meter's for ever: a person must look", async () => {
    await sides.ingest(one);
    await sides.sync();
    for (let time = 1; time <= 5; time += 1) {
      if (sides.server.store.record(one.id)?.fields["value"] !== 999)
        sides.server.store.edit(one.id, { fields: { value: 999 }, by: "doctor" });
      await sides.sync();
      expect(sides.engine.state()).toMatchObject({ state: "idle", problem: null });
    }
    const states = sides.server.store.states(one.id).map(({ fields }) => fields["value"]);
    expect(states).toEqual([81, 999, 81, 999]);
    expect((await getRecord(sides.store, one.id)).record.value).toBe(81);
    expect(await listConflicts(sides.store)).toMatchObject([{ field: "value", local: 81, remote: 999 }]);
    expect(await dirtyCounts(sides.store)).toEqual({ pending: 0, rejected: 1 });
    // What else is changed of the record goes on both ways.
    sides.server.store.edit(one.id, { fields: { meal: "after" }, by: "doctor" });
    await sides.sync();
    expect((await getRecord(sides.store, one.id)).record.meal).toBe("after");
    const [listed] = await listConflicts(sides.store);
    await resolveConflict(sides.store, listed?.id ?? "", "local", nurse);
    await sides.sync();
    await expectEqual(1);
    expect(sides.server.store.record(one.id)?.fields).toMatchObject({ meal: "after", value: 81 });
    expect(await dirtyCounts(sides.store)).toEqual({ pending: 0, rejected: 0 });
  });

  test("rolls a page back when one of its records was changed here meanwhile, and pushes first (rule 8)", async () => {
    await sides.ingest(one, reading(2));
    await sides.sync();
    sides.server.store.edit(reading(2).id, { fields: { note: "theirs, other record" }, by: "doctor" });
    sides.server.store.edit(one.id, { fields: { meal: "before" }, by: "doctor" });
    let edits = 0;
    sides.fault(async ({ method, url }) => {
      if (method === "GET" && url.startsWith("/v1/changes") && ++edits === 1)
        await editRecord(sides.store, one.id, { note: "ours" }, nurse);
      return undefined;
    });
    await sides.sync();
    await expectEqual(2);
    expect((await getRecord(sides.store, one.id)).record).toMatchObject({ note: "ours", meal: "before" });
    expect(sides.engine.state().last?.rollbacks).toBe(1);
  });

  test("takes what the cloud has although somebody edits during every single pull, and loses nothing (P16)", async () => {
    const many = Array.from({ length: 15 }, (_, index) => reading(index));
    await sides.ingest(...many);
    await sides.sync();
    for (const { id } of many) sides.server.store.edit(id, { fields: { note: "theirs" }, by: "doctor" });
    const last = many.at(-1)?.id ?? "";
    let edits = 0;
    sides.fault(async ({ method, url }) => {
      if (method !== "GET" || !url.startsWith("/v1/changes")) return undefined;
      // Each time another record of the page; the storm ends with what it could not keep away.
      const next = many[edits]?.id;
      if (next === undefined || (await getRecord(sides.store, last)).record.note === "theirs") return undefined;
      edits += 1;
      await editRecord(sides.store, next, { patient: "ours" }, nurse);
      return undefined;
    });
    await sides.sync();
    expect(sides.engine.state()).toMatchObject({ state: "idle", problem: null });
    expect(edits).toBeGreaterThan(1);
    expect(edits).toBeLessThan(6);
    await expectEqual(15);
    for (const [index, { id }] of many.entries())
      expect((await getRecord(sides.store, id)).record).toMatchObject({
        note: "theirs",
        patient: index < edits ? "ours" : null,
      });
  });

  test("moves the cursor with its page or not at all (P8)", async () => {
    const { id, kind, fields } = reading(9);
    sides.server.store.create(id, kind, { ...fields, source: "manual" }, "doctor");
    await sides.store.write((tx) =>
      tx.db
        .insertInto("quarantine")
        .values({ capture: null, origin: "x", code: "x", detail: "x", raw: Buffer.from("x"), at: "x" })
        .execute(),
    );
    const cursors = (): string => sides.witness("SELECT count(*) FROM sync_state WHERE name = 'cursor'");
    const before = cursors();
    sides.fault(({ method }) => (method === "GET" ? "reset-after-commit" : undefined));
    await sides.sync();
    expect(before).toBe("0");
    expect(cursors()).toBe("0");
    sides.fault(() => undefined);
    await sides.sync();
    await expectEqual(1);
  });
});

test("who rings while a round is ending gets another one (P27)", async () => {
  await sides.ingest(one);
  const rounds: string[] = [];
  let rang = false;
  const worker = await sides.worker("watched", true, (state) => {
    rounds.push(state.state);
    if (state.state !== "idle" || rang) return;
    rang = true;
    // The round has looked for the last time, and is not over yet.
    void worker.ring("an edit");
  });
  await worker.ring("test", true);
  await expect.poll(() => rounds.filter((state) => state === "idle").length).toBe(2);
});

describe("a cloud that answers oddly", () => {
  test.each([
    ["HTML", "html" as const, "SYNC_BAD_ANSWER", "waiting"],
    ["401", { status: 401, body: { code: "unauthorized", message: "no" } }, "SYNC_UNAUTHORIZED", "blocked"],
    [
      "503 with Retry-After",
      { status: 503, headers: { "retry-after": "7" }, body: { code: "busy", message: "later" } },
      "SYNC_UNREACHABLE",
      "waiting",
    ],
    [
      "200 and half a JSON",
      { status: 200, headers: { "content-type": "application/json" }, body: '{"results":[' },
      "SYNC_BAD_ANSWER",
      "waiting",
    ],
    [
      "200 and results of something else",
      { status: 200, headers: { "content-type": "application/json" }, body: { results: [] } },
      "SYNC_BAD_ANSWER",
      "waiting",
    ],
    ["a reset connection", "reset" as const, "SYNC_UNREACHABLE", "waiting"],
  ])("%s is never taken for success", async (_what, fault, code, state) => {
    await sides.ingest(one);
    sides.fault(() => fault);
    await sides.sync();
    expect(sides.engine.state()).toMatchObject({ state, problem: { code } });
    expect(await sides.numbers(one.id)).toMatchObject({ version: 1, version_synced: 0, rev: null });
    sides.fault(() => undefined);
    await sides.sync();
    expect(sides.engine.state()).toMatchObject({ state: "idle", problem: null });
    await expectEqual(1);
  });

  test("413: halves its batches until they fit", async () => {
    await sides.ingest(...Array.from({ length: 700 }, (_, index) => reading(index)));
    let refused = 0;
    await sides.close();
    sides = await twoSides((cloud) => ({
      ...cloud,
      push: async (hub, changes, signal) => {
        if (changes.length <= 100) return cloud.push(hub, changes, signal);
        refused += 1;
        const { Problem } = await import("../../src/domain/problem.js");
        throw new Problem("SYNC_TOO_LARGE");
      },
    }));
    await sides.ingest(...Array.from({ length: 700 }, (_, index) => reading(index)));
    await sides.sync();
    expect(refused).toBeGreaterThan(0);
    await expectEqual(700);
  });

  test("a record that it refuses for good is kept, shown, and sent again only once it changes (P25)", async () => {
    await sides.close();
    sides = await twoSides((cloud: Cloud) => ({
      ...cloud,
      push: async (hub, changes, signal) => {
        const good = changes.filter((change) => !change.fieldsText.includes("poison"));
        const results = good.length > 0 ? [...(await cloud.push(hub, good, signal))] : [];
        return changes.map((change) =>
          change.fieldsText.includes("poison")
            ? { id: change.id, status: "rejected" as const, code: "invalid", message: "poison" }
            : (results.shift() ?? { status: "rejected", code: "x", message: "x" }),
        );
      },
    }));
    await sides.ingest(one, reading(2));
    await editRecord(sides.store, one.id, { note: "poison" }, nurse);
    await sides.sync();
    expect(sides.engine.state()).toMatchObject({ state: "idle", last: { pushed: 1, rejected: 1 } });
    await sides.sync();
    expect(sides.engine.state().last).toMatchObject({ pushed: 0, rejected: 0 });
    await editRecord(sides.store, one.id, { note: "cured" }, nurse);
    await sides.sync();
    await expectEqual(2);
  });

  test("a cloud restored from an older backup gets back what it lost (410)", async () => {
    await sides.ingest(one, reading(2), reading(3));
    await sides.sync();
    await editRecord(sides.store, one.id, { note: "n" }, nurse);
    await sides.sync();
    // Another, empty cloud behind the same address: it does not know the cursor.
    execFileSync("sqlite3", [sides.server.path, "SELECT 1"]);
    let lost = 0;
    sides.fault(({ method, url }) => {
      if (method === "GET" && url.includes("after=") && ++lost === 1)
        return {
          status: 410,
          headers: { "content-type": "application/json" },
          body: { code: "cursor_expired", message: "start again" },
        };
      return undefined;
    });
    await sides.sync();
    expect(lost).toBeGreaterThan(0);
    await expectEqual(3);
    expect(await listConflicts(sides.store)).toEqual([]);
    expect(sides.engine.state()).toMatchObject({ state: "idle" });
  });
});

describe("two workers", () => {
  test("one that lost the lease writes nothing, however late its answer comes (P19)", async () => {
    await sides.ingest(one);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let pushes = 0;
    sides.fault(async ({ url }) => {
      if (url.startsWith("/v1/push") && ++pushes === 1) await held;
      return undefined;
    });
    const slow = sides.sync();
    await expect.poll(() => pushes).toBe(1);
    const second = await sides.worker("second");
    await second.ring("test", true);
    expect(second.state()).toMatchObject({ state: "idle" });
    const numbers = await sides.numbers(one.id);
    release();
    await slow;
    expect(sides.engine.state()).toMatchObject({ state: "waiting", standby: true, problem: null });
    expect(await sides.numbers(one.id)).toEqual(numbers);
    await expectEqual(1);
  });

  test("a second one that is not alone leaves the first its lease", async () => {
    await sides.ingest(one);
    await sides.sync();
    const second = await sides.worker("second", false);
    await second.ring("test", true);
    expect(second.state()).toMatchObject({ state: "waiting", standby: true, problem: null });
  });
});

describe("captures", () => {
  test("go up behind the records, once", async () => {
    const { addCapture } = await import("../../src/store/captures.js");
    const device = { manufacturer: "LifeScan", model: "OneTouch Ultra 2", serial: "TEST0001Y", clockErrorMs: 0 };
    await sides.ingest(one);
    await sides.store.write((tx) =>
      addCapture(tx, {
        id: "0b7e3d0e-4f5a-4c3b-9a51-0a1b2c3d4e5f",
        kind: "session",
        driver: "onetouch-ultra2",
        startedAt: "2026-01-02T00:00:00.000Z",
        endedAt: "2026-01-02T00:00:01.000Z",
        outcome: "done",
        device,
        records: [one.id],
        counts: { new: 1, known: 0, unreadable: 0 },
        transcript: "glucohub transcript 1\n",
      }),
    );
    await sides.sync();
    expect(sides.requests.filter((request) => request.startsWith("PUT"))).toEqual([
      "PUT /v1/captures/0b7e3d0e-4f5a-4c3b-9a51-0a1b2c3d4e5f",
    ]);
    expect(sides.requests.findIndex((request) => request.startsWith("PUT"))).toBeGreaterThan(
      sides.requests.indexOf("POST /v1/push"),
    );
    await sides.sync();
    expect(sides.requests.filter((request) => request.startsWith("PUT")).length).toBe(1);
    expect(sides.witness("SELECT uploaded FROM captures")).toBe("1");
  });
});
