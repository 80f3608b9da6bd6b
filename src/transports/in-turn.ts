import { until } from "./bounded.js";

/** Lets work run one piece after the other, in the order in which it was asked for. */
export class InTurn {
  #last: Promise<unknown> = Promise.resolve();

  /** Rejects as the work does, and with the signal's reason when that is aborted before its turn came: then it never runs. */
  async run<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const turn = signal === undefined ? before : until(signal, before);
    const mine = turn.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    // Who gives up before its turn must not let the next one in early.
    this.#last = Promise.allSettled([before, mine]);
    return await mine;
  }
}
