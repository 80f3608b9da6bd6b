import { createHash, randomUUID } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ScratchAnswer, type ScratchCloud, startScratchCloud } from "../../test/helpers/scratch-cloud.js";
import { derivedId } from "../domain/identity.js";

let cloud: ScratchCloud;

beforeAll(async () => {
  cloud = await startScratchCloud();
});

afterAll(() => cloud.close());

async function ask(method: string, url: string, body?: unknown, headers?: Record<string, string>) {
  const answer = await cloud.request(method, url, body, headers);
  return { status: answer.status, json: (await answer.json()) as ScratchAnswer };
}

describe("PUT /v1/captures", () => {
  const transcript = "glucohub transcript 1\ndriver: onetouch-ultra2\n\n> 11 0d\n";
  const sum = (text: string): string => createHash("sha256").update(text).digest("hex");
  const session = {
    hub: "hub-a",
    kind: "session",
    driver: "onetouch-ultra2",
    startedAt: "2026-11-21T07:03:00.000Z",
    endedAt: "2026-11-21T07:03:09.000Z",
    device: { manufacturer: "LifeScan", model: "OneTouch Ultra 2", serial: "A1", clockErrorMs: -61000 },
    records: [derivedId("r1"), derivedId("r2")],
    sha256: sum(transcript),
    bytes: gzipSync(transcript).toString("base64"),
  };

  test("stores a session with 201, answers 200 to the same again, and gives its bytes back", async () => {
    const id = randomUUID();
    const statuses = [
      (await ask("PUT", `/v1/captures/${id}`, session)).status,
      (await ask("PUT", `/v1/captures/${id}`, session)).status,
    ];
    expect(statuses).toEqual([201, 200]);
    const { bytes: _, ...facts } = session;
    const list = await ask("GET", "/v1/captures?limit=1");
    expect(list.json.captures).toEqual([{ ...facts, id, storedAt: expect.any(String) }]);
    const back = await cloud.request("GET", `/v1/captures/${id}/bytes`);
    expect(gunzipSync(Buffer.from(await back.arrayBuffer())).toString()).toBe(transcript);
  });

  test("takes an import without its bytes, and has none to show", async () => {
    const id = randomUUID();
    const imported = { ...session, kind: "import", driver: "apple-health", device: null, bytes: null };
    expect((await ask("PUT", `/v1/captures/${id}`, imported)).status).toBe(201);
    expect(await ask("GET", `/v1/captures/${id}/bytes`)).toMatchObject({ status: 404 });
  });

  test("lists what it keeps page by page, newest first", async () => {
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of ids) await ask("PUT", `/v1/captures/${id}`, { ...session, bytes: null });
    const first = await ask("GET", "/v1/captures?limit=2");
    const second = await ask("GET", `/v1/captures?limit=1&after=${first.json.next}`);
    const listed = [...first.json.captures, ...second.json.captures].map((one) => one.id);
    expect(listed).toEqual([...ids].reverse());
  });

  test("never replaces what it keeps", async () => {
    const id = randomUUID();
    await ask("PUT", `/v1/captures/${id}`, session);
    const other = { ...session, sha256: sum("other"), bytes: gzipSync("other").toString("base64") };
    expect(await ask("PUT", `/v1/captures/${id}`, other)).toMatchObject({ status: 400 });
    const back = await cloud.request("GET", `/v1/captures/${id}/bytes`);
    expect(gunzipSync(Buffer.from(await back.arrayBuffer())).toString()).toBe(transcript);
  });

  test.each<[string, object]>([
    ["a sum of other bytes", { sha256: sum("other") }],
    ["a sum of the packed bytes", { sha256: createHash("sha256").update(gzipSync(transcript)).digest("hex") }],
    ["bytes that are not base64", { bytes: "<>" }],
    ["bytes that are not gzipped", { bytes: Buffer.from(transcript).toString("base64") }],
    ["an unknown kind", { kind: "rumour" }],
    ["a time that is none", { startedAt: "yesterday" }],
    ["records that are no ids", { records: ["one"] }],
    ["no hub", { hub: null }],
  ])("answers 400 to %s", async (_title, wrong) => {
    const id = randomUUID();
    const answer = await ask("PUT", `/v1/captures/${id}`, { ...session, ...wrong });
    expect(answer).toMatchObject({ status: 400, json: { code: "malformed", message: expect.any(String) } });
    expect((await ask("GET", `/v1/captures/${id}/bytes`)).status).toBe(404);
  });

  test("answers 400 to an id that is no UUID", async () => {
    expect((await ask("PUT", "/v1/captures/one", session)).status).toBe(400);
  });
});
