import { build, buildIsFresh, isBuilt } from "./build.mjs";
import { alone } from "./lock.mjs";
import { installPackages, packagesAreInstalled } from "./packages.mjs";
import { installRedis, redisIsThere } from "./redis.mjs";

/** Each part: whether it is there, and how it is made. In the order in which they need one another. */
const PARTS = {
  packages: { isThere: packagesAreInstalled, make: installPackages },
  build: { isThere: buildIsFresh, make: build },
  redis: { isThere: () => redisIsThere(), make: installRedis },
};

/**
 * Makes these parts of a checkout: packages installed, sources compiled, a Redis server found or installed. Does nothing,
 * in a few milliseconds, where all are there. Several may run at once.
 *
 * @param {string} root the checkout
 * @param {readonly ("packages" | "build" | "redis")[]} names in this order
 * @throws PreparationError with a sentence that says what to do
 */
export async function prepare(root, names) {
  const parts = names.map((name) => PARTS[name]);
  if (parts.every((part) => part.isThere(root))) return;
  await alone(root, async () => {
    // Asked again: another process may have made it while this one waited.
    for (const part of parts) if (!part.isThere(root)) await part.make(root);
  });
}

/** What a command finds that only wants to run: ready, runnable but older than its sources, or not there yet. */
export function readiness(root) {
  if (!packagesAreInstalled(root) || !isBuilt(root)) return "missing";
  return buildIsFresh(root) ? "ready" : "stale";
}
