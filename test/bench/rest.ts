import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Child, startChild } from "./child.js";
import type { Bench, Figure } from "./figure.js";
import { usageOfTree } from "./process-tree.js";

const TOKEN = "bench";
/** How long the hub may take to answer, milliseconds. */
const START_MS = 60_000;
/** How long it is left alone before, and then looked at, milliseconds. */
const SETTLE_MS = 20_000;
const LOOK_MS = 30_000;

/**
 * A hub that nobody needs: as `npm start` starts it, with an empty store, a Redis of its own and a reference cloud in
 * another process. Processor time and memory of all its processes but Redis, which has a line of its own.
 */
export const benchRest: Bench = async (context) => {
  const name = "hub at rest";
  if (!existsSync("/proc/self/smaps_rollup")) return [{ name, skipped: "This system has no /proc to read it from." }];
  const said: string[] = [];
  const cloud = startChild(new URL("./cloud-process.js", import.meta.url), [
    join(context.folder, "rest-cloud.db"),
    TOKEN,
  ]);
  const url = await cloud.line();
  const port = await freePort();
  const health = `http://127.0.0.1:${port}/healthz`;
  const hub = startChild(new URL("../../../config/prepare.mjs", import.meta.url), ["start"], {
    env: hubEnvironment(join(context.folder, "rest"), port, url),
    say: (line) => said.push(line),
  });
  try {
    if (!(await answers(hub, health))) {
      for (const line of said) context.say(`hub: ${line}`);
      return [{ name, skipped: "The hub did not start; what it said stands above." }];
    }
    context.say(`Leaving a hub alone for ${(SETTLE_MS + LOOK_MS) / 1_000} seconds.`);
    await delay(SETTLE_MS);
    await checkHealth(health);
    const figures = await look(hub.pid);
    await checkHealth(health);
    return figures;
  } finally {
    await hub.stop();
    await cloud.stop();
  }
};

/** A hub whose sync or Redis is down would look cheaper than it is. */
async function checkHealth(url: string): Promise<void> {
  const text = await (await fetch(url)).text();
  const { ok, degraded } = JSON.parse(text) as { ok: boolean; degraded: readonly string[] };
  if (!ok || degraded.length > 0) throw new Error(`the hub at rest is not well: ${text}`);
}

async function look(pid: number): Promise<Figure[]> {
  const before = usageOfTree(pid);
  const start = performance.now();
  await delay(LOOK_MS);
  const after = usageOfTree(pid);
  const ms = performance.now() - start;
  const share = (part: "own" | "redis"): number => ((after[part].cpuMs - before[part].cpuMs) / ms) * 100;
  const line = (name: string, unit: "MB" | "%", ours: number, atMost: number | null): Figure => {
    return { name, unit, ours, floor: null, ratio: null, target: atMost === null ? null : { of: "value", atMost } };
  };
  const { own, redis } = after;
  /** The larger of the beginning and the end: a hub frees what starting took only when it finds the time. */
  const most = (part: "own" | "redis", name: "rssBytes" | "pssBytes"): number =>
    Math.max(before[part][name] ?? 0, after[part][name] ?? 0) / 1e6;
  return [
    line("hub at rest, resident memory", "MB", most("own", "rssBytes"), 150),
    ...(own.pssBytes === null ? [] : [line("  shared pages divided", "MB", most("own", "pssBytes"), null)]),
    line("hub at rest, processor", "%", share("own"), 1),
    ...(redis.processes === 0
      ? []
      : [
          line("  its Redis, resident memory", "MB", most("redis", "rssBytes"), null),
          line("  its Redis, processor", "%", share("redis"), null),
        ]),
  ];
}

/** This process's environment without any setting of a hub, and with those of this one. */
function hubEnvironment(data: string, port: number, cloudUrl: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("GLUCOHUB_"));
  return {
    ...Object.fromEntries(others),
    GLUCOHUB_DATA: data,
    GLUCOHUB_HTTP_PORT: String(port),
    GLUCOHUB_CLOUD_KIND: "native",
    GLUCOHUB_CLOUD_URL: cloudUrl,
    GLUCOHUB_CLOUD_TOKEN: TOKEN,
  };
}

/** Waits until the address answers; false if the hub ends or takes too long. */
async function answers(hub: Child, url: string): Promise<boolean> {
  const end = performance.now() + START_MS;
  const gone = new AbortController();
  void drain(hub).then(() => gone.abort());
  while (!gone.signal.aborted && performance.now() < end) {
    const there = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (there) return true;
    await delay(100);
  }
  return false;
}

/** Reads what the hub prints until it ends. */
async function drain(hub: Child): Promise<void> {
  try {
    for (;;) await hub.line();
  } catch {
    // it ended
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
