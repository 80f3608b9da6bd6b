import { Problem } from "../domain/problem.js";
import { hot } from "./hot.js";
import type { Store, Tx } from "./store.js";

const RENEW = hot<{ holder: string; fence: number; expires_at: number }>((db, slot) =>
  db
    .updateTable("lease")
    .set({ expires_at: slot("expires_at") })
    .where("name", "=", "sync")
    .where("holder", "=", slot("holder"))
    .where("fence", "=", slot("fence")),
);

/** The right to sync, for a while. */
export interface Lease {
  readonly holder: string;
  readonly fence: number;
  /** Extends it inside a transaction, whose other writes count only if this holds. Throws LEASE_LOST. */
  renew(tx: Tx, nowMs: number): Promise<void>;
}

/**
 * Takes the lease if it is free, expired, already this holder's, or that of a worker whose connection is gone; its fence
 * grows. Throws LEASE_LOST if another holds it.
 *
 * @param force take it whoever holds it: for a hub that alone may use this store, whose last worker must have died
 */
export async function takeLease(
  store: Store,
  options: { holder: string; nowMs: number; durationMs: number; force: boolean },
): Promise<Lease> {
  const { holder, nowMs, durationMs, force } = options;
  const fence = await store.write(async (tx) => {
    const now = tx.sharedNowMs ?? nowMs;
    const held = await tx.db.selectFrom("lease").selectAll().where("name", "=", "sync").executeTakeFirst();
    // One that is to last much longer than a lease does was written by a clock that has been put back since.
    const lasts = held !== undefined && held.expires_at > now && held.expires_at <= now + 2 * durationMs;
    const taken = lasts && held.holder !== holder && !force;
    if (taken && !(await tx.abandoned(held.fence))) throw new Problem("LEASE_LOST");
    // Not only counted: a store that was restored from a backup has an earlier fence, and counting on from there would
    // give a fence for the second time while the worker that had it may still be alive.
    const next = { holder, fence: Math.max((held?.fence ?? 0) + 1, now), expires_at: now + durationMs };
    if (held === undefined)
      await tx.db
        .insertInto("lease")
        .values({ name: "sync", ...next })
        .execute();
    else await tx.db.updateTable("lease").set(next).where("name", "=", "sync").execute();
    await tx.claim(next.fence);
    return next.fence;
  });
  store.setFence(fence);
  return {
    holder,
    fence,
    async renew(tx, ownNowMs) {
      const now = tx.sharedNowMs ?? ownNowMs;
      const [changed] = await tx.many(RENEW, [{ holder, fence, expires_at: now + durationMs }]);
      if (changed !== 1) throw new Problem("LEASE_LOST");
    },
  };
}

/** Lets another worker take it at once. Does nothing if it was lost. */
export async function dropLease(store: Store, lease: Lease): Promise<void> {
  await store.write(async (tx) => {
    await tx.many(RENEW, [{ holder: lease.holder, fence: lease.fence, expires_at: 0 }]);
  });
}
