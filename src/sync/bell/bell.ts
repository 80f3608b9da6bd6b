import type { Log } from "../../domain/clock.js";

/** Rings one at a time: however many ask while one rings, exactly one more follows it. */
export interface Bell {
  /**
   * Asks for a ring that begins now or later, never before this call. Resolves when that ring has ended, whether it
   * went well or not; never rejects. After `stop` it resolves at once and nothing rings.
   */
  ring(why: string): Promise<void>;
  /** How many rings have begun. */
  starts(): number;
  /** True while a ring goes on. */
  busy(): boolean;
  /** Resolves when the next ring begins or ends, or at `stop`. */
  changed(): Promise<void>;
  /** No ring begins any more; one that goes on goes on. */
  stop(): void;
}

/** A bell over `strike`, whose failures are logged: who rings can do nothing about them. */
export function makeBell(strike: (why: string) => Promise<void>, log: Log): Bell {
  let starts = 0;
  let busy = false;
  let stopped = false;
  let waiting: { readonly why: string; readonly ended: Deferred } | null = null;
  let change = deferred();

  const tell = (): void => {
    const told = change;
    change = deferred();
    told.resolve();
  };

  const begin = async (why: string): Promise<void> => {
    busy = true;
    starts += 1;
    tell();
    try {
      await strike(why);
    } catch (error) {
      log.warn({ why, error: error instanceof Error ? error.message : String(error) }, "a round of sync failed");
    }
    const next = waiting;
    waiting = null;
    busy = false;
    // Begun in the same step, so that no other can slip in between.
    if (next !== null && !stopped) void begin(next.why).then(next.ended.resolve);
    else next?.ended.resolve();
    tell();
  };

  return {
    ring: (why) => {
      if (stopped) return Promise.resolve();
      if (!busy) return begin(why);
      waiting ??= { why, ended: deferred() };
      return waiting.ended.promise;
    },
    starts: () => starts,
    busy: () => busy,
    changed: () => change.promise,
    stop: () => {
      stopped = true;
      tell();
    },
  };
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function deferred(): Deferred {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
