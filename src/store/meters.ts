import type { Store, Tx } from "./store.js";

/** A meter that was read at least once. */
export interface KnownMeter {
  readonly driver: string;
  readonly serial: string;
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly firmware: string | null;
  /** Where it was read last. */
  readonly port: string;
  readonly lastReadAt: string;
  /** The meter's clock minus the hub's. */
  readonly clockErrorMs: number | null;
  /** `done`, or the code of the problem that ended the last session. */
  readonly outcome: string;
}

/**
 * Remembers a meter and how its last session went. `cursor` is what the driver noted for its next session; left out, what
 * it noted before stays.
 */
export async function rememberMeter(
  tx: Tx,
  meter: KnownMeter & { readonly cursor?: string | null | undefined },
): Promise<void> {
  const { lastReadAt, clockErrorMs, cursor, ...rest } = meter;
  const noted = cursor === undefined ? {} : { cursor };
  const row = { ...rest, ...noted, last_read_at: lastReadAt, clock_error_ms: clockErrorMs };
  await tx.db
    .insertInto("meters")
    .values(row)
    .onConflict((conflict) => conflict.columns(["driver", "serial"]).doUpdateSet(row))
    .execute();
}

/** What the driver noted at the end of its last whole session with that meter; null if nothing. */
export async function meterCursor(store: Store, driver: string, serial: string): Promise<string | null> {
  const row = await store.read
    .selectFrom("meters")
    .select("cursor")
    .where("driver", "=", driver)
    .where("serial", "=", serial)
    .executeTakeFirst();
  return row?.cursor ?? null;
}

/** Every meter that was ever read, the last one first. */
export async function listMeters(store: Store): Promise<KnownMeter[]> {
  const rows = await store.read.selectFrom("meters").selectAll().orderBy("last_read_at", "desc").execute();
  return rows.map(({ last_read_at, clock_error_ms, cursor: _cursor, ...rest }) => ({
    ...rest,
    lastReadAt: last_read_at,
    clockErrorMs: clock_error_ms,
  }));
}
