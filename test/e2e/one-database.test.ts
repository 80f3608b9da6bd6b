import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Cloud, startCloud } from "../../src/cloud/start-cloud.js";
import { silentLog } from "../../src/domain/clock.js";
import { fieldsText, type RecordFields } from "../../src/domain/record.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { privateRedis, redisProgram } from "../helpers/private-redis.js";
import { type StorePlace, storeKinds } from "../helpers/stores.js";
import { call, dataFolder, isBuilt, startHub, tryGlucohub } from "./hub-process.js";

const [, postgres] = storeKinds();
const program = redisProgram();
const entry = (value: number) => ({ kind: "glucose", value, unit: "mg/dL", time: "2026-01-02T03:04:05Z" });
type Hub = Awaited<ReturnType<typeof startHub>>;

describe.skipIf(!isBuilt || !postgres.available)("hubs as processes on one PostgreSQL", () => {
  const folders: string[] = [];
  let place: StorePlace;
  let env: Record<string, string>;
  beforeEach(async () => {
    place = await postgres.place();
    env = { GLUCOHUB_DATABASE_URL: place.address.url ?? "", GLUCOHUB_SYNC_EVERY_MS: "1000" };
  });
  // A killed hub's Redis may still be writing its last words.
  afterEach(async () => {
    await (await postgres.server()).start();
    for (const folder of folders.splice(0))
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    await place.remove();
  });

  const newFolder = (): string => {
    const folder = dataFolder();
    folders.push(folder);
    return folder;
  };
  const note = async (hub: Hub, id: string) => (await call(hub.url, "GET", `/records/${id}`)).body["note"];
  const sync = async (hub: Hub) => (await call(hub.url, "GET", "/sync")).body;

  /** Both sides' records, as another program and the cloud itself tell them. */
  const sides = (cloud: Cloud) => ({
    cloud: cloud.store
      .changes(null, 1_000)
      .changes.map(
        (record) => `${record.id}|${record.deleted ? 1 : 0}|${fieldsText(record.fields as unknown as RecordFields)}`,
      )
      .sort(),
    hubs: place.witness("SELECT id, deleted, fields FROM records ORDER BY id").split("\n").sort(),
  });

  test("all read and edit, one syncs; killed, another takes over, and in the end all hold the same", {
    timeout: 90_000,
  }, async () => {
    const cloud = await startCloud({
      path: `${newFolder()}/cloud.db`,
      host: "127.0.0.1",
      port: 0,
      token: "t",
      clock: systemClock,
      log: silentLog,
    });
    const withCloud: Record<string, string> = {
      ...env,
      GLUCOHUB_CLOUD_KIND: "native",
      GLUCOHUB_CLOUD_URL: cloud.url,
      GLUCOHUB_CLOUD_TOKEN: "t",
    };
    // As in a clinic, one Redis too, where there is one to be had.
    const redis = program === null ? null : privateRedis(program, false);
    await redis?.start();
    if (redis !== null) withCloud["GLUCOHUB_REDIS_URL"] = `unix://${redis.socket}`;
    const [first, second] = [newFolder(), newFolder()];
    const [one, two] = await Promise.all([
      startHub(first, { ...withCloud, GLUCOHUB_HUB_ID: "one" }),
      startHub(second, { ...withCloud, GLUCOHUB_HUB_ID: "two" }),
    ]);
    const ids: string[] = [];
    for (const [index, hub] of [one, two, one, two].entries())
      ids.push(String((await call(hub.url, "POST", "/records", entry(100 + index))).body["id"]));
    const [a = "", b = ""] = ids;
    expect((await call(two.url, "PATCH", `/records/${a}`, { note: "by two" })).status).toBe(200);
    expect(await note(one, a)).toBe("by two");
    await expect.poll(() => cloud.store.changes(null, 10).changes.length, { timeout: 15_000 }).toBe(4);

    // One works, the other waits for its turn, and neither has anything to complain of.
    const states = async () => [(await sync(one))["state"], (await sync(two))["state"]];
    await expect.poll(async () => (await states()).filter((state) => state === "waiting").length).toBe(1);
    const [worker, waiting, restart] = (await states())[0] === "waiting" ? [two, one, second] : [one, two, first];
    await expect
      .poll(() => sync(waiting), { timeout: 30_000 })
      .toMatchObject({ state: "waiting", lastError: null, pending: 0 });
    expect((await fetch(`${waiting.url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${waiting.url}/healthz`)).json()).not.toMatchObject({ degraded: ["cloud"] });

    // An edit at the hub that does not sync reaches the cloud, and one in the cloud reaches it.
    await call(waiting.url, "PATCH", `/records/${b}`, { note: "from the waiting one" });
    await expect.poll(() => cloud.store.record(b)?.fields["note"], { timeout: 5_000 }).toBe("from the waiting one");
    cloud.store.edit(a, { fields: { note: "by the doctor" }, by: "doctor" });
    await expect.poll(() => note(waiting, a), { timeout: 5_000 }).toBe("by the doctor");

    const keys = ((await redis?.command("KEYS", "glucohub-*")) ?? []) as string[];
    // Neither takes a ring of the other's: each has a queue of its own.
    expect(new Set(keys.map((key) => key.split(":")[0])).size).toBe(redis === null ? 0 : 2);

    await worker.kill("SIGKILL");
    await call(waiting.url, "PATCH", `/records/${b}`, { meal: "after" });
    cloud.store.edit(b, { fields: { note: "meanwhile" }, by: "doctor" });
    await expect.poll(async () => (await sync(waiting))["state"], { timeout: 20_000 }).toBe("idle");
    await expect.poll(() => cloud.store.record(b)?.fields["meal"], { timeout: 5_000 }).toBe("after");

    // The killed one comes back, and is the one that waits.
    const back = await startHub(restart, withCloud);
    await call(back.url, "PATCH", `/records/${a}`, { meal: "fasting" });
    await expect
      .poll(() => JSON.stringify(sides(cloud).hubs) === JSON.stringify(sides(cloud).cloud), { timeout: 15_000 })
      .toBe(true);
    expect(sides(cloud).hubs.length).toBe(4);
    expect((await call(back.url, "GET", `/records/${b}`)).body).toMatchObject({ note: "meanwhile", meal: "after" });
    await expect.poll(() => sync(back), { timeout: 15_000 }).toMatchObject({ state: "waiting", lastError: null });
    for (const hub of [waiting, back]) await hub.kill("SIGTERM");
    await cloud.close();
    await redis?.dispose();
  });

  test("say so while the database is away, and go on when it is back", { timeout: 120_000 }, async () => {
    const server = await postgres.server();
    const hub = await startHub(newFolder(), env);
    const health = async () => {
      const answer = await fetch(`${hub.url}/healthz`);
      return [answer.status, ((await answer.json()) as { degraded: string[] }).degraded.includes("store")];
    };
    const { id } = (await call(hub.url, "POST", "/records", entry(100))).body;
    await expect.poll(health, { timeout: 30_000 }).toEqual([200, false]);
    await server.kill();
    await expect.poll(health, { timeout: 30_000 }).toEqual([503, true]);
    expect(await call(hub.url, "GET", `/records/${id}`)).toMatchObject({
      status: 503,
      body: { code: "STORE_UNREACHABLE" },
    });
    expect((await call(hub.url, "POST", "/records", entry(101))).status).toBe(503);
    await server.start();
    await expect.poll(health, { timeout: 30_000 }).toEqual([200, false]);
    expect((await call(hub.url, "POST", "/records", entry(102))).status).toBe(201);
    expect((await call(hub.url, "GET", `/records/${id}`)).status).toBe(200);
    expect(place.witness("SELECT count(*) FROM records")).toBe("2");
    await hub.kill("SIGTERM");
    expect(hub.child.exitCode).toBe(0);
  });
});

