import type { Store, Tx } from "./store.js";

/** What the sync worker remembers between rounds. */
export interface SyncState {
  /** The cloud's cursor up to which everything is applied here. */
  readonly cursor: string | null;
  /** Kind and address of the cloud that cursor and revs belong to. */
  readonly cloud: string | null;
  readonly lastSuccess: string | null;
}

type Name = keyof SyncState;

/** Reads it, inside a transaction or outside. */
export async function syncState(from: Tx | Store): Promise<SyncState> {
  const db = "read" in from ? from.read : from.db;
  const rows = await db.selectFrom("sync_state").selectAll().execute();
  const value = (name: Name): string | null => rows.find((row) => row.name === name)?.value ?? null;
  return { cursor: value("cursor"), cloud: value("cloud"), lastSuccess: value("lastSuccess") };
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
