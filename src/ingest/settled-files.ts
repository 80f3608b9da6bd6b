import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** A file must look the same for this long, milliseconds, before it counts as copied to its end. */
export const SETTLE_MS = 1_000;

/** Names that programs give to files that they are still writing, and hidden ones. */
const UNFINISHED = /^\.|\.(part|crdownload)$/i;

/** How a file looked. */
interface Look {
  readonly face: string;
  /** Since when it has looked so, by the hub's clock. */
  readonly sinceMs: number;
}

/** Tells which files of a folder have come to rest. */
export class SettledFiles {
  readonly #folder: string;
  #looks: ReadonlyMap<string, Look> = new Map();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Looks once. `settled` are names of regular files that look as they did `SETTLE_MS` ago, in their order; `moving`
   * says whether there are others, worth another look soon. Rejects if the folder can't be read.
   */
  async look(nowMs: number): Promise<{ settled: string[]; moving: boolean }> {
    const looks = new Map<string, Look>();
    for (const name of (await readdir(this.#folder)).sort()) {
      if (UNFINISHED.test(name)) continue;
      const face = await this.face(name);
      if (face === null) continue;
      const before = this.#looks.get(name);
      // Never longer ago than it can be: the hub's clock may have been put back.
      looks.set(name, { face, sinceMs: before?.face === face ? Math.min(before.sinceMs, nowMs) : nowMs });
    }
    this.#looks = looks;
    const settled = [...looks].filter(([, { sinceMs }]) => nowMs - sinceMs >= SETTLE_MS).map(([name]) => name);
    return { settled, moving: settled.length < looks.size };
  }

  /** What would change if somebody wrote to the file; null if it is gone or no regular file. */
  async face(name: string): Promise<string | null> {
    try {
      const stat = await lstat(join(this.#folder, name), { bigint: true });
      return stat.isFile() ? `${stat.ino} ${stat.size} ${stat.mtimeNs}` : null;
    } catch {
      return null;
    }
  }
}
