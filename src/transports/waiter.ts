/** Somebody who waits for bytes. */
export interface Waiter {
  resolve(bytes: Uint8Array): void;
  reject(reason: unknown): void;
}

/**
 * What the waiter is given, or the signal's reason if that comes first. `keep` puts the waiter where it is found; it
 * gets null as soon as the wait is over, before whoever waited hears of it.
 */
export function waitFor(signal: AbortSignal | undefined, keep: (waiter: Waiter | null) => void): Promise<Uint8Array> {
  return new Promise<Uint8Array>((resolve, reject) => {
    const over = (): void => {
      signal?.removeEventListener("abort", cancel);
      keep(null);
    };
    const waiter: Waiter = {
      resolve: (bytes) => {
        over();
        resolve(bytes);
      },
      reject: (reason) => {
        over();
        reject(reason);
      },
    };
    const cancel = (): void => waiter.reject(signal?.reason);
    signal?.addEventListener("abort", cancel, { once: true });
    keep(waiter);
  });
}
