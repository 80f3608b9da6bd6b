import { isProblem, Problem } from "../domain/problem.js";
import { setSyncState, syncState } from "../store/sync-state.js";
import { applyRemote } from "./apply.js";
import { fenced, type RoundContext } from "./context.js";
import { forgetEverything } from "./forget.js";
import type { Conflicting } from "./push.js";

/** Changes asked for in one page: one transaction of a few milliseconds. */
const PAGE = 500;

/** What one page came to. */
export interface PullReport {
  /** `rolled-back`: a record was changed here in the meantime; push, then pull again. */
  readonly outcome: "applied" | "rolled-back" | "restarted";
  /** Another page is ready. */
  readonly more: boolean;
  readonly taken: number;
  readonly conflicts: number;
}

const RESTORED =
  "the cloud has changes of this hub that it does not know, as after a restored backup; they were taken over";

class RolledBack extends Error {}

/**
 * Pulls one page and applies it with its cursor in one transaction. Where a record in it has unpushed changes the page
 * is rolled back, unless `patient` is over, or the cloud refused that change already because of this state: then both
 * sides are merged.
 */
export async function pullPage(context: RoundContext, conflicting: Conflicting, patient: boolean): Promise<PullReport> {
  const { cursor } = await syncState(context.store);
  const page = await fetchPage(context, cursor);
  if (page === null) return { outcome: "restarted", more: true, taken: 0, conflicts: 0 };
  try {
    let forgotten = 0;
    const report = await fenced(context, async (tx) => {
      if ((await syncState(tx)).cursor !== cursor)
        throw new Problem("LEASE_LOST", "Another sync worker moved the cursor.");
      const nowMs = context.clock.now();
      let [taken, conflicts] = [0, 0];
      for (const change of page.changes) {
        const applied = await applyRemote(tx, change, {
          hubId: context.store.hubId,
          doubtful: false,
          newId: context.newId,
          nowMs,
          onUnpushed: (row) => {
            if (patient && !conflicting.has(row.id)) throw new RolledBack();
          },
          onForgotten: () => {
            forgotten += 1;
          },
        });
        if (applied !== "known") taken += 1;
        if (applied === "conflict") conflicts += 1;
      }
      if (page.cursor !== cursor) await setSyncState(tx, "cursor", page.cursor);
      return { outcome: "applied", more: page.more, taken, conflicts } as const;
    });
    if (forgotten > 0) context.log.warn({ records: forgotten }, RESTORED);
    return report;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof RolledBack ? error.cause : error;
    if (cause instanceof RolledBack) return { outcome: "rolled-back", more: true, taken: 0, conflicts: 0 };
    throw error;
  }
}

/** Null after the cloud lost its sequence: it is read from the beginning, and what it confirmed is not relied on. */
async function fetchPage(context: RoundContext, cursor: string | null) {
  try {
    return await context.cloud.changes(cursor, PAGE, 0, context.signal);
  } catch (error) {
    if (!isProblem(error, "SYNC_CURSOR_LOST") || cursor === null) throw error;
    await forgetEverything(context, "the cloud lost its sequence of changes");
    return null;
  }
}
