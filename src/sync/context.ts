import type { Clock, Log } from "../domain/clock.js";
import type { Lease } from "../store/lease.js";
import type { Store, Tx } from "../store/store.js";
import type { Cloud } from "./clouds/cloud.js";

/** What every part of a round works with. All of it comes from outside: the same code runs under simulation. */
export interface RoundContext {
  readonly store: Store;
  readonly cloud: Cloud;
  readonly clock: Clock;
  readonly log: Log;
  readonly lease: Lease;
  /** A fresh UUID. */
  newId(): string;
  /** Most changes in one push; undefined: as many as the protocol allows. */
  readonly batch: number | undefined;
  readonly signal: AbortSignal;
}

/** A transaction of the sync worker: what it writes counts only if this worker still holds the lease. */
export function fenced<T>(context: RoundContext, work: (tx: Tx) => Promise<T>): Promise<T> {
  return context.store.write(async (tx) => {
    await context.lease.renew(tx, context.clock.now());
    return work(tx);
  });
}
