import { readFileSync } from "node:fs";
import { pushAll } from "./push-run.js";

/**
 * A push as a process of its own: `node memory-push.js STORE URL COUNT`. When all of the store was acknowledged it prints
 * the most memory that it was ever resident with, in kilobytes (VmHWM of /proc/self/status, see proc(5)), and ends.
 */
async function main(path: string, url: string, count: number): Promise<void> {
  await pushAll(path, url, count, undefined, () => {
    process.stdout.write(`${peakKilobytes()}\n`, () => process.exit());
    // What follows the push is another matter.
    return new Promise<never>(() => undefined);
  });
}

function peakKilobytes(): number {
  const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(found?.[1]);
}

const [path, url, count] = process.argv.slice(2);
if (path === undefined || url === undefined || count === undefined)
  throw new Error("Usage: memory-push STORE URL COUNT");
await main(path, url, Number(count));
