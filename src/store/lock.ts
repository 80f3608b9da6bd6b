import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Problem } from "../domain/problem.js";
import { storeProblem } from "./connection.js";

/** How long to wait for a command that only looks whether a hub runs, milliseconds. */
const PATIENCE_MS = 500;

/**
 * Takes the data folder for this process: no second hub runs on it. The lock is the operating system's (SQLite's own
 * file lock on a file beside the store), so that it ends with the process, however that ends. Throws HUB_RUNNING.
 */
export function acquireHubLock(dataDir: string): { release(): void } {
  return lockWithin(dataDir, PATIENCE_MS);
}

function lockWithin(dataDir: string, timeout: number): { release(): void } {
  let lock: Database.Database | null = null;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    lock = new Database(join(dataDir, "hub.lock"), { timeout });
    lock.pragma("journal_mode = DELETE");
    lock.exec("BEGIN EXCLUSIVE");
    const held = lock;
    return { release: () => held.close() };
  } catch (error) {
    lock?.close();
    const problem = storeProblem(error, dataDir);
    if (problem.code === "STORE_BUSY")
      throw new Problem("HUB_RUNNING", `Another hub is running on ${dataDir}.`, {}, { cause: error });
    throw problem;
  }
}

/** True while a hub runs on that data folder. */
export function hubIsRunning(dataDir: string): boolean {
  try {
    lockWithin(dataDir, 0).release();
    return false;
  } catch (error) {
    if (error instanceof Problem && error.code === "HUB_RUNNING") return true;
    throw error;
  }
}
