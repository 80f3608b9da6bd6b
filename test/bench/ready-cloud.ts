import type { Cloud, PushChange, PushResult, RemoteChange, RemotePage } from "../../src/sync/clouds/cloud.js";

/** A cloud in the same process that has every answer ready, and knows how long it took to give them. */
export interface ReadyCloud extends Cloud {
  /** Milliseconds inside its calls so far. */
  spentMs(): number;
  /** Told when a page of changes is about to be given, and when one is asked for. */
  onPage: ((event: "asked" | "given", changes: number) => void) | null;
}

/**
 * A cloud that accepts everything and tells it again as changes, as the real one does: the hub knows them by their rev.
 * It gives no digest and keeps no captures.
 *
 * @param fresh changes of others that it has besides, oldest first
 */
export function readyCloud(fresh: readonly RemoteChange[] = []): ReadyCloud {
  const sequence: RemoteChange[] = [...fresh];
  let revs = 0;
  let spent = 0;
  const timed = <T>(work: () => T): T => {
    const start = performance.now();
    const result = work();
    spent += performance.now() - start;
    return result;
  };

  function accept(hub: string, change: PushChange): PushResult {
    revs += 1;
    const rev = `ready-${revs}`;
    const { id, kind, deleted } = change;
    const fields = JSON.parse(change.fieldsText) as Record<string, unknown>;
    sequence.push({ id, kind, rev, deleted, fields, changedBy: hub, changedAt: "2026-03-05T12:00:00.000Z" });
    return { status: "accepted", rev };
  }

  function pageAfter(cursor: string | null, limit: number): RemotePage {
    const start = Number(cursor ?? 0);
    const end = Math.min(start + limit, sequence.length);
    return { changes: sequence.slice(start, end), cursor: String(end), more: end < sequence.length };
  }

  const cloud: ReadyCloud = {
    kind: "ready",
    url: "in this process",
    onPage: null,
    spentMs: () => spent,
    push: async (hub, changes) => timed(() => changes.map((change) => accept(hub, change))),
    changes: async (cursor, limit) =>
      timed(() => {
        cloud.onPage?.("asked", 0);
        const page = pageAfter(cursor, limit);
        cloud.onPage?.("given", page.changes.length);
        return page;
      }),
    digest: async () => null,
    putCapture: async () => false,
  };
  return cloud;
}
