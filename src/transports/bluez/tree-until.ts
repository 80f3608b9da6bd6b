import type { ObjectTree } from "./object-tree.js";

/**
 * Resolves with what `look` finds, now or after some change of the object (of any, if the path is null); null is nothing
 * yet. Rejects with what it throws, and with the signal's reason.
 */
export function treeUntil<T>(
  tree: ObjectTree,
  path: string | null,
  signal: AbortSignal,
  look: () => T | null,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const over = (): void => {
      signal.removeEventListener("abort", cancel);
      forget();
    };
    const cancel = (): void => {
      over();
      reject(signal.reason);
    };
    const glance = (): void => {
      try {
        const found = look();
        if (found === null) return;
        over();
        resolve(found);
      } catch (error) {
        over();
        reject(error);
      }
    };
    const forget = tree.listen(path, glance);
    signal.addEventListener("abort", cancel, { once: true });
    if (signal.aborted) cancel();
    else glance();
  });
}
