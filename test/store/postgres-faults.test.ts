import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { dropLease, takeLease } from "../../src/store/lease.js";
import { editRecord, getRecord, ingestPage } from "../../src/store/records.js";
import { Store } from "../../src/store/store.js";
import { type StorePlace, storeKinds } from "../helpers/stores.js";
import { nurse, reading } from "../sync/two-sides.js";
import { cutLine } from "./cut-line.js";
import { isBuilt, otherHub } from "./other-hub.js";

const [, postgres] = storeKinds();
const meter = { by: "meter", why: "read", at: "2026-01-02T00:00:00.000Z" };
const { id } = reading(1);

let place: StorePlace;
let store: Store;
let url: string;
beforeEach(async () => {
  if (!postgres.available) return;
  place = await postgres.place();
  url = place.address.url ?? "";
  store = await place.open("local");
  await store.write((tx) => ingestPage(tx, [reading(1)], null, meter));
});
afterEach(async () => {
  if (!postgres.available) return;
  await store.close();
  await place.remove();
});

describe.skipIf(!postgres.available)("a database that ends in the middle of everything and comes back", () => {
  afterEach(async () => (await postgres.server()).start());

  test("is told of, everything that was answered for is there, and the hub goes on by itself", async () => {
    const server = await postgres.server();
    const answered: string[] = [];
    const failed: unknown[] = [];
    const ending = new AbortController();
    onTestFinished(() => ending.abort());
    const writers = [0, 1].map(async (writer) => {
      for (let index = 10 + writer * 100_000; !ending.signal.aborted; index += 1) {
        const record = reading(index);
        await store
          .write((tx) => ingestPage(tx, [record], null, meter))
          .then(
            () => answered.push(record.id),
            (error: unknown) => failed.push(error),
          );
        await nextTurn();
      }
    });
    let commits = store.commits();
    await expect.poll(() => store.commits()).not.toBe(commits);
    await expect.poll(() => answered.length, { timeout: 20_000 }).toBeGreaterThan(50);
    expect(store.problem).toBeNull();

    await server.kill();
    await expect.poll(() => store.problem?.code, { timeout: 20_000 }).toBe("STORE_UNREACHABLE");
    await expect(getRecord(store, id)).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    // For some seconds a write waits for a database that may only be restarting; then it fails.
    await expect.poll(() => failed.length, { timeout: 20_000 }).toBeGreaterThan(0);
    const before = answered.length;
    commits = store.commits();

    await server.start();
    await expect.poll(() => answered.length, { timeout: 20_000 }).toBeGreaterThan(before + 10);
    await expect.poll(() => store.problem, { timeout: 20_000 }).toBeNull();
    expect(store.commits()).not.toBe(commits);
    ending.abort();
    await Promise.all(writers);
    for (const error of failed) expect(error).toMatchObject({ code: "STORE_UNREACHABLE" });
    const kept = new Set(place.witness("SELECT id FROM records").split("\n"));
    expect(answered.filter((each) => !kept.has(each))).toEqual([]);
    expect(
      place.witness(
        'SELECT count(*) FROM records r WHERE NOT EXISTS (SELECT FROM history h WHERE h.record = r."row" AND h.fields = r.fields)',
      ),
    ).toBe("0");
  });

  test("makes nobody wait for the patience of those who asked before", async () => {
    const server = await postgres.server();
    await server.kill();
    const began = performance.now();
    const edits = Array.from({ length: 12 }, (_, index) => editRecord(store, id, { note: `${index}` }, nurse));
    const ended = await Promise.allSettled(edits);
    expect(ended.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => "rejected"));
    // One patience of 5 s, not twelve.
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test("restarts under a transaction without its hub's noticing, if nothing had begun", async () => {
    const server = await postgres.server();
    await server.kill();
    const waiting = editRecord(store, id, { note: "waited" }, nurse);
    waiting.catch(() => undefined);
    await server.start();
    expect((await waiting).record.note).toBe("waited");
  });

  test("tells a hub that starts meanwhile where it was looked for, without the password", async () => {
    const away = new URL(url);
    away.searchParams.set("host", "/nowhere");
    away.password = "s3cret";
    const opened = Store.open({ path: "unused", url: away.href, role: "local" });
    await expect(opened).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    await expect(opened).rejects.toThrow(
      /^The database at postgres:\/\/localhost\/store\d+ can't be reached: .*ENOENT/,
    );
    await expect(opened).rejects.not.toThrow(/s3cret/);
    const unknown = Store.open({ path: "unused", url: url.replace(/store\d+/, "nothing"), role: "local" });
    await expect(unknown).rejects.toMatchObject({
      code: "STORE_UNUSABLE",
      message: expect.stringContaining('database "nothing" does not exist'),
    });
  });
});

describe.skipIf(!postgres.available)("a line that breaks while a change is being written", () => {
  test("behind the commit: the change stands, and the hub finds out and says so", async () => {
    const line = await cutLine((await postgres.server()).folder, url);
    const far = await Store.open({ path: "unused", url: line.url, role: "local" });
    const cut = line.cutAt("COMMIT", "after");
    expect((await editRecord(far, id, { note: "answer lost" }, nurse)).record.note).toBe("answer lost");
    await cut;
    expect((await getRecord(store, id)).record.note).toBe("answer lost");
    await editRecord(far, id, { note: "goes on" }, nurse);
    await far.close();
  });

  test("before the commit: nothing stands, the hub says so, and goes on", async () => {
    const line = await cutLine((await postgres.server()).folder, url);
    const far = await Store.open({ path: "unused", url: line.url, role: "local" });
    for (const word of ["COMMIT", "pg_advisory_xact_lock", "update"]) {
      const cut = line.cutAt(word, "before");
      const edit = editRecord(far, id, { note: `cut at ${word}` }, nurse);
      await expect(edit).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
      await cut;
      expect((await getRecord(store, id)).record.note).toBeNull();
    }
    await editRecord(far, id, { note: "goes on" }, nurse);
    expect((await getRecord(store, id)).record.note).toBe("goes on");
    await far.close();
  });
});

describe.skipIf(!postgres.available || !isBuilt)("a hub that stops without a word", () => {
  test("in the middle of a change keeps the others waiting for some seconds, and its change is undone", async () => {
    const other = otherHub(
      url,
      "local",
      `const failed = store.write(async (tx) => {
        await tx.db.updateTable("records").set((eb) => ({ version: eb("version", "+", 1), deleted: 1 })).execute();
        console.log("inside");
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        await tx.db.selectFrom("records").selectAll().execute();
      });
      await failed.catch((error) => console.log(error.code));
      await editRecord(store, "${id}", { note: "after waking up" }, { by: "other", why: "edit", at: "" });
      console.log("done");
      await store.close();`,
    );
    await other.said("inside");
    other.child.kill("SIGSTOP");
    await editRecord(store, id, { meal: "after" }, nurse);
    expect((await getRecord(store, id)).record).toMatchObject({ deleted: false, meal: "after" });
    other.child.kill("SIGCONT");
    await other.said("STORE_UNREACHABLE");
    await other.said("done");
    expect((await getRecord(store, id)).record).toMatchObject({
      deleted: false,
      meal: "after",
      note: "after waking up",
    });
  });

  test("a worker that is killed leaves its lease to the next, which need not wait until it has run out", async () => {
    const sync = await place.open("sync");
    const take = (holder: string) => takeLease(sync, { holder, nowMs: 0, durationMs: 600_000, force: false });
    const other = otherHub(
      url,
      "sync",
      `await takeLease(store, { holder: "other", nowMs: 0, durationMs: 600_000, force: false });
      console.log("mine");
      setInterval(() => undefined, 1_000);`,
    );
    await other.said("mine");
    await expect(take("me")).rejects.toMatchObject({ code: "LEASE_LOST" });
    other.child.kill("SIGSTOP");
    await expect(take("me")).rejects.toMatchObject({ code: "LEASE_LOST" });
    other.child.kill("SIGKILL");
    await expect
      .poll(
        () =>
          take("me").then(
            () => "mine",
            (error) => error.code,
          ),
        { timeout: 5_000 },
      )
      .toBe("mine");
    await sync.close();
  });
});

describe.skipIf(!postgres.available)("the lease in a database", () => {
  test("runs out by the database's clock, whatever the hubs' clocks say, and is dropped at once", async () => {
    const [first, second] = [await place.open("sync"), await place.open("sync")];
    const take = (from: Store, holder: string, nowMs: number, durationMs = 60_000) =>
      takeLease(from, { holder, nowMs, durationMs, force: false });
    const lease = await take(first, "a", 0);
    // A hub whose clock is a year ahead.
    await expect(take(second, "b", Date.now() + 365 * 86_400_000)).rejects.toMatchObject({ code: "LEASE_LOST" });
    await dropLease(first, lease);
    const next = await take(second, "b", 0, 300);
    expect(next.fence).toBeGreaterThan(lease.fence);
    await expect(first.write((tx) => lease.renew(tx, 0))).rejects.toMatchObject({ code: "LEASE_LOST" });
    await expect
      .poll(() =>
        take(first, "a", 0).then(
          () => "taken",
          (error) => error.code,
        ),
      )
      .toBe("taken");
    await Promise.all([first.close(), second.close()]);
  });

  test("stays its worker's after the connection broke, unless another took it meanwhile", async () => {
    const line = await cutLine((await postgres.server()).folder, url);
    const worker = await Store.open({ path: "unused", url: line.url, role: "sync" });
    const lease = await takeLease(worker, { holder: "a", nowMs: 0, durationMs: 60_000, force: false });
    const cut = line.cutAt("COMMIT", "before");
    await expect(worker.write((tx) => lease.renew(tx, 0))).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    await cut;
    await worker.write((tx) => lease.renew(tx, 0));
    const other = await place.open("sync");
    const take = () => takeLease(other, { holder: "b", nowMs: 0, durationMs: 60_000, force: false });
    // The new connection claimed it again.
    await expect(take()).rejects.toMatchObject({ code: "LEASE_LOST" });
    const again = line.cutAt("COMMIT", "before");
    await expect(worker.write((tx) => lease.renew(tx, 0))).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    await again;
    await expect
      .poll(() =>
        take().then(
          () => "taken",
          (error) => error.code,
        ),
      )
      .toBe("taken");
    await expect(worker.write((tx) => lease.renew(tx, 0))).rejects.toMatchObject({ code: "LEASE_LOST" });
    await Promise.all([worker.close(), other.close()]);
  });
});
