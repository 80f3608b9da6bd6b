import { describe, expect, test } from "vitest";
import { asRecord, type FakeHub, fakeHub, keepReadings, METER, NOW, SYNC, TOKEN } from "../../test/api/fake-hub.js";
import { connect } from "../store/connection.js";
import { conflictsAnswer, importAnswer, metersAnswer, resolveAnswer, syncAnswer } from "./schemas.js";

/** Notes a conflict as the sync worker does, with its role and lease. */
function noteConflict(hub: FakeHub, recordId: string, field: string, local: unknown, remote: unknown): void {
  const sync = connect(hub.store.path, "sync");
  sync.raw
    .prepare("INSERT INTO lease (name, holder, fence, expires_at) VALUES ('sync', 'test', 1, 0) ON CONFLICT DO NOTHING")
    .run();
  sync.setFence(1);
  sync.raw
    .prepare(
      `INSERT INTO conflicts (id, record, field, base, local, remote, local_by, local_at, remote_by, remote_at, at)
       SELECT 'c-' || ?, row, ?, 'null', ?, ?, 'anna', ?, 'ben', ?, ? FROM records WHERE id = ?`,
    )
    .run(field, field, JSON.stringify(local), JSON.stringify(remote), NOW, NOW, NOW, recordId);
  sync.raw.close();
}

const NAMES = [
  "id",
  "record",
  "field",
  "base",
  "local",
  "remote",
  "localBy",
  "localAt",
  "remoteBy",
  "remoteAt",
  "at",
].sort();

describe("conflicts", () => {
  test("the cloud's side can be kept: the record takes it, and the conflict is over", async () => {
    const hub = await fakeHub();
    const [id = ""] = await keepReadings(hub.store, 1);
    await hub.call("PATCH", `/api/v1/records/${id}`, { note: "mine" });
    noteConflict(hub, id, "note", "mine", "theirs");
    const list = (await (await hub.call("GET", "/api/v1/conflicts")).json()) as { conflicts: object[] };
    expect(conflictsAnswer.parse(list)).toEqual(list);
    expect(list.conflicts).toHaveLength(1);
    expect(Object.keys(list.conflicts[0] ?? {}).sort()).toEqual(NAMES);
    expect(list.conflicts[0]).toMatchObject({ id: "c-note", record: id, base: null, local: "mine", remote: "theirs" });
    const answer = await hub.call("POST", "/api/v1/conflicts/c-note/resolve", { keep: "remote" });
    expect(answer.status).toBe(200);
    const resolved = await answer.json();
    expect(resolveAnswer.parse(resolved)).toEqual(resolved);
    expect(resolved).toMatchObject({ id: "c-note", kept: "remote" });
    expect((await asRecord(await hub.call("GET", `/api/v1/records/${id}`))).note).toBe("theirs");
    expect(await (await hub.call("GET", "/api/v1/conflicts")).json()).toEqual({ conflicts: [] });
    expect(hub.rung).toEqual(["edit", "edit"]);
    const again = await hub.call("POST", "/api/v1/conflicts/c-note/resolve", { keep: "local" });
    expect(again.status).toBe(404);
    expect(await again.json()).toMatchObject({ code: "CONFLICT_NOT_FOUND" });
  });

  test("the hub's side can be kept: the record stays as it is", async () => {
    const hub = await fakeHub();
    const [id = ""] = await keepReadings(hub.store, 1);
    await hub.call("PATCH", `/api/v1/records/${id}`, { note: "mine" });
    noteConflict(hub, id, "note", "mine", "theirs");
    expect((await hub.call("POST", "/api/v1/conflicts/c-note/resolve", { keep: "local" })).status).toBe(200);
    expect((await asRecord(await hub.call("GET", `/api/v1/records/${id}`))).note).toBe("mine");
  });

  test("a side that is none is refused by name, and the conflict stays", async () => {
    const hub = await fakeHub();
    const [id = ""] = await keepReadings(hub.store, 1);
    noteConflict(hub, id, "note", null, "theirs");
    const answer = await hub.call("POST", "/api/v1/conflicts/c-note/resolve", { keep: "both" });
    expect(answer.status).toBe(400);
    const { code, detail } = (await answer.json()) as { code: string; detail: string };
    expect(code).toBe("REQUEST_INVALID");
    expect(detail).toContain("keep");
    const list = (await (await hub.call("GET", "/api/v1/conflicts")).json()) as { conflicts: object[] };
    expect(list.conflicts).toHaveLength(1);
  });
});

