import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connect } from "../../src/store/connection.js";
import { acquireHubLock } from "../../src/store/lock.js";
import { commandLine, jsonLines, tempFolder } from "./run.js";

/** A cloud that runs by the command, and two hubs that are set to it. */
async function cloudAndHubs() {
  const host = commandLine();
  const token = randomUUID();
  const cloud = host.begin("cloud", "--port", "0", "--json", "--token", token, "--data", "cloud.db");
  const [line = ""] = await cloud.stdout.has(/^.+\n/);
  const { url } = JSON.parse(line) as { url: string };
  const env = { GLUCOHUB_CLOUD_KIND: "native", GLUCOHUB_CLOUD_URL: url, GLUCOHUB_CLOUD_TOKEN: token };
  return { cloud, url, token, cloudFile: join(host.folder, "cloud.db"), one: commandLine(env), two: commandLine(env) };
}

describe("sync without a hub", () => {
  test("brings two hubs' changes together, and a conflict to a person who resolves it", async () => {
    const { one, two } = await cloudAndHubs();
    const [record] = jsonLines((await one.run("add", "glucose", "5.6", "mmol/L", "--json")).out);
    const id = String(record?.["id"]);
    expect(await one.run("sync", "--once")).toMatchObject({ code: 0, out: expect.stringContaining("Synced") });
    expect(await two.run("sync")).toMatchObject({ code: 0 });
    expect(jsonLines((await two.run("records", "--json")).out)).toEqual([record]);

    await one.run("edit", id, "--set", "note=one", "--set", "meal=after");
    await two.run("edit", id, "--set", "note=two", "--set", "patient=p");
    await one.run("sync");
    const told = await two.run("sync", "--json");
    expect(told.code).toBe(0);
    expect(jsonLines(told.out)).toMatchObject([
      { state: "idle", pending: 0, conflicts: 1, rejected: 0, lastError: null },
    ]);
    const [conflict] = jsonLines((await two.run("conflicts", "--json")).out);
    expect(conflict).toMatchObject({ record: id, field: "note", base: null });
    expect([conflict?.["local"], conflict?.["remote"]].sort()).toEqual(["one", "two"]);
    expect((await two.run("conflicts")).out).toContain(String(conflict?.["id"]));

    const start = String(conflict?.["id"]).slice(0, 8);
    expect(await two.run("conflicts", "resolve", start, "--keep", "remote")).toMatchObject({ code: 0 });
    expect((await two.run("conflicts", "--json")).out).toBe("");
    expect(await two.run("conflicts", "resolve", start, "--keep", "local")).toMatchObject({ code: 1, out: "" });
    await two.run("sync");
    await one.run("sync");
    const [here] = jsonLines((await one.run("records", "--json")).out);
    expect(here).toEqual(jsonLines((await two.run("records", "--json")).out)[0]);
    expect(here).toMatchObject({ note: conflict?.["remote"], meal: "after", patient: "p" });
    expect(jsonLines((await two.run("history", id, "--json")).out)).toMatchObject([{ id, states: expect.any(Array) }]);
  });

  test("compares everything where --full asks for it, and brings back what the cloud lost without knowing", async () => {
    const { cloudFile: path, one } = await cloudAndHubs();
    await one.run("add", "glucose", "5.6", "mmol/L", "--json");
    const [record] = jsonLines((await one.run("add", "carbs", "30", "g", "--json")).out);
    expect(await one.run("sync")).toMatchObject({ code: 0 });
    // Behind the cloud's back, so that neither its sequence of changes nor anybody's cursor tells of it.
    execFileSync("sqlite3", [path, `DELETE FROM records WHERE id = '${String(record?.["id"])}'`]);
    const count = (): string =>
      execFileSync("sqlite3", [path, "SELECT count(*) FROM records"], { encoding: "utf8" }).trim();
    expect(count()).toBe("1");
    expect(await one.run("sync", "--full")).toMatchObject({ code: 0, out: expect.stringContaining("Synced") });
    expect(count()).toBe("2");
    expect(jsonLines((await one.run("conflicts", "--json")).out)).toEqual([]);
  });

  test("says what is wrong with the cloud, ends with 1, and loses nothing", async () => {
    const { cloud, one } = await cloudAndHubs();
    await one.run("add", "carbs", "5", "g");
    cloud.interrupt();
    expect(await cloud.ended).toBe(0);
    const { code, out, err } = await one.run("sync", "--json");
    expect(code).toBe(1);
    expect(jsonLines(out)).toMatchObject([{ state: "waiting", pending: 1 }]);
    expect(err).toContain("can't be reached");
    expect(jsonLines((await one.run("status", "--json")).out)).toMatchObject([{ pending: 1, records: 1 }]);
  });

  test("refuses a token that the cloud does not take", async () => {
    const { url } = await cloudAndHubs();
    const hub = commandLine({ GLUCOHUB_CLOUD_KIND: "native", GLUCOHUB_CLOUD_URL: url, GLUCOHUB_CLOUD_TOKEN: "wrong" });
    const { code, err } = await hub.run("sync");
    expect([code, err]).toEqual([1, expect.stringContaining("GLUCOHUB_CLOUD_TOKEN")]);
  });

  test("is wrong usage where no cloud is set, and waits for no hub that does not answer", async () => {
    expect(await commandLine().run("sync")).toMatchObject({ code: 2, out: "" });
    const { one } = await cloudAndHubs();
    await one.run("add", "carbs", "5", "g");
    const lock = acquireHubLock(one.data);
    expect(await one.run("sync")).toMatchObject({ code: 1, out: "", err: expect.stringContaining("does not answer") });
    lock.release();
    expect((await one.run("sync")).code).toBe(0);
  });
});

