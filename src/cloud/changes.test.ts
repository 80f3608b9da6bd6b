import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ScratchAnswer,
  type ScratchCloud,
  type ScratchResult,
  sampleChange,
  startScratchCloud,
} from "../../test/helpers/scratch-cloud.js";

// Written against the protocol's page with bare requests: nothing of a hub's own client is used here.

let cloud: ScratchCloud;

beforeAll(async () => {
  cloud = await startScratchCloud();
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

async function endCursor(): Promise<string> {
  for (let after = ""; ; ) {
    const { json } = await ask("GET", `/v1/changes${after}`);
    if (!json.more) return encodeURIComponent(json.cursor);
    after = `?after=${encodeURIComponent(json.cursor)}`;
  }
}

describe("GET /v1/changes", () => {
  test("gives everything from the beginning without a cursor, oldest first, and what came after with one", async () => {
    const start = await endCursor();
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of ids) await push(sampleChange(id));
    const first = await ask("GET", `/v1/changes?after=${start}&limit=2`);
    expect(first.json.changes.map((one) => one.id)).toEqual(ids.slice(0, 2));
    expect(first.json.more).toBe(true);
    const second = await ask("GET", `/v1/changes?after=${encodeURIComponent(first.json.cursor)}&limit=2`);
    expect(second.json.changes.map((one) => one.id)).toEqual(ids.slice(2));
    expect(second.json.more).toBe(false);
    const third = await ask("GET", `/v1/changes?after=${encodeURIComponent(second.json.cursor)}`);
    expect(third.json).toEqual({ changes: [], cursor: second.json.cursor, more: false });
  });

  test("gives a record once, in its newest state, at the place of its last change", async () => {
    const start = await endCursor();
    const [a, b] = [randomUUID(), randomUUID()];
    const [first] = await push(sampleChange(a));
    await push(sampleChange(b));
    const between = await endCursor();
    const [second] = await push(sampleChange(a, first.rev, { note: "later" }));
    const all = await ask("GET", `/v1/changes?after=${start}`);
    expect(all.json.changes.map((one) => one.id)).toEqual([b, a]);
    expect(all.json.changes[1]).toMatchObject({ rev: second.rev, fields: { note: "later" } });
    const late = await ask("GET", `/v1/changes?after=${between}`);
    expect(late.json.changes.map((one) => one.id)).toEqual([a]);
  });

  test("has 500 records a page by default and 1,000 at most", async () => {
    await push(...Array.from({ length: 1000 }, () => sampleChange(randomUUID())));
    await push(sampleChange(randomUUID()));
    const sizes = [
      (await ask("GET", "/v1/changes")).json.changes.length,
      (await ask("GET", "/v1/changes?limit=1000")).json.changes.length,
      (await ask("GET", "/v1/changes?limit=1")).json.changes.length,
    ];
    expect(sizes).toEqual([500, 1000, 1]);
  });

  test.each([
    "limit=0",
    "limit=1001",
    "limit=x",
    "limit=",
    "limit=1.5",
    "limit=1&limit=2",
    "wait=31",
    "wait=-1",
    "wait=x",
  ])("answers 400 to %s", async (query) => {
    expect(await ask("GET", `/v1/changes?${query}`)).toMatchObject({ status: 400, json: { code: "malformed" } });
  });

  test("answers 410 to a cursor that it never gave, of another store, and of a state beyond its own", async () => {
    const other = await startScratchCloud();
    const elsewhere = (await (await other.request("GET", "/v1/changes")).json()) as ScratchAnswer;
    await other.close();
    const own = decodeURIComponent(await endCursor());
    const beyond = own.replace(/\.\d+\./, ".99999999.");
    expect(beyond).not.toBe(own);
    for (const cursor of ["nonsense", "", "%00", elsewhere.cursor, beyond]) {
      const answer = await ask("GET", `/v1/changes?after=${encodeURIComponent(cursor)}`);
      expect(answer).toMatchObject({ status: 410, json: { code: "cursor_expired", message: expect.any(String) } });
    }
  });
});
