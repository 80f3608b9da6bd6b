import { setTimeout as pass } from "node:timers/promises";

/** Pauses between two looks, milliseconds; the last one holds for all that follow. */
const PAUSES_MS = [1, 2, 5, 10];

/**
 * Begins a transaction as soon as no other connection is writing. SQLite's own wait stands still with the whole thread:
 * while an import writes, no page would be served, and of a meter's readings each would wait by itself instead of all
 * together. Throws what `begin` throws, SQLITE_BUSY only after `limitMs`.
 */
export async function inTurn(begin: () => Promise<unknown>, limitMs: number): Promise<void> {
  const from = performance.now();
  for (let look = 0; ; look += 1) {
    try {
      await begin();
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() - from >= limitMs) throw error;
      await pass(PAUSES_MS[Math.min(look, PAUSES_MS.length - 1)]);
    }
  }
}

/** True for what SQLite says while another connection writes. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
}
