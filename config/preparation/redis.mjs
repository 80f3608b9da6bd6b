import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { say } from "./run.mjs";
import { findProgram, installSystemPackages } from "./system.mjs";

/** The servers that the scheduler can use, best first. */
const SERVERS = ["redis-server", "valkey-server"];

/** After a failed installation the next is tried that much later, milliseconds: a start must not wait for it each time. */
const AGAIN_MS = 3_600_000;

/** True if nothing has to be done for Redis: one is configured, or a server is on this machine. */
export function redisIsThere(env = process.env, folders = undefined) {
  return Boolean(env.GLUCOHUB_REDIS_URL) || findProgram(SERVERS, folders) !== null;
}

/**
 * Installs a Redis server if it may. Never throws: the hub works without one, by its own timer.
 *
 * @param {string} root the checkout; remembers a failure in its folder .glucohub
 * @param {typeof installSystemPackages} [install]
 */
export async function installRedis(root, install = installSystemPackages) {
  const failure = join(root, ".glucohub/redis-failed");
  if (!failedLately(failure)) {
    const packages = { apt: ["redis-server"], dnf: ["valkey"], apk: ["redis"], pacman: ["valkey"] };
    if (await install("a Redis server", packages)) {
      rmSync(failure, { force: true });
      return;
    }
    mkdirSync(join(root, ".glucohub"), { recursive: true });
    writeFileSync(failure, "");
  }
  say("No Redis server is here (package redis-server): the hub works without one and schedules by its own timer.");
}

function failedLately(file) {
  try {
    return Date.now() - statSync(file).mtimeMs < AGAIN_MS;
  } catch {
    return false;
  }
}
