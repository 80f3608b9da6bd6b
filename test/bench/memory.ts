import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startChild } from "./child.js";
import type { Bench, Figure } from "./figure.js";
import { filledStore } from "./filled-store.js";
import { multipliedStore } from "./multiplied-store.js";
import { TOKEN } from "./push-run.js";

/** What the hub allows its sync worker's thread for objects that are young, megabytes: the same for this process. */
const YOUNG_MB = 4;

/**
 * The most memory that a push is ever resident with, as a process of its own, with a tenth of the run's records
 * unpushed, with all, and with ten times as many; the reference cloud is another process. Each against the one before:
 * once there is enough for the push to run full, it should not grow with what is waiting.
 */
export const benchMemory: Bench = async (context) => {
  const name = "push, most resident memory";
  if (!existsSync("/proc/self/status")) return [{ name, skipped: "This system has no /proc to read it from." }];
  const source = await filledStore(context, "memory-source");
  const figures: Figure[] = [];
  for (const count of [Math.ceil(context.records / 10), context.records, context.records * 10]) {
    context.say(`Pushing ${count} records.`);
    const folder = join(context.folder, `memory-${count}`);
    await multipliedStore(`${folder}.db`, source, count, false);
    const megabytes = await peakOfPush(`${folder}.db`, `${folder}-cloud.db`, count);
    const floor = figures.at(-1)?.ours ?? null;
    figures.push({
      name: `${name}, ${count} unpushed`,
      unit: "MB",
      ours: megabytes,
      floor,
      ratio: floor === null ? null : megabytes / floor,
      target: figures.length === 2 ? { of: "ratio", atMost: 1.1 } : null,
    });
    for (const file of [`${folder}.db`, `${folder}-cloud.db`])
      for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
  }
  return figures;
};

async function peakOfPush(path: string, cloudPath: string, count: number): Promise<number> {
  const cloud = startChild(new URL("./cloud-process.js", import.meta.url), [cloudPath, TOKEN]);
  try {
    const args = [path, await cloud.line(), String(count)];
    const flags = [`--max-semi-space-size=${YOUNG_MB / 2}`];
    const push = startChild(new URL("./memory-push.js", import.meta.url), args, { flags });
    const kilobytes = Number(await push.line());
    await push.stop();
    return (kilobytes * 1_024) / 1e6;
  } finally {
    await cloud.stop();
  }
}
