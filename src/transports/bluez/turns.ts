import { until } from "../bounded.js";

/** Lets one work at a time, in the order in which they came. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does the work when those before it are over. Rejects with the signal's reason if that comes before its turn. */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const done = until(signal, before).then(work);
    // Who gave up waiting is not to let the next one in before those in front of it.
    // And nothing of what they made is kept for those behind.
    this.#last = Promise.allSettled([before, done]).then(() => undefined);
    return await done;
  }
}
