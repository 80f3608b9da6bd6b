import type { Clock } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";

/**
 * Awaits `work` for at most `ms`, with a signal that is aborted then. Rejects with `late()` when the time is over,
 * with the outer signal's reason when that is aborted, and waits for `work` to have ended in every case, so that
 * nothing of it goes on behind the caller's back.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  outer: AbortSignal,
  late: () => Problem,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  const timer = new AbortController();
  const cancel = (): void => inner.abort(outer.reason ?? new Problem("TRANSPORT_CANCELED"));
  if (outer.aborted) cancel();
  outer.addEventListener("abort", cancel, { once: true });
  let expired = false;
  const alarm = clock.sleep(ms, timer.signal).then(
    () => {
      expired = true;
      inner.abort(late());
    },
    () => undefined,
  );
  try {
    return await work(inner.signal);
  } catch (error) {
    if (expired) throw inner.signal.reason;
    throw error;
  } finally {
    outer.removeEventListener("abort", cancel);
    timer.abort();
    await alarm;
  }
}
