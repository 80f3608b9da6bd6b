import { Problem } from "../domain/problem.js";

/**
 * Awaits a source's events one by one until it ends or the signal is aborted; then nothing more is awaited, whatever
 * the source does, and the signal's reason is thrown (as a Problem: TRANSPORT_CANCELED where it is none).
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, void> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  let cancel = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    cancel = () => reject(abortProblem(signal));
  });
  // Nobody may be listening at the moment when it is aborted.
  aborted.catch(() => undefined);
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const next = await Promise.race([aborted, iterator.next()]);
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
