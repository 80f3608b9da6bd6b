import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ScratchAnswer,
  type ScratchCloud,
  type ScratchResult,
  sampleChange,
  sampleFields,
  startScratchCloud,
} from "../../test/helpers/scratch-cloud.js";

// Written against the protocol's page with bare requests: nothing of a hub's own client is used here.

let cloud: ScratchCloud;

beforeAll(async () => {
  cloud = await startScratchCloud({ readToken: "only-reads" });
});

afterAll(() => cloud.close());

async function ask(method: string, url: string, body?: unknown, headers?: Record<string, string>) {
  const answer = await cloud.request(method, url, body, headers);
  return { status: answer.status, json: (await answer.json()) as ScratchAnswer };
}

async function push<T extends unknown[]>(...changes: T): Promise<{ [K in keyof T]: ScratchResult }> {
  const { status, json } = await ask("POST", "/v1/push", { hub: "hub-a", changes });
  expect(status).toBe(200);
  expect(json.results).toHaveLength(changes.length);
  return json.results as { [K in keyof T]: ScratchResult };
}

async function changesOf(id: string): Promise<ScratchAnswer["changes"]> {
  const found: ScratchAnswer["changes"][number][] = [];
  for (let after = "", more = true; more; ) {
    const { json } = await ask("GET", `/v1/changes${after}`);
    found.push(...json.changes.filter((one) => one.id === id));
    after = `?after=${encodeURIComponent(json.cursor)}`;
    more = json.more;
  }
  return found;
}

describe("authentication", () => {
  test.each([{}, { Authorization: "Bearer wrong" }, { Authorization: "wrong" }, { Authorization: "Basic eDp5" }])(
    "a request with %j is answered 401",
    async (headers) => {
      const answer = await fetch(`${cloud.url}/v1/changes`, { headers });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toEqual({ code: "unauthorized", message: expect.stringMatching(/token/) });
    },
  );

  test("a token that lacks the scope is answered 403", async () => {
    const headers = { Authorization: "Bearer only-reads" };
    const id = randomUUID();
    const refused = await ask("POST", "/v1/push", { hub: "hub-a", changes: [sampleChange(id)] }, headers);
    expect(refused).toMatchObject({ status: 403, json: { code: "forbidden" } });
    expect(cloud.store.record(id)).toBeNull();
    expect((await ask("GET", "/v1/changes", undefined, headers)).status).toBe(200);
  });
});

