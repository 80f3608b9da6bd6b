import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startScratchCloud } from "../helpers/scratch-cloud.js";
import { call, dataFolder, glucohub, isBuilt, sqlite3, startHub } from "./hub-process.js";

let data: string;
beforeEach(() => {
  data = dataFolder();
});
afterEach(() => rmSync(data, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

describe.skipIf(!isBuilt)("as a new user would", () => {
  test("the demo reads two meters and an export, syncs, and an edit travels each way", {
    timeout: 90_000,
  }, async () => {
    const hub = await startHub(data, {}, ["--demo"]);
    await hub.printed(/apple-health-export\.xml: (\d+) new records stored/);
    await hub.printed(/45 of them new, all stored/);
    await hub.printed(/30 of them new, all stored/);
    await hub.printed(/Synced: the hub and its cloud hold the same records/);
    const [, id] = await hub.printed(/arrived here: glucohub history (\S+)/);
    expect(glucohub(data, ["history", id ?? ""])).toMatch(/dr-demo/);

    glucohub(data, ["edit", id ?? "", "--set", "note=from this side"]);
    const [, cloud, token] = await hub.printed(/record editor: (\S+)\/ \(token (\S+)\)/);
    await expect
      .poll(
        async () => {
          const answer = await fetch(`${cloud}/editor/records/${id}`, {
            headers: { authorization: `Bearer ${token}` },
          });
          const { states } = (await answer.json()) as { states: { fields: { note: string | null } }[] };
          return states.map((state) => state.fields.note);
        },
        { timeout: 10_000 },
      )
      .toContain("from this side");
    expect(
      Number(
        sqlite3(
          data,
          "SELECT count(DISTINCT json_extract(fields, '$.serial')) FROM records WHERE json_extract(fields, '$.source') = 'meter'",
        ),
      ),
    ).toBe(2);
    expect(
      sqlite3(
        data,
        "SELECT count(*) FROM records WHERE json_extract(fields, '$.control') = 1 AND json_extract(fields, '$.specimen') IS NOT 'control'",
      ),
    ).toBe("0");
    await hub.kill("SIGTERM");
  });

  test("an edit in the cloud is here within seconds, long before the next round is due", {
    timeout: 60_000,
  }, async () => {
    const cloud = await startScratchCloud();
    const hub = await startHub(data, {
      GLUCOHUB_CLOUD_KIND: "native",
      GLUCOHUB_CLOUD_URL: cloud.url,
      GLUCOHUB_CLOUD_TOKEN: cloud.token,
      GLUCOHUB_SYNC_EVERY_MS: "3600000",
    });
    const { body } = await call(hub.url, "POST", "/records", {
      kind: "glucose",
      value: 5.5,
      unit: "mmol/L",
      time: "2026-01-02T03:04:05Z",
    });
    const id = String(body["id"]);
    await expect.poll(() => cloud.store.record(id)?.fields["value"], { timeout: 10_000 }).toBe(5.5);
    await expect.poll(() => cloud.waiting(), { timeout: 10_000 }).toBe(1);
    cloud.store.edit(id, { fields: { note: "seen" }, by: "doctor" });
    await expect
      .poll(async () => (await call(hub.url, "GET", `/records/${id}`)).body["note"], { timeout: 10_000 })
      .toBe("seen");
    await hub.kill("SIGTERM");
    await cloud.close();
  });
});
