import type { Clock } from "../domain/clock.js";

/** Lets requests wait for a change. */
export interface LongPoll {
  /** Resolves as soon as something changes, `ms` are over, the signal is aborted or the polls are ended. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Releases everyone who waits, and whoever comes later at once. */
  end(): void;
  /** True once the polls are ended: nobody should wait again. */
  readonly ended: boolean;
  /** How many wait now. */
  readonly waiting: number;
}

/** Waits that end with the next change; `subscribe` calls back at each, until its answer is called. */
export function openLongPoll(clock: Clock, subscribe: (listener: () => void) => () => void): LongPoll {
  const ended = new AbortController();
  let waiting = 0;
  return {
    async wait(ms, signal) {
      const released = new AbortController();
      const release = (): void => released.abort();
      if (signal.aborted || ended.signal.aborted) return;
      const unsubscribe = subscribe(release);
      signal.addEventListener("abort", release, { once: true });
      ended.signal.addEventListener("abort", release, { once: true });
      waiting++;
      try {
        await clock.sleep(ms, released.signal);
      } catch (error) {
        if (!released.signal.aborted) throw error;
      } finally {
        waiting--;
        unsubscribe();
        signal.removeEventListener("abort", release);
        ended.signal.removeEventListener("abort", release);
      }
    },
    end: () => ended.abort(),
    get ended() {
      return ended.signal.aborted;
    },
    get waiting() {
      return waiting;
    },
  };
}
