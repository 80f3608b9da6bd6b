import { request } from "node:http";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { asRecord, fakeHub, TOKEN } from "../../test/api/fake-hub.js";
import { silentLog } from "../domain/clock.js";
import { createToken, revokeToken } from "../store/tokens.js";
import { problemSchema } from "./schemas.js";
import { startApi } from "./start-api.js";

/** Every call of the interface that the document must describe. */
const CALLS = [
  "get /api/v1/conflicts",
  "get /api/v1/events",
  "get /api/v1/imports/{id}",
  "get /api/v1/meters",
  "get /api/v1/pairings/{id}",
  "get /api/v1/records",
  "get /api/v1/records/{id}",
  "get /api/v1/records/{id}/history",
  "get /api/v1/statistics",
  "get /api/v1/sync",
  "get /api/v1/twins",
  "get /healthz",
  "get /metrics",
  "delete /api/v1/pairings",
  "delete /api/v1/records/{id}",
  "delete /api/v1/twins/{id}",
  "patch /api/v1/records/{id}",
  "post /api/v1/conflicts/{id}/resolve",
  "post /api/v1/imports",
  "post /api/v1/pairings",
  "post /api/v1/pairings/{id}",
  "post /api/v1/records",
  "post /api/v1/records/{id}/restore",
  "post /api/v1/sync",
].sort();

interface Document {
  openapi: string;
  info: { title: string; version: string };
  components: { securitySchemes: object };
  paths: Record<string, Record<string, { responses: Record<string, { description?: string }>; parameters?: object[] }>>;
}