describe.skipIf(!isBuilt || !postgres.available)("commands on a database", () => {
  test("work as on a file, and those that copy the file name what copies a database", { timeout: 60_000 }, async () => {
    const place = await postgres.place();
    const url = new URL(place.address.url ?? "");
    url.password = "s3cret";
    const data = dataFolder();
    const glucohub = (...args: string[]) => tryGlucohub(data, args, { GLUCOHUB_DATABASE_URL: url.href });
    expect((await glucohub("add", "glucose", "5.6", "mmol/L")).status).toBe(0);
    const status = await glucohub("status", "--json");
    expect(JSON.parse(status.stdout)).toMatchObject({
      records: 1,
      store: expect.stringMatching(/^postgres:.*store\d+$/),
    });
    expect(await glucohub("verify")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Sound: 1 records/) });
    const doctor = await glucohub("doctor");
    expect(doctor.stdout).toMatch(/store: +The database at postgres:\S+ answers\. Sound: 1 records/);
    for (const args of [
      ["backup", "x.db"],
      ["restore-backup", "x.db"],
    ])
      expect(await glucohub(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining("pg_dump") });
    expect(await glucohub("start", "--demo")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("GLUCOHUB_DATABASE_URL"),
    });
    const away = await tryGlucohub(data, ["records"], { GLUCOHUB_DATABASE_URL: "postgres://me:s3cret@127.0.0.1:1/x" });
    expect(away).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("can't be reached") });
    const ill = await tryGlucohub(data, ["doctor"], { GLUCOHUB_DATABASE_URL: "postgres://me:s3cret@127.0.0.1:1/x" });
    expect(ill).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/bad +store: +The database at postgres:\S+ can't be reached/),
    });
    for (const { stdout, stderr } of [status, doctor, away, ill]) expect(stdout + stderr).not.toContain("s3cret");
    rmSync(data, { recursive: true, force: true });
    await place.remove();
  });
});
