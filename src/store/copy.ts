import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { Problem } from "../domain/problem.js";
import { storeProblem } from "./connection.js";

/**
 * Copies a store's file, as of one moment, to a new file that only its owner can read and that is whole in itself: no
 * journal stands beside it. Whatever is at `to` is replaced. Throws
 * FILE_NOT_FOUND where `to` can't be written, else a STORE problem; then nothing is at `to`.
 */
export async function copyStore(from: string, to: string): Promise<void> {
  removeStore(to);
  let source: Database.Database | null = null;
  try {
    source = new Database(from, { readonly: true, fileMustExist: true });
    makeEmpty(to);
    // In one go: whoever writes meanwhile would make it begin again after each part.
    await source.backup(to, { progress: () => 1_000_000_000 });
    leaveWal(to);
  } catch (error) {
    removeStore(to);
    throw storeProblem(error, from);
  } finally {
    source?.close();
  }
}

function makeEmpty(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (cause) {
    if (!existsSync(dirname(path)) || isDenied(cause))
      throw new Problem("FILE_NOT_FOUND", `${path} can't be written.`, {}, { cause });
    throw cause;
  }
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["EACCES", "EPERM", "EROFS"].includes(String(error.code));
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

/**
 * Gives a file a second name, or only that one where the file system knows no links (a memory stick's). Durable when it
 * returns. Throws what the system throws, EEXIST if the name is taken.
 */
export function linkOrMove(path: string, name: string): void {
  try {
    linkSync(path, name);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(code) || existsSync(name)) throw error;
    renameSync(path, name);
  }
  syncFile(dirname(name));
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
