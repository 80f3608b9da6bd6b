import { afterEach, describe, expect, test } from "vitest";
import { type ScratchCloud, startScratchCloud } from "../../test/helpers/scratch-cloud.js";
import { derivedId } from "../domain/identity.js";
import type { Fault } from "./fault.js";

const clouds: ScratchCloud[] = [];

afterEach(async () => {
  for (const cloud of clouds.splice(0)) await cloud.close();
});

const id = derivedId("fault");
const fields = { time: "2026-11-21T07:03:00.000Z", value: 5.5, unit: "mmol/L" };
const body = { hub: "hub-a", changes: [{ id, kind: "glucose", base: null, deleted: false, fields }] };

/** A cloud in which the first request of each call goes wrong in this way. */
async function broken(fault: Fault) {
  const asked: string[] = [];
  const faults: (Fault | undefined)[] = [fault];
  const cloud = await startScratchCloud({
    fault: async ({ method, url }) => {
      asked.push(`${method} ${url}`);
      return faults.shift();
    },
  });
  clouds.push(cloud);
  return { cloud, asked, push: () => cloud.request("POST", "/v1/push", body) };
}

describe("a fault", () => {
  test("reset cuts the connection before anything is stored", async () => {
    const { cloud, push, asked } = await broken("reset");
    await expect(push()).rejects.toThrow();
    expect(cloud.store.record(id)).toBeNull();
    expect(await (await push()).json()).toMatchObject({ results: [{ status: "accepted" }] });
    expect(asked).toEqual(["POST /v1/push", "POST /v1/push"]);
  });

  test("reset-after-commit cuts the connection when the change is stored, and the same push again is accepted", async () => {
    const { cloud, push } = await broken("reset-after-commit");
    await expect(push()).rejects.toThrow();
    const rev = cloud.store.record(id)?.rev;
    expect(rev).toEqual(expect.any(String));
    expect(await (await push()).json()).toEqual({ results: [{ id, status: "accepted", rev }] });
    expect(cloud.store.states(id)).toHaveLength(1);
  });

  test("html answers 200 with a page of somebody else's, and stores nothing", async () => {
    const { cloud, push } = await broken("html");
    const answer = await push();
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html"]);
    expect(await answer.text()).toMatch(/^<!doctype html>/);
    expect(cloud.store.record(id)).toBeNull();
  });

  test("may be any answer", async () => {
    const full = await broken({
      status: 503,
      headers: { "Retry-After": "7" },
      body: { code: "busy", message: "later" },
    });
    const answer = await full.push();
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "7"]);
    expect(await answer.json()).toEqual({ code: "busy", message: "later" });
    const text = await (await (await broken({ status: 200, body: '{"results":' })).push()).text();
    expect(text).toBe('{"results":');
    const bare = await (await broken({ status: 500 })).push();
    expect([bare.status, await bare.text()]).toEqual([500, ""]);
  });
});
