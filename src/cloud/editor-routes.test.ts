import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ScratchCloud, startScratchCloud } from "../../test/helpers/scratch-cloud.js";
import { derivedId } from "../domain/identity.js";
import { EMPTY_FIELDS } from "../domain/record.js";

let cloud: ScratchCloud;
let counter = 0;

beforeAll(async () => {
  cloud = await startScratchCloud();
});

afterAll(() => cloud.close());

/** A record as the editor's calls give it. */
interface Shown {
  readonly id: string;
  readonly rev: string;
  readonly states: readonly { rev: string; fields: Record<string, unknown> }[];
  readonly records: readonly { id: string }[];
  readonly next: string | null;
  readonly code: string;
  readonly message: string;
}

async function ask(method: string, url: string, body?: unknown, headers?: Record<string, string>) {
  const answer = await cloud.request(method, url, body, headers);
  return { status: answer.status, json: (await answer.json()) as Shown };
}

/** A meter's reading as a hub pushed it. */
async function pushed(note: string | null = null): Promise<{ id: string; rev: string }> {
  const id = derivedId("editor", counter++);
  const time = "2026-11-21T07:03:00.000Z";
  const fields = { ...EMPTY_FIELDS, time, timeQuality: "device", source: "meter", value: 101, unit: "mg/dL", note };
  const change = { id, kind: "glucose", base: null, deleted: false, fields };
  const answer = await cloud.request("POST", "/v1/push", { hub: "hub-a", changes: [change] });
  const { results } = (await answer.json()) as { results: [{ rev: string }] };
  return { id, rev: results[0].rev };
}

