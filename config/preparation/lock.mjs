import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PreparationError, say } from "./run.mjs";

/** A holder touches its lock every so often, milliseconds … */
const TOUCH_MS = 2000;
/** … and one that was not touched for that long is left over from a crash, milliseconds. */
const STALE_MS = 20_000;
/** How often a waiting preparation looks again, milliseconds. */
const LOOK_MS = 200;

/**
 * Runs `work` while no other process prepares the same checkout. The lock is a folder (making one is atomic on every
 * file system); a lock whose holder has died is taken over.
 *
 * @template T
 * @param {string} root the checkout
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(root, work) {
  const folder = join(root, ".glucohub");
  const lock = join(folder, "prepare.lock");
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new PreparationError(`Glucohub must be prepared, but ${root} can't be written: ${error.message}`);
  }
  await take(lock);
  const touch = setInterval(() => touchQuietly(lock), TOUCH_MS);
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    process.removeListener("exit", release);
    release();
  }
}

/** A process that was stopped for long may find its lock taken over: then there is nothing to touch. */
function touchQuietly(lock) {
  const now = new Date();
  try {
    utimesSync(lock, now, now);
  } catch {}
}

async function take(lock) {
  let told = false;
  while (!tryMake(lock)) {
    if (isLeftOver(lock)) {
      breakUp(lock);
      continue;
    }
    if (!told) say("Another process is preparing Glucohub; waiting for it.");
    told = true;
    await sleep(LOOK_MS);
  }
  writeFileSync(join(lock, "holder.json"), JSON.stringify({ pid: process.pid, host: hostname() }));
}

function tryMake(folder) {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function isLeftOver(lock) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > STALE_MS) return true;
    const holder = JSON.parse(readFileSync(join(lock, "holder.json"), "utf8"));
    return holder.host === hostname() && !isAlive(holder.pid);
  } catch {
    return false; // just being made, or just released
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/**
 * Of several that find the same left-over lock only one may clear it away, and none may clear away the lock that the
 * quickest then takes: so each asks again while it holds the right to clear.
 */
function breakUp(lock) {
  const right = `${lock}.clearing`;
  if (!tryMake(right)) {
    if (isLeftOver(right)) rmSync(right, { recursive: true, force: true });
    return;
  }
  try {
    if (!isLeftOver(lock)) return;
    const aside = `${lock}.${process.pid}`;
    renameSync(lock, aside);
    rmSync(aside, { recursive: true, force: true });
  } finally {
    rmSync(right, { recursive: true, force: true });
  }
}
