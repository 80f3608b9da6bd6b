import type { Clock } from "../../domain/clock.js";

/** True if `work` resolves within `ms`, false if the time is over first (the work then goes on); rejects as it does. */
export async function settlesWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const over = clock.sleep(ms, timer.signal).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([work.then(() => true), over]);
  } finally {
    timer.abort();
  }
}
