import { Problem } from "../domain/problem.js";

/**
 * Awaits a source's events one by one until it ends or the signal is aborted; then nothing more is awaited, whatever
 * the source does, and the signal's reason is thrown (as a Problem: TRANSPORT_CANCELED where it is none). Nothing of an
 * event is kept once the next one is asked for.
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, void> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  // A promise of the abort that every step raced against would remember each step, and its event, until the very end.
  let giveUp: ((reason: Problem) => void) | null = null;
  const cancel = (): void => giveUp?.(abortProblem(signal));
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      if (signal.aborted) throw abortProblem(signal);
      const next = await new Promise<IteratorResult<T, unknown>>((resolve, reject) => {
        giveUp = reject;
        iterator.next().then(resolve, reject);
      });
      giveUp = null;
      if (next.done === true) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } catch (error) {
    if (!signal.aborted) ended = true;
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    // Not awaited: a source that hangs would hang its caller too; closing its transport ends it.
    if (!ended) iterator.return?.().then(undefined, () => undefined);
  }
}

/** Why something was aborted, as a problem. */
export function abortProblem(signal: AbortSignal): Problem {
  const { reason } = signal;
  return reason instanceof Problem ? reason : new Problem("TRANSPORT_CANCELED", undefined, {}, { cause: reason });
}
