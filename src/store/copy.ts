import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { storeProblem } from "./connection.js";

/**
 * Copies a store's file, as of one moment, to a new file that only its owner can read and that is whole in itself: no
 * journal stands beside it. Whatever is at `to` is replaced. Throws a STORE problem, and then nothing is at `to`.
 */
export async function copyStore(from: string, to: string): Promise<void> {
  removeStore(to);
  let source: Database.Database | null = null;
  try {
    source = new Database(from, { readonly: true, fileMustExist: true });
    closeSync(openSync(to, "wx", 0o600));
    await source.backup(to);
    leaveWal(to);
  } catch (error) {
    removeStore(to);
    throw storeProblem(error, from);
  } finally {
    source?.close();
  }
}

/**
 * Takes the write-ahead log into the file and does away with it, so that the file is all there is, and durable. Throws
 * STORE_BUSY while any other connection has the store open.
 */
export function leaveWal(path: string): void {
  const raw = new Database(path, { fileMustExist: true, timeout: 1_000 });
  try {
    raw.pragma("synchronous = FULL");
    raw.pragma("journal_mode = DELETE");
  } catch (error) {
    throw storeProblem(error, path);
  } finally {
    raw.close();
  }
  syncFile(path);
}

/** Gives the file its name if no other file has it; false if one has. Durable when it returns. */
export function nameFile(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    rmSync(draft);
  } catch (error) {
    if (existsSync(path)) return false;
    // A memory stick's file system knows no links.
    if (!(error instanceof Error && "code" in error && ["EPERM", "ENOTSUP", "ENOSYS"].includes(String(error.code))))
      throw error;
    renameSync(draft, path);
  }
  syncFile(dirname(path));
  return true;
}

/** Removes a store's file and its journals. */
export function removeStore(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${path}${suffix}`, { force: true });
}

/** Makes a file's content, or a folder's names, durable. */
export function syncFile(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