test("the cloud keeps the token that it made for itself", async () => {
  const host = commandLine();
  const said: string[] = [];
  for (let time = 0; time < 2; time += 1) {
    const cloud = host.begin("cloud", "--port", "0");
    said.push((await cloud.stdout.has(/^token: (\S+)$/m))[1] ?? "");
    cloud.interrupt();
    expect(await cloud.ended).toBe(0);
  }
  expect(said[0]).toMatch(/^\S{16,}$/);
  expect(said[1]).toBe(said[0]);
});

describe("status and doctor", () => {
  test("tell of a fresh machine, and make no difference to it but an empty store", async () => {
    const cli = commandLine({ GLUCOHUB_HTTP_PORT: "0" });
    const [status] = jsonLines((await cli.run("status", "--json")).out);
    expect(status).toMatchObject({
      hub: { running: false },
      records: 0,
      pending: 0,
      conflicts: 0,
      quarantined: 0,
      state: "stopped",
      scheduler: "off",
      cloud: null,
      lastSuccess: null,
      meters: [],
    });
    const { code, out } = await cli.run("doctor", "--json");
    const findings = jsonLines<{ check: string; state: string; remedy: string | null }>(out);
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        "node",
        "clock",
        "data",
        "space",
        "store",
        "inbox",
        "hub",
        "http",
        "redis",
        "cloud",
        "udev",
        "serial",
        "libusb",
      ]),
    );
    expect(findings.filter(({ state }) => state === "bad")).toEqual([]);
    expect(code).toBe(0);
    expect(findings.filter(({ state, remedy }) => (state === "ok") !== (remedy === null))).toEqual([]);
  });

  test("doctor ends with 1 and a remedy where something is bad", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const file = join(tempFolder(), "a-file");
    writeFileSync(file, "");
    const cli = commandLine({
      GLUCOHUB_HTTP_PORT: String(port),
      GLUCOHUB_INBOX: join(file, "inbox"),
      GLUCOHUB_REDIS_URL: "unix:///none.sock",
    });
    const { code, out } = await cli.run("doctor");
    taken.close();
    expect(code).toBe(1);
    expect(out).toMatch(/^bad {3}http: .*Another program listens.*\n +Stop it, or set GLUCOHUB_HTTP_PORT/m);
    expect(out).toMatch(/^warn {2}redis: .*does not answer/m);
    expect(out).toMatch(/^bad {3}inbox:/m);
  });

  test("doctor finds a store whose rules are gone, a token that is not taken, and a hub that does not answer", async () => {
    const { url } = await cloudAndHubs();
    const env = {
      GLUCOHUB_CLOUD_KIND: "native",
      GLUCOHUB_CLOUD_URL: url,
      GLUCOHUB_CLOUD_TOKEN: "wrong",
      GLUCOHUB_HTTP_PORT: "0",
    };
    const cli = commandLine(env);
    await cli.run("add", "carbs", "5", "g");
    const { raw } = connect(cli.store, "migrate");
    raw.exec("DROP TRIGGER facts_guard_update");
    raw.close();
    const lock = acquireHubLock(cli.data);
    const findings = jsonLines((await cli.run("doctor", "--json")).out);
    lock.release();
    expect(findings).toContainEqual(expect.objectContaining({ check: "store", state: "bad" }));
    expect(findings).toContainEqual(expect.objectContaining({ check: "cloud", state: "bad" }));
    expect(findings).toContainEqual(expect.objectContaining({ check: "hub", state: "warn" }));
  });
});
