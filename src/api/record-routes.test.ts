import { describe, expect, test } from "vitest";
import { asRecord, fakeHub, keepReadings, NOW, reading } from "../../test/api/fake-hub.js";
import { historyAnswer, listAnswer, recordSchema } from "./schemas.js";

/** The field list of the interface, written out: a field more or less is a change of the contract. */
const NAMES = [
  "id",
  "kind",
  "deleted",
  "time",
  "endTime",
  "utcOffset",
  "deviceTime",
  "timeQuality",
  "value",
  "value2",
  "unit",
  "outOfRange",
  "control",
  "meal",
  "specimen",
  "delivery",
  "note",
  "patient",
  "source",
  "sourceName",
  "manufacturer",
  "model",
  "serial",
];

const GLUCOSE = { kind: "glucose", value: 5.4, unit: "mmol/L", time: "2026-11-21T08:03:00+01:00" };

interface Page {
  records: { id: string; time: string }[];
  next: string | null;
}

interface ProblemAnswer {
  status: number;
  code: string;
  detail: string;
}

async function problem(answer: Response): Promise<ProblemAnswer> {
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const body = (await answer.json()) as ProblemAnswer;
  expect(body.status).toBe(answer.status);
  return body;
}

describe("the calls under /records", () => {
  test("a typed value is kept, answered with every field of a record, and told by whom", async () => {
    const hub = await fakeHub();
    const answer = await hub.call("POST", "/api/v1/records", GLUCOSE);
    expect(answer.status).toBe(201);
    const record = await asRecord(answer);
    expect(Object.keys(record).sort()).toEqual([...NAMES].sort());
    expect(NAMES).toHaveLength(23);
    expect(record).toMatchObject({
      ...GLUCOSE,
      time: "2026-11-21T07:03:00.000Z",
      timeQuality: "exact",
      source: "manual",
      control: false,
      deleted: false,
      note: null,
    });
    expect(recordSchema.parse(record)).toEqual(record);
    expect(answer.headers.get("location")).toBe(`/api/v1/records/${record.id}`);
    const again = await hub.call("GET", `/api/v1/records/${record.id}`);
    expect(again.headers.get("etag")).toBe(answer.headers.get("etag"));
    expect(await asRecord(again)).toEqual(record);
    const history = await hub.call("GET", `/api/v1/records/${record.id}/history`);
    expect(await history.json()).toMatchObject({ states: [{ state: 1, by: "api", why: "typed in", at: NOW }] });
    expect(hub.rung).toEqual(["edit"]);
  });

  test("a value without a time is of now", async () => {
    const hub = await fakeHub();
    const { time: _, ...rest } = GLUCOSE;
    expect((await asRecord(await hub.call("POST", "/api/v1/records", rest))).time).toBe(NOW);
  });

  test.each([
    ["an unknown kind", { ...GLUCOSE, kind: "sugar" }, "kind"],
    ["a unit of another kind", { ...GLUCOSE, unit: "kg" }, "unit"],
    ["a value that is text", { ...GLUCOSE, value: "5.4" }, "value"],
    ["a negative value", { ...GLUCOSE, value: -1 }, "value"],
    ["a time without zone", { ...GLUCOSE, time: "2026-11-21T08:03:00" }, "time"],
    ["a day that does not exist", { ...GLUCOSE, time: "2026-02-30T08:03:00Z" }, "time"],
    ["a field that no record has", { ...GLUCOSE, colour: "red" }, "colour"],
    ["a source", { ...GLUCOSE, source: "meter" }, "source"],
  ])("%s is refused by name and not kept", async (_title, body, named) => {
    const hub = await fakeHub();
    const answer = await problem(await hub.call("POST", "/api/v1/records", body));
    expect(answer).toMatchObject({ status: 422, code: "RECORD_INVALID" });
    expect(answer.detail).toContain(named);
    expect(((await (await hub.call("GET", "/api/v1/records")).json()) as Page).records).toHaveLength(0);
    expect(hub.rung).toHaveLength(0);
  });

  test("the same idempotency key makes one record, and another value under it is refused", async () => {
    const hub = await fakeHub();
    const key = { "idempotency-key": "k1" };
    const { time: _, ...untimed } = GLUCOSE;
    const first = await asRecord(await hub.call("POST", "/api/v1/records", untimed, key));
    const second = await hub.call("POST", "/api/v1/records", untimed, key);
    expect(second.status).toBe(201);
    expect(await asRecord(second)).toEqual(first);
    const other = await problem(await hub.call("POST", "/api/v1/records", { ...untimed, value: 9.9 }, key));
    expect(other).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
    expect(other.detail).toContain("Idempotency-Key");
    expect(((await (await hub.call("GET", "/api/v1/records")).json()) as Page).records).toHaveLength(1);
  });

  test("pages list every record once, newest first", async () => {
    const hub = await fakeHub();
    const ids = await keepReadings(hub.store, 250);
    const seen: string[] = [];
    let after = "";
    let pages = 0;
    do {
      const answer = await hub.call("GET", `/api/v1/records?after=${after}&limit=${pages === 0 ? "" : 60}`);
      const page = (await answer.json()) as Page;
      expect(listAnswer.parse(page)).toEqual(page);
      seen.push(...page.records.map((record) => record.id));
      after = page.next ?? "";
      pages += 1;
    } while (after !== "");
    expect(pages).toBe(4);
    expect(seen).toEqual([...ids].reverse());
  });

  test("the list is narrowed by span, kind, patient and deletion, in any spelling of an instant", async () => {
    const hub = await fakeHub();
    const ids = await keepReadings(hub.store, 5);
    await hub.call("PATCH", `/api/v1/records/${ids[2]}`, { patient: "p1" });
    await hub.call("DELETE", `/api/v1/records/${ids[0]}`);
    const list = async (query: string): Promise<string[]> =>
      ((await (await hub.call("GET", `/api/v1/records?${query}`)).json()) as Page).records.map((record) => record.id);
    expect(await list("")).toEqual([ids[4], ids[3], ids[2], ids[1]]);
    expect(await list("deleted=true")).toHaveLength(5);
    expect(await list("deleted=false")).toHaveLength(4);
    expect(await list("since=2026-11-20T01:02:00+01:00&until=2026-11-20T00:04:00Z")).toEqual([ids[3], ids[2]]);
    expect(await list("since=2026-11-20T01:02:00%2B01:00")).toEqual([ids[4], ids[3], ids[2]]);
    expect(await list("patient=p1")).toEqual([ids[2]]);
    expect(await list("kind=ketone")).toEqual([]);
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=1001", "limit"],
    ["limit=ten", "limit"],
    ["since=yesterday", "since"],
    ["until=2026-02-30T00:00:00Z", "until"],
    ["kind=sugar", "kind"],
    ["deleted=maybe", "deleted"],
    ["sicne=2026-11-20T00:00:00Z", "sicne"],
    ["after=nonsense", "after"],
  ])("the query %s is refused by name", async (query, named) => {
    const hub = await fakeHub();
    const answer = await problem(await hub.call("GET", `/api/v1/records?${query}`));
    expect(answer).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
    expect(answer.detail).toContain(named);
  });

  test("an edit changes what may change, its state's name, and rings the worker", async () => {
    const hub = await fakeHub();
    const [id] = await keepReadings(hub.store, 1);
    const before = await hub.call("GET", `/api/v1/records/${id}`);
    const etag = before.headers.get("etag") ?? "";
    const answer = await hub.call("PATCH", `/api/v1/records/${id}`, { note: "naïve ☂", meal: "after" });
    expect(answer.status).toBe(200);
    expect(await asRecord(answer)).toMatchObject({ note: "naïve ☂", meal: "after", value: 104 });
    expect(answer.headers.get("etag")).not.toBe(etag);
    expect(hub.rung).toEqual(["edit"]);
  });

  test("what a device measured can't be edited, and the answer says why", async () => {
    const hub = await fakeHub();
    const [id] = await keepReadings(hub.store, 1);
    const answer = await problem(await hub.call("PATCH", `/api/v1/records/${id}`, { value: 90 }));
    expect(answer).toMatchObject({ status: 422, code: "RECORD_FIELD_FIXED" });
    expect(answer.detail).toContain("came from a device and can't be edited");
    const kind = await problem(await hub.call("PATCH", `/api/v1/records/${id}`, { kind: "ketone" }));
    expect(kind.code).toBe("RECORD_FIELD_FIXED");
    expect((await asRecord(await hub.call("GET", `/api/v1/records/${id}`))).value).toBe(104);
  });

  test("a time of a day that does not exist is refused in an edit", async () => {
    const hub = await fakeHub();
    const [id] = await keepReadings(hub.store, 1);
    const answer = await problem(await hub.call("PATCH", `/api/v1/records/${id}`, { time: "2026-04-31T00:00:00Z" }));
    expect(answer).toMatchObject({ status: 422, code: "RECORD_INVALID" });
  });

  test("a change of a stale state is refused, of the present one or of any taken", async () => {
    const hub = await fakeHub();
    const [id] = await keepReadings(hub.store, 1);
    const path = `/api/v1/records/${id}`;
    const old = (await hub.call("GET", path)).headers.get("etag") ?? "";
    const now = (await hub.call("PATCH", path, { note: "one" }, { "if-match": old })).headers.get("etag") ?? "";
    expect(now).not.toBe(old);
    for (const stale of [old, `W/${now}`, '"nonsense"']) {
      expect((await hub.call("PATCH", path, { note: "two" }, { "if-match": stale })).status).toBe(412);
      const refused = await problem(await hub.call("DELETE", path, undefined, { "if-match": stale }));
      expect(refused.code).toBe("RECORD_STALE");
    }
    expect((await asRecord(await hub.call("GET", path))).note).toBe("one");
    expect((await hub.call("PATCH", path, { note: "two" }, { "if-match": `${old}, ${now}` })).status).toBe(200);
    expect((await hub.call("DELETE", path, undefined, { "if-match": "*" })).status).toBe(204);
  });

  test("a reader that has the present state is told so without a body", async () => {
    const hub = await fakeHub();
    const [id] = await keepReadings(hub.store, 1);
    const path = `/api/v1/records/${id}`;
    const etag = (await hub.call("GET", path)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    for (const header of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const answer = await hub.call("GET", path, undefined, { "if-none-match": header });
      expect(answer.status).toBe(304);
      expect(await answer.text()).toBe("");
    }
    expect((await hub.call("GET", path, undefined, { "if-none-match": '"x"' })).status).toBe(200);
  });

  test("a removed record leaves a tombstone, its history stays, and it can be brought back", async () => {
    const hub = await fakeHub();
    const [id] = await keepReadings(hub.store, 1);
    const path = `/api/v1/records/${id}`;
    await hub.call("PATCH", path, { note: "first" });
    const removed = await hub.call("DELETE", path);
    expect(removed.status).toBe(204);
    expect(await removed.text()).toBe("");
    expect(await asRecord(await hub.call("GET", path))).toMatchObject({ deleted: true, note: "first" });
    const restored = await hub.call("POST", `${path}/restore`);
    expect(restored.status).toBe(200);
    expect(await asRecord(restored)).toMatchObject({ deleted: false, note: "first" });
    const first = await asRecord(await hub.call("POST", `${path}/restore`, { state: 1 }));
    expect(first).toMatchObject({ deleted: false, note: null });
    const history = (await (await hub.call("GET", `${path}/history`)).json()) as { states: { deleted: boolean }[] };
    expect(historyAnswer.strict().parse(history)).toEqual(history);
    expect(history.states.map((state) => state.deleted)).toEqual([false, false, true, false, false]);
    expect(Object.keys(history.states[0] ?? {})).toEqual(["state", "at", "by", "why", "deleted", "fields"]);
    expect(JSON.stringify(history)).not.toContain("version");
    expect(hub.rung).toHaveLength(4);
    const unknown = await problem(await hub.call("POST", `${path}/restore`, { state: 9 }));
    expect(unknown).toMatchObject({ status: 404, code: "RECORD_STATE_UNKNOWN" });
    const nonsense = await problem(await hub.call("POST", `${path}/restore`, { state: "one" }));
    expect(nonsense).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
    expect(nonsense.detail).toContain("state");
  });

  test.each([
    ["GET", ""],
    ["GET", "/history"],
    ["DELETE", ""],
    ["PATCH", ""],
    ["POST", "/restore"],
  ])("%s of an unknown record%s is not found", async (method, rest) => {
    const hub = await fakeHub();
    const path = `/api/v1/records/00000000-0000-4000-8000-000000000000${rest}`;
    const answer = await problem(await hub.call(method, path, method === "PATCH" ? { note: "x" } : undefined));
    expect(answer).toMatchObject({ status: 404, code: "RECORD_NOT_FOUND" });
    expect(hub.rung).toHaveLength(0);
  });

  test("a field that a newer cloud added is answered too", async () => {
    const hub = await fakeHub();
    const fields = { ...reading(), mood: "fine" };
    const id = "11111111-1111-4111-8111-111111111111";
    const { ingestPage } = await import("../store/records.js");
    await hub.store.write((tx) =>
      ingestPage(tx, [{ id, kind: "glucose", fields, raw: null }], null, { by: "x", why: "y", at: NOW }),
    );
    expect(await asRecord(await hub.call("GET", `/api/v1/records/${id}`))).toMatchObject({ mood: "fine" });
  });
});