describe("POST /v1/push", () => {
  test("answers one result a change, in the same order, each by itself", async () => {
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()];
    const [first] = await push(sampleChange(a));
    const results = await push(
      sampleChange(c),
      sampleChange(b, null, { value: -1 }),
      sampleChange(a, "stale", { note: "other" }),
    );
    expect(results).toEqual([
      { id: c, status: "accepted", rev: expect.any(String) },
      { id: b, status: "rejected", code: "invalid", message: "value must be positive" },
      { id: a, status: "conflict", rev: first.rev, deleted: false, fields: sampleFields() },
    ]);
  });

  test("stores the content as it was sent, in a body with gzip or without", async () => {
    const [plain, packed] = [randomUUID(), randomUUID()];
    const content = { value: 5.55, unit: "mmol/L", note: 'süß "<ü>" \u0000 😀', unknownHere: 1e-7 };
    await push(sampleChange(plain, null, content));
    const body = gzipSync(JSON.stringify({ hub: "hub-b", changes: [sampleChange(packed, null, content)] }));
    const { json } = await ask("POST", "/v1/push", body, { "Content-Encoding": "gzip" });
    const [one] = await changesOf(plain);
    const [two] = await changesOf(packed);
    const state = { kind: "glucose", deleted: false, fields: sampleFields(content), changedAt: expect.any(String) };
    expect(one).toEqual({ ...state, id: plain, rev: expect.any(String), changedBy: "hub-a" });
    expect(two).toEqual({ ...state, id: packed, rev: json.results[0]?.rev, changedBy: "hub-b" });
    expect(new Date(two?.changedAt ?? "").toISOString()).toBe(two?.changedAt);
  });

  test("answers only when another connection to the file sees what was accepted", async () => {
    const id = randomUUID();
    const [result] = await push(sampleChange(id));
    const other = new Database(cloud.path, { readonly: true });
    expect(other.prepare("select rev from records where id = ?").pluck().get(id)).toBe(result.rev);
    other.close();
  });

  test("accepts a change on the rev that the cloud holds, under a new rev", async () => {
    const id = randomUUID();
    const [first] = await push(sampleChange(id));
    const [second] = await push(sampleChange(id, first.rev, { note: "after lunch" }));
    const [third] = await push(sampleChange(id, second.rev, { note: "after lunch" }, true));
    const [fourth] = await push(sampleChange(id, third.rev, { note: "after lunch" }));
    const results = [first, second, third, fourth];
    expect(results.map((result) => result.status)).toEqual(["accepted", "accepted", "accepted", "accepted"]);
    expect(new Set(results.map((result) => result.rev)).size).toBe(4);
    expect(await changesOf(id)).toMatchObject([{ rev: fourth.rev, deleted: false, fields: { note: "after lunch" } }]);
  });

  test("answers accepted to a repeated push whose answer was lost, whatever the order of the fields", async () => {
    const id = randomUUID();
    const [first] = await push(sampleChange(id));
    const [update] = await push(sampleChange(id, first.rev, { note: "x" }));
    const turned = Object.fromEntries(Object.entries(sampleFields({ note: "x" })).reverse());
    const again = { ...sampleChange(id, first.rev), fields: turned };
    expect(await push(again)).toEqual([{ id, status: "accepted", rev: update.rev }]);
    expect(await push({ ...again, base: null })).toEqual([{ id, status: "accepted", rev: update.rev }]);
    expect(cloud.store.states(id)).toHaveLength(2);
  });

  test("answers conflict to a change on another state, stores nothing of it and shows the current state", async () => {
    const id = randomUUID();
    const [first] = await push(sampleChange(id));
    const [second] = await push(sampleChange(id, first.rev, { note: "mine" }, true));
    const conflict = { id, status: "conflict", rev: second.rev, deleted: true, fields: sampleFields({ note: "mine" }) };
    expect(await push(sampleChange(id, first.rev, { note: "yours" }))).toEqual([conflict]);
    expect(await push(sampleChange(id, null, { note: "yours" }))).toEqual([conflict]);
    expect(await push(sampleChange(id, first.rev, { note: "mine" }))).toEqual([conflict]);
    expect(cloud.store.states(id)).toHaveLength(2);
  });

  test("takes a record that it does not hold as new, whatever base is named", async () => {
    const id = randomUUID();
    expect(await push(sampleChange(id, "of-a-cloud-before-its-restore"))).toMatchObject([{ id, status: "accepted" }]);
    expect(await changesOf(id)).toHaveLength(1);
  });

  test("of many hubs that push on the same base at once, exactly one is accepted", async () => {
    const id = randomUUID();
    const [first] = await push(sampleChange(id));
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, hub) => push(sampleChange(id, first.rev, { note: `hub ${hub}` }))),
    );
    const results = answers.map(([result]) => result);
    const winners = results.filter((result) => result.status === "accepted");
    expect(winners).toHaveLength(1);
    expect(results.filter((result) => result.status === "conflict" && result.rev === winners[0]?.rev)).toHaveLength(11);
    expect(cloud.store.states(id)).toHaveLength(2);
  });

  test.each<[string, object]>([
    ["an id that is no UUID", { id: "reading 1" }],
    ["an id in capitals", { id: "6F1C1C3E-5A0B-5F4C-9A5E-2F0D7B6A4C11" }],
    ["an unknown kind", { kind: "mood" }],
    ["no kind", { kind: undefined }],
    ["no base", { base: undefined }],
    ["a base that is a number", { base: 1 }],
    ["no word on whether it is deleted", { deleted: undefined }],
    ["no fields", { fields: undefined }],
    ["fields in a list", { fields: [] }],
    ["a time that does not exist", { fields: sampleFields({ time: "2026-02-30T07:03:00.000Z" }) }],
    ["a unit of another kind", { fields: sampleFields({ unit: "U" }) }],
    ["nested fields", { fields: sampleFields({ extra: {} }) }],
  ])("rejects a record with %s and accepts its neighbour", async (_title, wrong) => {
    const [id, neighbour] = [randomUUID(), randomUUID()];
    const results = await push({ ...sampleChange(id), ...wrong }, sampleChange(neighbour));
    expect(results[0]).toEqual({
      id: "id" in wrong ? wrong.id : id,
      status: "rejected",
      code: "invalid",
      message: expect.stringMatching(/^\w+ .+/),
    });
    expect(results[1]).toMatchObject({ id: neighbour, status: "accepted" });
    expect(cloud.store.record(id)).toBeNull();
  });

  test("rejects a change of a record's kind", async () => {
    const id = randomUUID();
    const [first] = await push(sampleChange(id));
    const other = { ...sampleChange(id, first.rev), kind: "ketone", fields: sampleFields({ unit: "mmol/L" }) };
    expect(await push(other)).toMatchObject([{ status: "rejected", code: "invalid" }]);
    expect(await changesOf(id)).toMatchObject([{ kind: "glucose", rev: first.rev }]);
  });

  test("takes 1,000 changes and answers 413 to 1,001", async () => {
    const changes = Array.from({ length: 1000 }, () => sampleChange(randomUUID()));
    const results = await push(...changes);
    expect(results.map((result) => result.id)).toEqual(changes.map((one) => one.id));
    expect(results.every((result) => result.status === "accepted")).toBe(true);
    const one = randomUUID();
    const refused = await ask("POST", "/v1/push", { hub: "hub-a", changes: [sampleChange(one), ...changes] });
    expect(refused).toMatchObject({ status: 413, json: { code: "too_large", message: expect.any(String) } });
    expect(cloud.store.record(one)).toBeNull();
  });

  test("takes 4 MiB and answers 413 to a byte more, packed or not", async () => {
    const padded = (size: number): string => {
      const body = (note: string): string =>
        JSON.stringify({ hub: "hub-a", changes: [sampleChange(id, null, { note })] });
      const id = randomUUID();
      return body("x".repeat(size - body("").length));
    };
    const limit = 4 * 1024 * 1024;
    const gzip = { "Content-Encoding": "gzip" };
    const statuses = [
      (await ask("POST", "/v1/push", padded(limit))).status,
      (await ask("POST", "/v1/push", padded(limit + 1))).status,
      (await ask("POST", "/v1/push", gzipSync(padded(limit)), gzip)).status,
      (await ask("POST", "/v1/push", gzipSync(padded(limit + 1)), gzip)).status,
    ];
    expect(statuses).toEqual([200, 413, 200, 413]);
  });

  test("answers 400 when the same id stands twice, and stores none of the request", async () => {
    const [id, other] = [randomUUID(), randomUUID()];
    const refused = await ask("POST", "/v1/push", {
      hub: "hub-a",
      changes: [sampleChange(other), sampleChange(id), sampleChange(id)],
    });
    expect(refused).toMatchObject({ status: 400, json: { code: "malformed" } });
    expect([cloud.store.record(id), cloud.store.record(other)]).toEqual([null, null]);
  });

  const malformed: [string, string | Uint8Array, Record<string, string>][] = [
    ["no JSON", "{", {}],
    ["an empty body", "", {}],
    ["a list", "[]", {}],
    ["no hub", '{"changes":[]}', {}],
    ["an empty hub", '{"hub":"","changes":[]}', {}],
    ["a hub with a line break", '{"hub":"a\\nb","changes":[]}', {}],
    ["no changes", '{"hub":"a"}', {}],
    ["changes that are no list", '{"hub":"a","changes":{"length":0}}', {}],
    ["a change without id", '{"hub":"a","changes":[{"kind":"note"}]}', {}],
    ["a change that is null", '{"hub":"a","changes":[null]}', {}],
    ["bytes that are no UTF-8", Buffer.from('{"hub":"\xff","changes":[]}', "latin1"), {}],
    ["a damaged archive", gzipSync("{}").subarray(0, 12), { "Content-Encoding": "gzip" }],
    ["an encoding that is none of the protocol's", "{}", { "Content-Encoding": "br" }],
  ];
  test.each(malformed)("answers 400 to %s", async (_title, body, headers) => {
    const answer = await ask("POST", "/v1/push", body, headers);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ code: "malformed", message: expect.stringMatching(/.+/) });
  });

  test("does not need a content type, and answers an empty push", async () => {
    const answer = await ask("POST", "/v1/push", '{"hub":"a","changes":[]}', { "Content-Type": "text/plain" });
    expect(answer).toEqual({ status: 200, json: { results: [] } });
  });
});
