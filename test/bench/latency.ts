import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Child, startChild } from "./child.js";
import { percentile } from "./compare.js";
import type { Bench } from "./figure.js";
import { HUB_TOKEN, startHubProcess } from "./hub-process.js";
import { TOKEN } from "./push-run.js";

/** How long a change waits for others before it rings the worker, milliseconds: GATHER_MS of src/sync/bell/schedule.ts. */
export const DEBOUNCE_MS = 5;
/** Edits before those that count: code is compiled, connections are made. */
const FIRST = 20;
/** The hub is left alone before each edit, for as long again at random, milliseconds: its last round is long over then. */
const APART_MS = 60;

/**
 * From an edit's request over HTTP to the moment when the cloud has answered the push that brings it, less the time that
 * a change waits for others: a hub as `npm start` starts it, with its Redis, and nothing else to do; the reference cloud
 * is another process on the same machine, and its clock the same. By then the edit is durable on both sides.
 */
export const benchLatency: Bench = async (context) => {
  const name = "edit to the cloud's answer";
  const cloud = startChild(new URL("./latency-cloud.js", import.meta.url), [
    join(context.folder, "latency-cloud.db"),
    TOKEN,
  ]);
  try {
    const hub = await startHubProcess({
      data: join(context.folder, "latency"),
      cloud: { url: await cloud.line(), token: TOKEN },
      say: context.say,
    });
    if (hub === null) return [{ name, skipped: "The hub did not start; what it said stands above." }];
    try {
      await untilIdle(hub.url);
      await hub.check();
      const all = await edits(hub.url, cloud, FIRST + context.readings);
      await hub.check();
      const beyond = all.slice(FIRST).map((ms) => ms - DEBOUNCE_MS);
      const figure = (title: string, share: number, atMost: number | null) => ({
        name: title,
        unit: "ms" as const,
        ours: percentile(beyond, share),
        floor: null,
        ratio: null,
        target: atMost === null ? null : { of: "value" as const, atMost },
      });
      return [
        figure(`${name} less ${DEBOUNCE_MS} ms, p95 of ${context.readings}`, 0.95, 30),
        figure("  p50", 0.5, null),
        figure("  longest", 1, null),
      ];
    } finally {
      await hub.stop();
    }
  } finally {
    await cloud.stop();
  }
};

/** Edits one record over and over, each when the cloud has the one before: milliseconds of each. */
async function edits(url: string, cloud: Child, count: number): Promise<number[]> {
  const entry = { kind: "glucose", value: 105, unit: "mg/dL", time: "2026-03-05T11:00:00.000Z" };
  const made = (await call(url, "POST", "/records", entry)) as { readonly id: string };
  await cloud.line();
  const latencies: number[] = [];
  for (let edit = 0; edit < count; edit += 1) {
    await delay(APART_MS * (1 + Math.random()));
    const since = process.hrtime.bigint();
    await call(url, "PATCH", `/records/${made.id}`, { note: `edit ${edit}` });
    latencies.push(Number(BigInt(await cloud.line()) - since) / 1e6);
  }
  return latencies;
}

/** A hub that has just started compares with the cloud first, and makes its connections. */
async function untilIdle(url: string): Promise<void> {
  for (;;) {
    const status = (await call(url, "GET", "/sync")) as { readonly state: string; readonly scheduler: string };
    if (status.state === "idle" && status.scheduler === "bullmq") return;
    await delay(50);
  }
}

async function call(url: string, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${HUB_TOKEN}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the hub answered ${answer.status}: ${text}`);
  return JSON.parse(text);
}