/** A request with a Host header of one's own, which fetch would not send. */
function withHost(url: string, host: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/healthz`, { headers: { host } }, (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        body += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    call.on("error", reject);
    call.end();
  });
}

describe("access", () => {
  test("every call of the interface but health needs a token", async () => {
    const hub = await fakeHub();
    const closed = CALLS.filter((call) => call !== "get /healthz");
    expect(closed).toHaveLength(23);
    for (const call of closed) {
      const [method = "", path = ""] = call.split(" ");
      const answer = await fetch(hub.api.url + path.replace("{id}", "x"), { method: method.toUpperCase() });
      expect([call, answer.status]).toEqual([call, 401]);
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(await answer.json()).toMatchObject({ code: "TOKEN_INVALID", status: 401 });
    }
    expect(hub.listeners.size).toBe(0);
  });

  test.each(["Bearer wrong", `Basic ${TOKEN}`, "Bearer", `Bearer ${TOKEN} more`, `Bearer ${TOKEN}x`])(
    "the header %s is refused",
    async (authorization) => {
      const hub = await fakeHub();
      expect((await fetch(`${hub.api.url}/api/v1/sync`, { headers: { authorization } })).status).toBe(401);
    },
  );

  test("a path in another spelling needs the token too", async () => {
    const hub = await fakeHub();
    for (const path of ["/%61pi/v1/records", "/api/v1/%72ecords", "/api/v1/none", "/metric%73"])
      expect([path, (await fetch(hub.api.url + path)).status]).toEqual([path, 401]);
  });

  test("a token of the store works under its name until it is revoked", async () => {
    const hub = await fakeHub({ apiToken: null });
    expect((await hub.call("GET", "/api/v1/sync")).status).toBe(401);
    const { secret } = await createToken(hub.store, "ward 3", "2026-01-01T00:00:00.000Z");
    const headers = { authorization: `Bearer ${secret}` };
    const note = { kind: "note", note: "seen" };
    const record = await asRecord(await hub.call("POST", "/api/v1/records", note, headers));
    const history = await hub.call("GET", `/api/v1/records/${record.id}/history`, undefined, headers);
    expect(await history.json()).toMatchObject({ states: [{ by: "ward 3" }] });
    await revokeToken(hub.store, "ward 3", "2026-01-02T00:00:00.000Z");
    expect((await hub.call("GET", "/api/v1/sync", undefined, headers)).status).toBe(401);
  });

  test("the hub answers to its own names with any port, and to no other", async () => {
    const hub = await fakeHub({ hosts: ["gluco.clinic.example"] });
    const taken = ["localhost", "localhost:1", "127.0.0.1:99", "[::1]:80", "GLUCO.clinic.example:443", "127.8.9.1"];
    for (const host of taken) expect([host, (await withHost(hub.api.url, host)).status]).toEqual([host, 200]);
    const refused = ["evil.example", "evil.example:8470", "192.168.1.7", "localhost.evil.example", "127.0.0.1.evil"];
    for (const host of refused) {
      const { status, body } = await withHost(hub.api.url, host);
      expect([host, status]).toEqual([host, 421]);
      expect(JSON.parse(body)).toMatchObject({ code: "HOST_REFUSED", status: 421 });
    }
  });

  test("no answer invites other origins, and none is kept by a cache", async () => {
    const hub = await fakeHub();
    const answer = await hub.call("GET", "/api/v1/records", undefined, { origin: "https://evil.example" });
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const asked = await hub.call("OPTIONS", "/api/v1/records", undefined, { origin: "https://evil.example" });
    expect(asked.status).toBe(404);
  });
});

describe("errors", () => {
  const post = (url: string, body: string | Buffer | null, type: string): Promise<Response> =>
    fetch(`${url}/api/v1/records`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, ...(type === "" ? {} : { "content-type": type }) },
      body,
    });

  test.each([
    ["broken JSON", '{"kind":', "application/json", 400, "REQUEST_INVALID"],
    ["bytes that are no UTF-8", Buffer.from([0x22, 0xe9, 0x22]), "application/json", 400, "REQUEST_INVALID"],
    ["an array", "[]", "application/json", 400, "REQUEST_INVALID"],
    ["nothing", null, "", 400, "REQUEST_INVALID"],
    ["no kind", "{}", "application/json", 400, "REQUEST_INVALID"],
    ["a form", "kind=note", "application/x-www-form-urlencoded", 415, "REQUEST_NOT_JSON"],
    ["plain text", "{}", "text/plain", 415, "REQUEST_NOT_JSON"],
    ["too much", `"${"x".repeat(1_100_000)}"`, "application/json", 413, "REQUEST_TOO_LARGE"],
  ])("a body of %s is answered with a problem", async (_title, body, type, status, code) => {
    const hub = await fakeHub();
    const answer = await post(hub.api.url, body, type);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    const problem = problemSchema.strict().parse(await answer.json());
    expect(problem).toMatchObject({ status, code, type: `urn:glucohub:problem:${code}` });
  });

  test("JSON with a charset is JSON", async () => {
    const hub = await fakeHub();
    const answer = await post(hub.api.url, '{"kind":"note","note":"é"}', "application/json; charset=utf-8");
    expect(answer.status).toBe(201);
  });

  test.each([
    ["GET", "/api/v1/none", 404],
    ["PUT", "/api/v1/records", 404],
    ["GET", "/none", 404],
    ["GET", "/api/v1/records/%zz", 400],
  ])("%s %s is a problem", async (method, path, status) => {
    const hub = await fakeHub();
    const answer = await hub.call(method, path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ status, code: status === 404 ? "ROUTE_NOT_FOUND" : "REQUEST_INVALID" });
  });

  test("bytes that are no HTTP are answered with a problem", async () => {
    const hub = await fakeHub();
    const socket = connect(hub.api.port, "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.write("nonsense\r\n\r\n");
    await new Promise((resolve) => socket.once("close", resolve));
    const [head = "", body = ""] = text.split("\r\n\r\n");
    expect(head).toContain("HTTP/1.1 400 ");
    expect(head).toContain("application/problem+json");
    expect(problemSchema.strict().parse(JSON.parse(body)).code).toBe("REQUEST_INVALID");
  });

  test("a defect of the hub is a problem of its own", async () => {
    const hub = await fakeHub();
    Object.assign(hub.ports, { meters: () => Promise.reject(new Error("no list")) });
    const answer = await hub.call("GET", "/api/v1/meters");
    expect([answer.status, await answer.json()]).toMatchObject([500, { code: "INTERNAL", detail: "no list" }]);
  });

  test("a port that another program has is told as such", async () => {
    const hub = await fakeHub();
    const settings = { host: "127.0.0.1", port: hub.api.port, hosts: [] };
    const second = startApi({ ports: hub.ports, settings, apiToken: null, log: silentLog });
    await expect(second).rejects.toMatchObject({ code: "HUB_PORT_TAKEN" });
  });
});

describe("the document", () => {
  test("/openapi.json is OpenAPI 3.1 and lists every call with its parameters and answers", async () => {
    const hub = await fakeHub();
    const document = (await (await fetch(`${hub.api.url}/openapi.json`)).json()) as Document;
    expect(document.openapi).toBe("3.1.0");
    expect(document.info.title).toBe("Glucohub");
    expect(document.components.securitySchemes).toEqual({ token: { type: "http", scheme: "bearer" } });
    const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, call]) => ({ name: `${method} ${path}`, path, call })),
    );
    expect(calls.map(({ name }) => name).sort()).toEqual(CALLS);
    expect(CALLS).toHaveLength(24);
    for (const { name, path, call } of calls) {
      expect([name, Object.keys(call.responses).length > 0]).toEqual([name, true]);
      for (const answer of Object.values(call.responses)) expect(typeof answer.description).toBe("string");
      expect(call.parameters?.length ?? 0).toBeGreaterThanOrEqual((path.match(/\{/g) ?? []).length);
      if (name !== "get /healthz" && name !== "get /metrics") expect(call.responses, name).toHaveProperty("4XX");
    }
    const list = document.paths["/api/v1/records"]?.["get"]?.parameters as { name: string }[];
    const names = list.map((parameter) => parameter.name).sort();
    expect(names).toEqual(["after", "deleted", "kind", "limit", "patient", "since", "until"]);
  });
});

describe("the live page", () => {
  test.each([
    ["/", "text/html; charset=utf-8"],
    ["/live.js", "text/javascript; charset=utf-8"],
    ["/format.js", "text/javascript; charset=utf-8"],
    ["/stream.js", "text/javascript; charset=utf-8"],
    ["/style.css", "text/css; charset=utf-8"],
  ])("%s is served without a token and may load only from this hub", async (path, type) => {
    const hub = await fakeHub();
    const answer = await fetch(hub.api.url + path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe(type);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'self'");
    const text = await answer.text();
    expect(text.length).toBeGreaterThan(200);
    expect(text).not.toMatch(/https?:\/\/|innerHTML|insertAdjacentHTML|document\.write/);
  });

  test("every file that the page loads is served", async () => {
    const hub = await fakeHub();
    const html = await (await fetch(`${hub.api.url}/`)).text();
    const script = await (await fetch(`${hub.api.url}/live.js`)).text();
    const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g), ...script.matchAll(/from "\.(\/[^"]+)"/g)];
    expect(named.map((match) => match[1]).sort()).toEqual([
      "/format.js",
      "/live.js",
      "/pairing.js",
      "/stream.js",
      "/style.css",
    ]);
    for (const [, path] of named) expect((await fetch(hub.api.url + path)).status).toBe(200);
    const ids = [...script.matchAll(/(?:byId|fill)\("([^"]+)"/g)].map((match) => match[1]);
    expect(ids.length).toBeGreaterThan(20);
    for (const id of new Set(ids)) expect(html).toContain(`id="${id}"`);
  });
});
