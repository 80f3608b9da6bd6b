import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startChild } from "./child.js";
import type { Bench, Figure } from "./figure.js";
import { startHubProcess } from "./hub-process.js";
import { usageOfTree } from "./process-tree.js";
import { TOKEN } from "./push-run.js";

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
  const cloud = startChild(new URL("./cloud-process.js", import.meta.url), [
    join(context.folder, "rest-cloud.db"),
    TOKEN,
  ]);
  try {
    const hub = await startHubProcess({
      data: join(context.folder, "rest"),
      cloud: { url: await cloud.line(), token: TOKEN },
      say: context.say,
    });
    if (hub === null) return [{ name, skipped: "The hub did not start; what it said stands above." }];
    try {
      context.say(`Leaving a hub alone for ${(SETTLE_MS + LOOK_MS) / 1_000} seconds.`);
      await delay(SETTLE_MS);
      await hub.check();
      const figures = await look(hub.pid);
      await hub.check();
      return figures;
    } finally {
      await hub.stop();
    }
  } finally {
    await cloud.stop();
  }
};

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
