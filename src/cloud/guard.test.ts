import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ScratchCloud, startScratchCloud } from "../../test/helpers/scratch-cloud.js";
import { silentLog } from "../domain/clock.js";
import { derivedId } from "../domain/identity.js";
import { systemClock } from "../kit/system-clock.js";
import { isLoopback } from "./guard.js";
import { startCloud } from "./start-cloud.js";

let cloud: ScratchCloud;

beforeAll(async () => {
  cloud = await startScratchCloud();
});

afterAll(() => cloud.close());

/** A request with a Host header of its own, which fetch does not allow. */
function under(host: string, port = cloud.port, token = cloud.token): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { Host: host, Authorization: `Bearer ${token}` };
    httpRequest({ host: "127.0.0.1", port, path: "/v1/changes", headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

describe("a cloud on loopback", () => {
  test("answers under this machine's names and to no other host name", async () => {
    const names = ["127.0.0.1:8089", "localhost", "LOCALHOST:1", "[::1]:80", "evil.example", "127.0.0.1.evil.example"];
    const statuses = await Promise.all(names.map((name) => under(name)));
    expect(statuses).toEqual([200, 200, 200, 200, 421, 421]);
  });

  test("knows which addresses are loopback", () => {
    expect(["127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "192.168.1.5"].map(isLoopback)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

test("a cloud that listens on every address answers under any host name, and still wants the token", async () => {
  const open = await startScratchCloud({ host: "0.0.0.0" });
  const statuses = [await under("cloud.example", open.port), await under("cloud.example", open.port, "another token")];
  await open.close();
  expect(statuses).toEqual([200, 401]);
});

describe("the editor's calls", () => {
  const basic = (password: string) => ({ Authorization: `Basic ${Buffer.from(`me:${password}`).toString("base64")}` });
  const note = { kind: "note", note: "hello" };

  test.each([
    ["GET", "/"],
    ["GET", "/editor/records"],
    ["POST", "/editor/records"],
    ["DELETE", "/editor/records/x"],
  ])("%s %s is answered 401 without the token, in a way that makes a browser ask for it", async (method, url) => {
    const answer = await fetch(cloud.url + url, { method });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
    expect(await answer.json()).toMatchObject({ code: "unauthorized" });
  });

  test("take the token as a browser's password, the protocol's calls do not", async () => {
    const statuses = [
      (await cloud.request("GET", "/", undefined, basic(cloud.token))).status,
      (await cloud.request("GET", "/", undefined, basic("wrong"))).status,
      (await cloud.request("GET", "/v1/changes", undefined, basic(cloud.token))).status,
    ];
    expect(statuses).toEqual([200, 401, 401]);
  });

  test("can't be made by another site's form or script in a browser that knows the password", async () => {
    const text = JSON.stringify(note);
    const refused = [
      await cloud.request("POST", "/editor/records", text, { ...basic(cloud.token), "Content-Type": "text/plain" }),
      await cloud.request("POST", "/editor/records", "a=b", { "Content-Type": "application/x-www-form-urlencoded" }),
      await cloud.request("POST", "/editor/records", text, { ...basic(cloud.token), "Sec-Fetch-Site": "cross-site" }),
      await cloud.request("DELETE", `/editor/records/${derivedId("x")}`, undefined, { "Sec-Fetch-Site": "same-site" }),
      await cloud.request("OPTIONS", "/editor/records"),
    ];
    expect(refused.map((answer) => answer.status)).toEqual([415, 415, 421, 421, 404]);
    expect(refused.map((answer) => answer.headers.get("access-control-allow-origin"))).toEqual(Array(5).fill(null));
    expect(cloud.store.newest(null, 10).records).toEqual([]);
    const own = await cloud.request("POST", "/editor/records", note, { "Sec-Fetch-Site": "same-origin" });
    expect(own.status).toBe(201);
  });
});

describe("every error", () => {
  test.each([
    ["GET", "/v2/push", 404],
    ["GET", "/v1/push", 404],
    ["POST", "/v1/changes", 404],
    ["GET", "/v1/captures/%E0%A4%A", 400],
    ["GET", "/editor/records/%ff", 400],
  ])("of %s %s is JSON with a code and a message", async (method, url, status) => {
    const answer = await cloud.request(method, url);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ code: expect.stringMatching(/^[a-z_]+$/), message: expect.any(String) });
  });

  test("of something that is no HTTP is one too", async () => {
    const said = await new Promise<string>((resolve, reject) => {
      let text = "";
      const socket = connect(cloud.port, "127.0.0.1", () => socket.write("what is this\r\n\r\n"));
      socket.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      socket.on("end", () => resolve(text)).on("error", reject);
    });
    const [head, body] = said.split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1.1 400 /);
    expect(JSON.parse(body ?? "")).toEqual({ code: "malformed", message: expect.any(String) });
  });
});

describe("a start", () => {
  const options = { path: ":memory:", host: "127.0.0.1", port: 0, token: "t", clock: systemClock, log: silentLog };

  test("with an empty token is refused", async () => {
    await expect(startCloud({ ...options, token: "" })).rejects.toMatchObject({ code: "SETTINGS_INVALID" });
  });

  test("on a port that is taken is refused", async () => {
    await expect(startCloud({ ...options, port: cloud.port })).rejects.toMatchObject({ code: "HUB_PORT_TAKEN" });
  });
});
