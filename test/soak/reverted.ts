import type { Evidence } from "./check.js";
import type { CloudFacts, HubFacts, HubRecord } from "./facts.js";

/** The texts that each record bore at one moment on one side. */
export type Snapshot = ReadonlyMap<string, { readonly note: unknown; readonly patient: unknown }>;

/** What the hub's records say now. */
export function snapshotOfHub(hub: HubFacts): Snapshot {
  return new Map([...hub.records].map(([id, { now }]) => [id, now]));
}

/** What the cloud's records say now. */
export function snapshotOfCloud(cloud: CloudFacts): Snapshot {
  return new Map(
    [...cloud.records].flatMap(([id, { chain }]) => {
      const newest = chain.at(-1);
      return newest === undefined ? [] : [[id, newest] as const];
    }),
  );
}

/**
 * Values that one side bore when the other side's file was exchanged, and that gave way to what nobody wrote since and
 * what is on no list: the newer value was quietly replaced by an older one. A sentence each.
 *
 * @param sinceMs when the file was exchanged; what people wrote or brought back since may have replaced the value
 */
export function quietlyReverted(snapshot: Snapshot, sinceMs: number, { hubs, ledger }: Evidence): string[] {
  const later = ledger.acknowledged.filter(({ askedAt }) => askedAt >= sinceMs);
  const written = new Set(later.map(({ record, field, act }) => (act === "restore" ? "" : `${record} ${field}`)));
  const broughtBack = new Set(later.filter(({ act }) => act === "restore").map(({ record }) => record));
  return hubs.flatMap((hub) =>
    [...snapshot].flatMap(([id, then]) => {
      const record = hub.records.get(id);
      if (record === undefined)
        return [`${id} was there when a file was exchanged, and is not at ${hub.name} any more`];
      if (broughtBack.has(id)) return [];
      return (["note", "patient"] as const).flatMap((field) => {
        const [before, now] = [then[field], record.now[field]];
        if (before === now || written.has(`${id} ${field}`) || wasChangedHere(record, field, before)) return [];
        const listed = record.conflicts.some(
          (conflict) => conflict.field === field && [conflict.local, conflict.remote].includes(before),
        );
        return listed ? [] : [`${id}: ${field} ${before} quietly gave way to the older ${now}`];
      });
    }),
  );
}

/**
 * True if somebody at the hub replaced that very value, seeing it: a change that the backup holds may have waited to be
 * pushed when the file was exchanged.
 */
function wasChangedHere({ history }: HubRecord, field: "note" | "patient", before: unknown): boolean {
  const own = history.filter(({ origin }) => origin !== "remote");
  return own.some(
    (state, index) =>
      index > 0 && state.origin === "local" && own[index - 1]?.[field] === before && state[field] !== before,
  );
}
