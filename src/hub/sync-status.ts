import type { SyncStatus } from "../domain/status.js";
import { dirtyCounts, openConflicts } from "../store/queries.js";
import type { Store } from "../store/store.js";
import { syncState } from "../store/sync-state.js";
import type { EngineState } from "../sync/engine.js";

/** What the store does not know of the synchronisation. */
export interface SyncParts {
  readonly engine: EngineState;
  readonly scheduler: SyncStatus["scheduler"];
  readonly cloud: SyncStatus["cloud"];
}

/** How the synchronisation is. Cheap: it is told after every change. */
export async function syncStatus(store: Store, { engine, scheduler, cloud }: SyncParts): Promise<SyncStatus> {
  const [{ pending, rejected }, conflicts, { lastSuccess, lastCompared }] = await Promise.all([
    dirtyCounts(store),
    openConflicts(store),
    syncState(store),
  ]);
  const { problem } = engine;
  const lastError = problem === null ? null : `${problem.message} ${problem.remedy}`;
  return { state: engine.state, pending, conflicts, rejected, lastSuccess, lastCompared, lastError, scheduler, cloud };
}