describe("meters and sync", () => {
  test("meters are listed as the hub has them", async () => {
    const hub = await fakeHub();
    const body = await (await hub.call("GET", "/api/v1/meters")).json();
    expect(body).toEqual({ meters: [METER] });
    expect(metersAnswer.parse(body)).toEqual(body);
  });

  test("the sync is told with the number of records, and can be rung with or without a body", async () => {
    const hub = await fakeHub();
    await keepReadings(hub.store, 7);
    const body = await (await hub.call("GET", "/api/v1/sync")).json();
    expect(body).toEqual({ ...SYNC, records: 7 });
    expect(syncAnswer.parse(body)).toEqual(body);
    expect((await hub.call("POST", "/api/v1/sync")).status).toBe(202);
    expect((await hub.call("POST", "/api/v1/sync", {})).status).toBe(202);
    const empty = await hub.call("POST", "/api/v1/sync", undefined, { "content-type": "application/json" });
    expect(empty.status).toBe(202);
    expect((await hub.call("POST", "/api/v1/sync?full=true")).status).toBe(202);
    expect((await hub.call("POST", "/api/v1/sync?full=maybe")).status).toBe(400);
    expect(hub.rung).toEqual(["asked", "asked", "asked", "full"]);
  });

  test("metrics are the hub's, health is told to anyone and decides the status", async () => {
    const hub = await fakeHub();
    const metrics = await hub.call("GET", "/metrics");
    expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await metrics.text()).toBe(await hub.ports.metrics());
    hub.health = { ok: true, degraded: ["redis"] };
    const fine = await fetch(`${hub.api.url}/healthz`);
    expect([fine.status, await fine.json()]).toEqual([200, { ok: true, degraded: ["redis"] }]);
    hub.health = { ok: false, degraded: ["disk"] };
    const ill = await fetch(`${hub.api.url}/healthz`);
    expect([ill.status, await ill.json()]).toEqual([503, { ok: false, degraded: ["disk"] }]);
  });
});

describe("imports", () => {
  const upload = (hub: FakeHub, body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${hub.api.url}/api/v1/imports`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      body,
    });

  test("a file larger than any JSON body reaches the hub whole, and its progress can be asked for", async () => {
    const hub = await fakeHub();
    const answer = await upload(hub, Buffer.alloc(5_000_000, "x"), { "x-filename": "export.zip" });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ import: "import-1" });
    expect(answer.headers.get("location")).toBe("/api/v1/imports/import-1");
    expect(hub.uploads).toEqual([{ name: "export.zip", bytes: 5_000_000, head: "x".repeat(20) }]);
    const status = await (await hub.call("GET", "/api/v1/imports/import-1")).json();
    expect(importAnswer.parse(status)).toEqual(status);
    expect(status).toMatchObject({ name: "export.zip", totalBytes: 5_000_000 });
  });

  test.each(["application/json", "text/csv", "nonsense", "multipart/form-data; boundary=x"])(
    "the body is taken as it is whatever its type says: %s",
    async (type) => {
      const hub = await fakeHub();
      const answer = await upload(hub, '{"not": parsed', { "content-type": type });
      expect(answer.status).toBe(202);
      expect(hub.uploads).toEqual([{ name: "import", bytes: 14, head: '{"not": parsed' }]);
    },
  );

  test("says how its dates are meant with date-order, and is refused for any other order", async () => {
    const hub = await fakeHub();
    const post = (query: string): Promise<Response> =>
      fetch(`${hub.api.url}/api/v1/imports${query}`, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}` },
        body: "a,b",
      });
    const answers = [await post("?date-order=dmy"), await post("?date-order=mdy"), await post("")];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(hub.uploads.map(({ dateOrder }) => dateOrder)).toEqual(["dmy", "mdy", undefined]);
    for (const query of ["?date-order=ymd", "?dateOrder=dmy"]) {
      const refused = await post(query);
      expect([refused.status, await refused.json()]).toMatchObject([400, { code: "REQUEST_INVALID" }]);
    }
    expect(hub.uploads).toHaveLength(3);
  });

  test("no file and an unknown import are told", async () => {
    const hub = await fakeHub();
    const empty = await hub.call("POST", "/api/v1/imports");
    expect([empty.status, await empty.json()]).toMatchObject([400, { code: "REQUEST_INVALID" }]);
    const unknown = await hub.call("GET", "/api/v1/imports/none");
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: "IMPORT_NOT_FOUND" }]);
    expect(hub.uploads).toHaveLength(0);
  });
});
