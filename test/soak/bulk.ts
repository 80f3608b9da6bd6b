import { rmSync } from "node:fs";
import type { CloudUnderTest } from "./cloud-under-test.js";
import { ask } from "./facts.js";
import type { HubUnderTest } from "./hub-under-test.js";
import type { Acknowledged } from "./ledger.js";

/** Records beyond number, of which all but a few are as they were imported: these are compared inside of SQLite. */
export interface Bulk {
  /** SQL that is true for a record `h` of the hub that belongs to them; nobody looks for others among them. */
  readonly condition: string;
  /** A file for the ids of all that must be looked at one by one. */
  readonly apart: string;
  /** How long both sides may take to become equal once nobody writes, milliseconds. */
  readonly quietMs: number;
}

/** Memory in which sqlite3 looks up what lies scattered, kilobytes. */
const CACHE_KB = 400_000;

/** As many ids as one command takes. */
const IDS_A_TIME = 1_000;

/**
 * Names, in the bulk's file, every record that somebody was answered for, and every other that is not both: of the bulk,
 * and plain. Plain is a record with one state here and
 * the same single state in the cloud, made here, confirmed, not deleted, with neither note nor patient. So whatever is
 * wrong with a record sets it apart, and the comparison of single records finds it. Gives the file; null without a bulk.
 */
export async function setApart({
  hubs,
  cloud,
  ledger,
  bulk,
}: {
  readonly hubs: readonly Pick<HubUnderTest, "name" | "path">[];
  readonly cloud: Pick<CloudUnderTest, "path">;
  readonly ledger: { readonly acknowledged: readonly Pick<Acknowledged, "record">[] };
  readonly bulk: Bulk | null;
}): Promise<string | null> {
  const [hub] = hubs;
  if (bulk === null || hub === undefined) return null;
  if (hubs.length > 1) throw new Error("a bulk is compared between one hub and its cloud");
  for (const suffix of ["", "-journal"]) rmSync(`${bulk.apart}${suffix}`, { force: true });
  const plain = `h.version = 1 AND h.version_synced = 1 AND h.deleted = 0 AND h.rejected_code IS NULL
    AND json_extract(h.fields, '$.note') IS NULL AND json_extract(h.fields, '$.patient') IS NULL
    AND c.kind = h.kind AND c.fields = h.fields AND c.deleted = 0 AND c.parent IS NULL AND c.rev = h.rev AND c.by = '${hub.name}'
    AND (SELECT count(*) = 1 AND min(s.fields) = h.fields AND min(s.origin) = 'local' AND min(s.deleted) = 0
         FROM hub.history s WHERE s.record = h.row)`;
  const sql = `
    PRAGMA cache_size = -${CACHE_KB}; PRAGMA hub.cache_size = -${CACHE_KB}; PRAGMA cloud.cache_size = -${CACHE_KB};
    CREATE TABLE ids (id TEXT PRIMARY KEY) WITHOUT ROWID;
    INSERT OR IGNORE INTO ids
      SELECT h.id FROM hub.records h LEFT JOIN cloud.records c ON c.id = h.id
        WHERE (${bulk.condition} AND ${plain}) IS NOT 1
      UNION ALL SELECT c.id FROM cloud.records c WHERE NOT EXISTS (SELECT 1 FROM hub.records h WHERE h.id = c.id)
      UNION ALL SELECT id FROM cloud.states`;
  await ask(bulk.apart, sql, { hub: hub.path, cloud: cloud.path });
  const answered = [...new Set(ledger.acknowledged.map(({ record }) => record))];
  for (let at = 0; at < answered.length; at += IDS_A_TIME) {
    const values = answered.slice(at, at + IDS_A_TIME).map((id) => `('${id}')`);
    await ask(bulk.apart, `INSERT OR IGNORE INTO ids VALUES ${values.join(", ")}`);
  }
  return bulk.apart;
}
