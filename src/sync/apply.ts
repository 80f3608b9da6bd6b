import { fieldsText, type RecordFields } from "../domain/record.js";
import { recordFaults } from "../domain/validate.js";
import { quarantine } from "../store/captures.js";
import type { Tx } from "../store/store.js";
import {
  addConflict,
  findForSync,
  insertFromCloud,
  ownStates,
  type RemoteState,
  recordRemote,
  type StateText,
  type SyncRow,
  takeState,
} from "../store/sync-records.js";
import type { RemoteChange } from "./clouds/cloud.js";
import { merge, type Side, sameSide } from "./merge.js";

/** What became of a state that came from the cloud. */
export type Applied = "known" | "taken" | "merged" | "conflict" | "refused";

/** How to apply it. */
export interface ApplyOptions {
  readonly newId: () => string;
  readonly nowMs: number;
  /** Called for a record with unpushed changes before anything is merged; may throw to roll the page back. */
  onUnpushed(row: SyncRow): void;
}

/**
 * Applies one state of the cloud's inside a transaction. A record that is unchanged here takes it; one with unpushed
 * changes is merged, and stays unpushed until the cloud has the merge. What does not fit a record is kept aside.
 */
export async function applyRemote(tx: Tx, change: RemoteChange, options: ApplyOptions): Promise<Applied> {
  const at = new Date(options.nowMs).toISOString();
  const faults = recordFaults(change.id, change.kind, change.fields);
  const row = faults.length > 0 ? undefined : await findForSync(tx, change.id);
  if (row !== undefined && row.kind !== change.kind)
    faults.push(`kind is ${row.kind} here and ${change.kind} in the cloud`);
  if (faults.length > 0) {
    const raw = Buffer.from(JSON.stringify(change));
    await quarantine(tx, null, [{ origin: "cloud", code: "RECORD_INVALID", detail: `${faults.join("; ")}.`, raw }], at);
    return "refused";
  }
  const remote: RemoteState = {
    ...change,
    fields: change.fields as unknown as RecordFields,
    by: change.changedBy,
    at: change.changedAt,
  };
  if (row === undefined) {
    await insertFromCloud(tx, remote);
    return "taken";
  }
  if (row.rev === remote.rev) return "known";
  if (row.version === row.version_synced) return takeClean(tx, row, remote, options, at);
  if (!sameSide(sideOf(row), remote)) options.onUnpushed(row);
  return mergeInto(tx, row, remote, await baseOf(tx, row, remote), options, at);
}

function sideOf(state: { deleted: boolean | number; fields: string }): Side {
  return { deleted: state.deleted === true || state.deleted === 1, fields: JSON.parse(state.fields) as RecordFields };
}

async function takeClean(
  tx: Tx,
  row: SyncRow,
  remote: RemoteState,
  options: ApplyOptions,
  at: string,
): Promise<Applied> {
  const local = sideOf(row);
  if (merge(local, local, remote).conflicts.length > 0)
    return mergeInto(tx, row, remote, { side: local, presumed: false }, options, at);
  await takeState(tx, {
    row: row.row,
    deleted: remote.deleted ? 1 : 0,
    fields: fieldsText(remote.fields),
    rev: remote.rev,
    version_synced: row.version_synced,
    base_fields: null,
    base_deleted: null,
    by: remote.by,
    at: remote.at,
    why: "pull",
  });
  return "taken";
}

/** The base of a merge; `presumed` where both sides never agreed on it (see `merge`). */
interface Base {
  readonly side: Side | null;
  readonly presumed: boolean;
}

/**
 * What both sides last agreed on. Where the cloud holds a state that was pushed and whose acknowledgement was lost,
 * that state; else the state that the cloud last confirmed; else the state in which the record was made here.
 */
async function baseOf(tx: Tx, row: SyncRow, remote: RemoteState): Promise<Base> {
  const states = await ownStates(tx, row);
  const unconfirmed = states.filter((state) => state.version > row.version_synced).map(sideOf);
  if (unconfirmed.some((state) => sameSide(state, remote))) return { side: remote, presumed: false };
  if (row.base_fields !== null) {
    return { side: sideOf({ deleted: row.base_deleted ?? 0, fields: row.base_fields }), presumed: false };
  }
  const confirmed: StateText | undefined =
    row.rev === null ? undefined : states.filter((state) => state.version === row.version_synced).at(-1);
  if (confirmed !== undefined) return { side: sideOf(confirmed), presumed: false };
  const first = states[0]?.origin === "local" ? sideOf(states[0]) : null;
  return { side: first, presumed: true };
}

async function mergeInto(
  tx: Tx,
  row: SyncRow,
  remote: RemoteState,
  base: Base,
  options: ApplyOptions,
  at: string,
): Promise<Applied> {
  const { side, conflicts } = merge(base.side, sideOf(row), remote, base.presumed);
  await recordRemote(tx, row, remote);
  const equal = sameSide(side, remote);
  const changed = !sameSide(side, sideOf(row));
  await takeState(tx, {
    row: row.row,
    deleted: side.deleted ? 1 : 0,
    fields: fieldsText(side.fields),
    rev: remote.rev,
    // Equal: the cloud has it all. Else it lacks something of ours, and the record must be pushed.
    version_synced: equal ? row.version : Math.min(row.version_synced, row.version - 1),
    base_fields: fieldsText(remote.fields),
    base_deleted: remote.deleted ? 1 : 0,
    by: changed ? "sync" : row.changed_by,
    at: changed ? at : row.changed_at,
    why: changed ? "merge" : "unchanged",
  });
  for (const conflict of conflicts) {
    await addConflict(tx, { ...conflict, id: options.newId(), row, remoteBy: remote.by, remoteAt: remote.at, at });
  }
  return conflicts.length > 0 ? "conflict" : "merged";
}
