import { existsSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isProblem, Problem } from "../domain/problem.js";
import { auditStore } from "./audit.js";
import type { StoreAudit } from "./audit-checks.js";
import { connect } from "./connection.js";
import { copyStore, leaveWal, linkOrMove, removeStore, syncFile } from "./copy.js";
import { migrate } from "./migrate.js";
import { MIGRATIONS } from "./migrations/index.js";

/** What a restored store is made with. */
export interface RestoreOptions {
  readonly backup: string;
  /** Where the store lies. The caller holds the hub's lock on its folder. */
  readonly path: string;
  /** Names the store's new life. */
  readonly epoch: string;
  /** RFC 3339: stands in the name of the file that keeps the replaced store. */
  readonly at: string;
}

/**
 * Puts a backup in the store's place: audited, copied, brought to the newest schema and given a new epoch beside it,
 * then exchanged in one step; a crash at any moment leaves the one or the other, whole. The replaced store is kept beside
 * it; gives its path, or null if there was none.
 *
 * Throws FILE_NOT_FOUND, STORE_UNUSABLE (no store, or damaged), STORE_NEWER, STORE_BUSY (another program has the store
 * open), STORE_FULL; then nothing has changed.
 */
export async function restoreBackup(options: RestoreOptions): Promise<{ kept: string | null; audit: StoreAudit }> {
  const { backup, path, epoch, at } = options;
  if (!existsSync(backup)) throw new Problem("FILE_NOT_FOUND", `${backup} does not exist.`);
  const draft = join(dirname(path), `.${basename(path)}.restoring`);
  try {
    await copyStore(backup, draft);
    const audit = auditStore(draft);
    if (audit.schemaVersion > MIGRATIONS.length) throw new Problem("STORE_NEWER");
    const [fault] = audit.faults;
    if (fault !== undefined) throw new Problem("STORE_UNUSABLE", `${backup} is no sound backup: ${fault}.`);
    migrate(draft, { hub: epoch, epoch }, null);
    beginNewEpoch(draft, epoch);
    leaveWal(draft);
    const kept = existsSync(path) ? keepAside(path, at) : null;
    renameSync(draft, path);
    syncFile(dirname(path));
    return { kept, audit };
  } finally {
    removeStore(draft);
  }
}

/** What one life of a store told others (its queue's name) must not be taken for the next one's. */
function beginNewEpoch(path: string, epoch: string): void {
  const { raw } = connect(path, "migrate");
  try {
    raw
      .prepare(
        "INSERT INTO facts (name, value) VALUES ('epoch', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      )
      .run(epoch);
  } finally {
    raw.close();
  }
}

/** Gives the present store a second name; the file keeps its first until it is replaced. */
function keepAside(path: string, at: string): string {
  const kept = `${path}.before-restore-${at.replace(/[:.]/g, "-")}`;
  if (existsSync(kept)) throw new Problem("STORE_UNUSABLE", `${kept} exists already.`);
  try {
    leaveWal(path);
  } catch (error) {
    if (isProblem(error, "STORE_BUSY")) throw error;
    // Too damaged to be opened, which may be why it is replaced: all its files are moved as they are.
    for (const suffix of ["", "-wal", "-shm"]) if (existsSync(path + suffix)) renameSync(path + suffix, kept + suffix);
    return kept;
  }
  linkOrMove(path, kept);
  return kept;
}
