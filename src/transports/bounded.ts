import type { Clock } from "../domain/clock.js";
import type { Problem } from "../domain/problem.js";
import { within } from "../kit/exchange.js";

/** How long the system may take for one call, milliseconds. */
export const SYSTEM_TIMEOUT_MS = 5000;

/** What limits a call into the system. */
export interface Bounds {
  readonly clock: Clock;
  /** How long the call may take, milliseconds. */
  readonly ms: number;
  /** Aborted with the reason when the device or the transport has ended. */
  readonly over: AbortSignal;
  /** The caller's own. */
  readonly signal?: AbortSignal | undefined;
  /** What to reject with when the time is over. */
  readonly late: () => Problem;
}

/**
 * The work's result, unless one of its bounds ends the wait: then the work is left to itself, as a call into the system
 * that hangs can't be called back.
 */
export async function bounded<T>(bounds: Bounds, work: Promise<T>): Promise<T> {
  const { clock, ms, over, signal, late } = bounds;
  const first = until(over, work);
  return await within(clock, ms, signal ?? over, late, (inner) => until(inner, first));
}

/** The work's result, or the signal's reason if that comes first; the work is then left to itself. */
export function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => reject(signal.reason);
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
    const over = (): void => signal.removeEventListener("abort", cancel);
    work.finally(over).then(resolve, reject);
  });
}

/** What was thrown, in its own words: native libraries throw texts as well as errors. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