describe("the editor", () => {
  test("changes a record for the hubs to pull, and keeps every state", async () => {
    const { id, rev } = await pushed();
    const edited = await ask("PATCH", `/editor/records/${id}`, { note: "in the cloud", value: 99 });
    expect(edited).toMatchObject({ status: 200, json: { fields: { note: "in the cloud", value: 99, unit: "mg/dL" } } });
    const deleted = await ask("DELETE", `/editor/records/${id}?by=Dr%20Who`);
    expect(deleted).toMatchObject({ status: 200, json: { deleted: true, changedBy: "Dr Who" } });
    const restored = await ask("PATCH", `/editor/records/${id}`, { deleted: false, by: "nurse" });
    const { status, json } = await ask("GET", `/editor/records/${id}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ id, kind: "glucose", rev: restored.json.rev, deleted: false, changedBy: "nurse" });
    expect(json.states).toMatchObject([
      { rev, parent: null, deleted: false, by: "hub-a", fields: { note: null, value: 101 } },
      { rev: edited.json.rev, parent: rev, deleted: false, by: "editor", fields: { note: "in the cloud", value: 99 } },
      { rev: deleted.json.rev, parent: edited.json.rev, deleted: true, by: "Dr Who" },
      { rev: restored.json.rev, parent: deleted.json.rev, deleted: false, by: "nurse" },
    ]);
    const page = cloud.store.changes(null, 1000);
    expect(page.changes.filter((one) => one.id === id)).toMatchObject([{ rev: restored.json.rev, deleted: false }]);
  });

  test("makes no state of an edit that changes nothing", async () => {
    const { id, rev } = await pushed("same");
    expect((await ask("PATCH", `/editor/records/${id}`, { note: "same" })).json.rev).toBe(rev);
    expect(cloud.store.states(id)).toHaveLength(1);
  });

  test("refuses an edit of a state that is no longer the newest", async () => {
    const { id, rev } = await pushed();
    const headers = { "If-Match": `"${rev}"` };
    expect((await ask("PATCH", `/editor/records/${id}`, { note: "first" }, headers)).status).toBe(200);
    const stale = await ask("PATCH", `/editor/records/${id}`, { note: "second" }, headers);
    expect(stale).toMatchObject({ status: 412, json: { code: "record_stale" } });
    expect((await ask("DELETE", `/editor/records/${id}`, undefined, headers)).status).toBe(412);
    expect(cloud.store.record(id)?.fields["note"]).toBe("first");
  });

  test("of many who edit the same state at once, lets one through", async () => {
    const { id, rev } = await pushed();
    const edits = Array.from({ length: 8 }, (_, n) =>
      ask("PATCH", `/editor/records/${id}`, { note: `${n}` }, { "If-Match": rev }),
    );
    const statuses = (await Promise.all(edits)).map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 412, 412, 412, 412, 412, 412, 412]);
    expect(cloud.store.states(id)).toHaveLength(2);
  });

  test("makes a hub's push on the state before a conflict", async () => {
    const { id, rev } = await pushed();
    const edited = await ask("PATCH", `/editor/records/${id}`, { note: "cloud" });
    const change = { id, kind: "glucose", base: rev, deleted: true, fields: cloud.store.states(id)[0]?.fields };
    const answer = await cloud.request("POST", "/v1/push", { hub: "hub-a", changes: [change] });
    expect(await answer.json()).toMatchObject({ results: [{ status: "conflict", rev: edited.json.rev }] });
  });

  test("adds a record from the cloud's side, complete and of now unless said", async () => {
    const before = Date.now();
    const { status, json } = await ask("POST", "/editor/records", { kind: "carbs", value: 45, unit: "g" });
    expect(status).toBe(201);
    const record = cloud.store.record(json.id);
    const { time, ...rest } = record?.fields ?? {};
    expect({ kind: "carbs", ...rest }).toEqual({
      ...{ ...EMPTY_FIELDS, kind: "carbs", timeQuality: "exact", source: "manual", value: 45, unit: "g" },
    });
    expect(Date.parse(String(time))).toBeGreaterThanOrEqual(before);
    const again = await ask("POST", "/editor/records", { id: json.id, kind: "carbs", value: 46, unit: "g" });
    expect(again.status).toBe(412);
    expect(cloud.store.record(json.id)).toEqual(record);
  });

  test("lists records page by page, last changed first", async () => {
    const ids = [(await pushed()).id, (await pushed()).id, (await pushed()).id];
    await ask("PATCH", `/editor/records/${ids[0]}`, { note: "now the newest" });
    const first = await ask("GET", "/editor/records?limit=2");
    const second = await ask("GET", `/editor/records?limit=1&after=${first.json.next}`);
    const listed = [...first.json.records, ...second.json.records].map((one) => one.id);
    expect(listed).toEqual([ids[0], ids[2], ids[1]]);
  });

  test.each<[string, object]>([
    ["a value that is impossible", { value: -5 }],
    ["a field that no record has", { colour: "red" }],
    ["its kind", { kind: "ketone" }],
    ["its id", { id: derivedId("other") }],
    ["deleted that is neither true nor false", { deleted: "yes" }],
    ["a name that is none", { note: "x", by: "" }],
  ])("refuses to change %s, with a sentence", async (_title, patch) => {
    const { id, rev } = await pushed();
    const { status, json } = await ask("PATCH", `/editor/records/${id}`, patch);
    expect(status).toBe(422);
    expect(json).toEqual({ code: "record_invalid", message: expect.stringMatching(/ /) });
    expect(cloud.store.record(id)?.rev).toBe(rev);
  });

  test("knows no record that is not there", async () => {
    const url = `/editor/records/${derivedId("nowhere")}`;
    const statuses = [
      (await ask("GET", url)).status,
      (await ask("PATCH", url, { note: "x" })).status,
      (await ask("DELETE", url)).status,
    ];
    expect(statuses).toEqual([404, 404, 404]);
  });
});

describe("the editor's page", () => {
  test("shows what a record holds as text, whatever it holds", async () => {
    await pushed(`"><script>alert('x')</script>&amp;`);
    const answer = await cloud.request("GET", "/");
    const html = await answer.text();
    expect(answer.headers.get("content-type")).toMatch(/^text\/html/);
    expect(html).toContain("&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#38;amp;");
    expect(html).not.toContain("alert('x')");
    expect(html.match(/<script/g)).toHaveLength(1);
  });

  test("runs no script but its own and loads nothing from elsewhere", async () => {
    const answer = await cloud.request("GET", "/");
    const policy = answer.headers.get("content-security-policy") ?? "";
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1];
    const html = await answer.text();
    expect(policy).toContain("default-src 'none'");
    expect(html).toContain(`<script nonce="${nonce?.replaceAll(/[&<>"']/g, "")}"`);
    expect(html).not.toMatch(/(?:src|href|action)=|https?:/);
  });

  test("holds a script that is one", async () => {
    const html = await (await cloud.request("GET", "/")).text();
    const script = /<script[^>]*>([\s\S]*)<\/script>/.exec(html)?.[1] ?? "throw";
    expect(() => new Function(script)).not.toThrow();
    expect(script).toContain("If-Match");
  });
});
