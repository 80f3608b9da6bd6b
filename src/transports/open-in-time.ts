import type { Clock } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import { bounded, SYSTEM_TIMEOUT_MS } from "./bounded.js";

/**
 * What the system is opening, unless that takes too long, which is TRANSPORT_OPEN with the reason `slow`, or the caller
 * thinks better of it. What opens after all is then given to `unwanted`, as nobody else would close it.
 */
export async function openInTime<T>(
  path: string,
  opening: Promise<T>,
  unwanted: (opened: T) => unknown,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<T> {
  const late = (): Problem =>
    new Problem("TRANSPORT_OPEN", `${path} does not open within ${SYSTEM_TIMEOUT_MS} ms`, { path, reason: "slow" });
  const over = new AbortController().signal;
  try {
    return await bounded({ clock, ms: SYSTEM_TIMEOUT_MS, over, signal, late }, opening);
  } catch (error) {
    void opening.then(unwanted).catch(() => undefined);
    throw error;
  }
}
