import { lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Begins the names of such folders; then the process's number, and six letters that are nobody's guess. */
const PREFIX = "glucohub-import-";
const NAME = new RegExp(`^${PREFIX}(\\d+)-\\w+$`);

/** Who asks: a process of this number that began then (milliseconds since the Unix epoch). */
export interface Owner {
  readonly pid: number;
  readonly startedMs: number;
}

/**
 * Makes a folder that only this user may look into, in the first of these that can be written to; whoever asked removes
 * it. Those of processes that were killed before they could are removed first. Throws what the last one failed with.
 */
export async function privateFolder(folders: readonly string[], owner: Owner): Promise<string> {
  let failure: unknown = new Error("no folder is named for it");
  for (const folder of folders) {
    try {
      await removeLeft(folder, owner);
      return await mkdtemp(join(folder, `${PREFIX}${owner.pid}-`));
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function removeLeft(folder: string, owner: Owner): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = Number(NAME.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid)) continue;
    const path = join(folder, name);
    // Another user's is none of ours; one that goes away meanwhile is gone.
    const found = await lstat(path).catch(() => null);
    if (found === null || !found.isDirectory() || found.uid !== process.getuid?.()) continue;
    // In a container every start may have the same number.
    const left = pid === owner.pid ? found.mtimeMs < owner.startedMs : !isRunning(pid);
    if (left) await rm(path, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
