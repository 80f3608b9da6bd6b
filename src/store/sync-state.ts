import type { Store, Tx } from "./store.js";

/** What the sync worker remembers between rounds. */
export interface SyncState {
  /** The cloud's cursor up to which everything is applied here. */
  readonly cursor: string | null;
  /** Kind and address of the cloud that cursor and revs belong to. */
  readonly cloud: string | null;
  readonly lastSuccess: string | null;
  /** When both sides were last found to hold the same, by digest or record by record. */
  readonly lastCompared: string | null;
  /** The row up to which what the cloud confirmed is forgotten already, while that goes on (see `forgetCloud`). */
  readonly forgetting: string | null;
  /** Digests of both sides after which every record was compared: that difference needs no second comparison. */
  readonly differing: string | null;
}

type Name = keyof SyncState;

/** Reads it, inside a transaction or outside. */
export async function syncState(from: Tx | Store): Promise<SyncState> {
  const db = "read" in from ? from.read : from.db;
  const rows = await db.selectFrom("sync_state").selectAll().execute();
  const value = (name: Name): string | null => rows.find((row) => row.name === name)?.value ?? null;
  return {
    cursor: value("cursor"),
    cloud: value("cloud"),
    lastSuccess: value("lastSuccess"),
    lastCompared: value("lastCompared"),
    forgetting: value("forgetting"),
    differing: value("differing"),
  };
}

/** Writes one of them; null removes it. Only the sync role may. */
export async function setSyncState(tx: Tx, name: Name, value: string | null): Promise<void> {
  if (value === null) {
    await tx.db.deleteFrom("sync_state").where("name", "=", name).execute();
    return;
  }
  await tx.db
    .insertInto("sync_state")
    .values({ name, value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
    .execute();
}
