import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startCloud } from "../../src/cloud/start-cloud.js";
import { silentLog } from "../../src/domain/clock.js";
import { fieldsText, type RecordFields } from "../../src/domain/record.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { call, dataFolder, glucohub, isBuilt, processesWith, sqlite3, startHub } from "./hub-process.js";

let data: string;
beforeEach(() => {
  data = dataFolder();
});
// A killed hub's Redis may still be writing its last words.
afterEach(() => rmSync(data, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

const entry = (value: number) => ({ kind: "glucose", value, unit: "mg/dL", time: "2026-01-02T03:04:05Z" });

describe.skipIf(!isBuilt)("the hub as a process", () => {
  test("killed ten times at random moments, keeps everything that it had answered for, and leaves no Redis behind", {
    timeout: 120_000,
  }, async () => {
    const answered: string[] = [];
    let kills = 0;
    for (let turn = 0; turn < 10; turn += 1) {
      const hub = await startHub(data);
      const enough = 5 + Math.floor(Math.random() * 40);
      let dead = false;
      const writers = [0, 1, 2].map(async (writer) => {
        for (let index = 0; !dead; index += 1) {
          const answer = await call(
            hub.url,
            "POST",
            "/records",
            entry(80 + ((turn * 31 + writer * 7 + index) % 200)),
          ).catch(() => null);
          if (answer === null) return;
          expect(answer.status).toBe(201);
          answered.push(String(answer.body["id"]));
        }
      });
      const before = answered.length;
      await expect.poll(() => answered.length - before, { timeout: 20_000 }).toBeGreaterThanOrEqual(enough);
      await hub.kill("SIGKILL");
      kills += 1;
      dead = true;
      await Promise.all(writers);
    }
    expect(kills).toBe(10);
    const kept = new Set(sqlite3(data, "SELECT id FROM records").split("\n"));
    expect(answered.filter((id) => !kept.has(id))).toEqual([]);
    expect(answered.length).toBeGreaterThan(50);
    expect(sqlite3(data, "PRAGMA integrity_check")).toBe("ok");
    expect(
      sqlite3(
        data,
        "SELECT count(*) FROM records r WHERE NOT EXISTS (SELECT 1 FROM history h WHERE h.record = r.row AND h.fields = r.fields)",
      ),
    ).toBe("0");
    await expect.poll(() => processesWith(join(data, "redis")), { timeout: 10_000 }).toEqual([]);
  });

  test("comes back to equal sides after the cloud was away while people edited on both", {
    timeout: 90_000,
  }, async () => {
    const path = join(data, "cloud.db");
    const options = { path, host: "127.0.0.1", token: "t", clock: systemClock, log: silentLog };
    let cloud = await startCloud({ ...options, port: 0 });
    const { port } = cloud;
    const hub = await startHub(data, {
      GLUCOHUB_CLOUD_KIND: "native",
      GLUCOHUB_CLOUD_URL: cloud.url,
      GLUCOHUB_CLOUD_TOKEN: "t",
    });
    const ids: string[] = [];
    for (let index = 0; index < 20; index += 1)
      ids.push(String((await call(hub.url, "POST", "/records", entry(100 + index))).body["id"]));
    await expect.poll(() => cloud.store.changes(null, 1_000).changes.length, { timeout: 10_000 }).toBe(20);
    await cloud.close();

    for (const [index, id] of ids.entries()) {
      if (index % 2 === 0)
        expect((await call(hub.url, "PATCH", `/records/${id}`, { note: `hub ${index}` })).status).toBe(200);
      if (index % 5 === 0) expect((await call(hub.url, "DELETE", `/records/${id}`)).status).toBe(204);
    }
    await expect
      .poll(async () => (await call(hub.url, "GET", "/sync")).body["lastError"], { timeout: 20_000 })
      .toMatch(/can't be reached/);
    // Somebody edits in the cloud before the hub has reached it again.
    const { CloudStore } = await import("../../src/cloud/cloud-store.js");
    const desk = new CloudStore({ path, clock: systemClock });
    for (const [index, id] of ids.entries())
      if (index % 3 === 0) desk.edit(id, { fields: { meal: "after" }, by: "doctor" });
    desk.close();
    cloud = await startCloud({ ...options, port });

    const sides = () => {
      const remote = cloud.store
        .changes(null, 1_000)
        .changes.map(
          (record) => `${record.id} ${record.deleted ? 1 : 0} ${fieldsText(record.fields as unknown as RecordFields)}`,
        );
      return {
        remote: remote.sort(),
        local: sqlite3(data, "SELECT id || ' ' || deleted || ' ' || fields FROM records").split("\n").sort(),
      };
    };
    await expect
      .poll(
        async () => {
          const { remote, local } = sides();
          return {
            pending: (await call(hub.url, "GET", "/sync")).body["pending"],
            equal: JSON.stringify(remote) === JSON.stringify(local),
          };
        },
        { timeout: 40_000 },
      )
      .toEqual({ pending: 0, equal: true });
    const both = (await call(hub.url, "GET", `/records/${ids[6]}`)).body;
    expect([both["note"], both["meal"]]).toEqual(["hub 6", "after"]);
    expect((await call(hub.url, "GET", "/conflicts")).body["conflicts"]).toHaveLength(2);
    await hub.kill("SIGTERM");
    await cloud.close();
  });

  test("does without Redis: killed, it comes back; meanwhile edits reach the cloud all the same", {
    timeout: 60_000,
  }, async () => {
    const cloud = await startCloud({
      path: join(data, "cloud.db"),
      host: "127.0.0.1",
      port: 0,
      token: "t",
      clock: systemClock,
      log: silentLog,
    });
    const hub = await startHub(data, {
      GLUCOHUB_CLOUD_KIND: "native",
      GLUCOHUB_CLOUD_URL: cloud.url,
      GLUCOHUB_CLOUD_TOKEN: "t",
      GLUCOHUB_SYNC_EVERY_MS: "1000",
    });
    const redis = (): number[] =>
      processesWith("redis-server").filter(
        (pid) => processesWith(data).includes(pid) || processesWith("redis.sock").includes(pid),
      );
    await expect
      .poll(async () => (await call(hub.url, "GET", "/sync")).body["scheduler"], { timeout: 15_000 })
      .toBe("bullmq");
    const before = redis();
    for (const pid of before) process.kill(pid, "SIGKILL");
    await call(hub.url, "POST", "/records", entry(111));
    await expect.poll(() => cloud.store.changes(null, 10).changes.length, { timeout: 10_000 }).toBe(1);
    await expect
      .poll(async () => (await call(hub.url, "GET", "/sync")).body["scheduler"], { timeout: 30_000 })
      .toBe("bullmq");
    await hub.kill("SIGTERM");
    await cloud.close();
    expect(before.length).toBeGreaterThan(0);
  });

  test("a second hub on the same data folder is refused with a sentence", { timeout: 30_000 }, async () => {
    const hub = await startHub(data);
    expect(() => glucohub(data, ["start"], { GLUCOHUB_HTTP_PORT: "0" })).toThrow(/Another hub is running/);
    await hub.kill("SIGTERM");
  });
});
