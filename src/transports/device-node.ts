import { promises as fs } from "node:fs";

/** Which node stands at a path; another device that gets the same path has another. */
export interface NodeFacts {
  readonly ino: number;
  readonly rdev: number;
}

/** How often an open device's node is looked for, milliseconds. */
export const NODE_WATCH_MS = 250;

/**
 * Calls back once when the node at the path is gone or is another one than it was; returns a function that ends the
 * watch. Where nobody can tell which it was (undefined), only its absence counts. Libraries and the system may take long to tell of an unplugging, or never do; the node tells in moments.
 */
export function watchNode(path: string, was: NodeFacts | undefined, onGone: () => void): () => void {
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void nodeOf(path).then((node) => {
      looking = false;
      if (node === undefined) return;
      if (node !== null && (was === undefined || (node.ino === was.ino && node.rdev === was.rdev))) return;
      clearInterval(timer);
      onGone();
    });
  }, NODE_WATCH_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** The device node's facts; null if there is none; undefined if it can't be told, which is no proof that it is gone. */
export async function nodeOf(path: string): Promise<NodeFacts | null | undefined> {
  try {
    return await fs.stat(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    return code === "ENOENT" || code === "ENOTDIR" || code === "ENXIO" || code === "ENODEV" ? null : undefined;
  }
}
