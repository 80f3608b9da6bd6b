import { fieldsText, type RecordFields } from "../domain/record.js";
import { recordFaults } from "../domain/validate.js";
import { quarantine } from "../store/captures.js";
import { DISPUTED } from "../store/conflicts.js";
import { writerOf } from "../store/field-writer.js";
import type { Tx } from "../store/store.js";
import {
  addConflict,
  findForSync,
  insertFromCloud,
  type PastState,
  type RemoteState,
  recordRemote,
  reject,
  type SyncRow,
  statesOf,
  type Taken,
  takeState,
} from "../store/sync-records.js";
import type { RemoteChange } from "./clouds/cloud.js";
import { type Base, type FieldConflict, isFixed, merge, type Side, sameSide, wavered } from "./merge.js";

/** What became of a state that came from the cloud. */
export type Applied = "known" | "taken" | "merged" | "conflict" | "refused";

/** How to apply it. */
export interface ApplyOptions {
  /** Under which the cloud knows this hub's own writes. */
  readonly hubId: string;
  readonly newId: () => string;
  readonly nowMs: number;
  /** The cloud's sequence of changes does not have this state: it may have gone back behind what it confirmed. */
  readonly doubtful: boolean;
  /** Called for a record with unpushed changes before anything is merged; may throw to roll the page back. */
  onUnpushed(row: SyncRow): void;
  /** Called for a state that this hub wrote and does not know: its store is an earlier copy of what it was. */
  onForgotten(): void;
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
    if (remote.by === options.hubId) options.onForgotten();
    await insertFromCloud(tx, remote);
    return "taken";
  }
  if (row.rev === remote.rev) return "known";
  if (row.version === row.version_synced) return takeClean(tx, row, remote, options, at);
  if (sameSide(sideOf(row), remote)) return agree(tx, row, remote);
  // What is not to be pushed as it stands can't be waited for.
  if (row.rejected_version !== row.version) options.onUnpushed(row);
  return mergeInto(tx, row, remote, await baseOf(tx, row, remote, options), options, at);
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
  const base: Base = { side: sideOf(row), kind: "agreed" };
  if (merge(base, sideOf(row), remote).conflicts.length > 0 && wasHeard(await statesOf(tx, row)))
    return mergeInto(tx, row, remote, base, options, at);
  if (remote.by === options.hubId && !(await statesOf(tx, row)).some((state) => sameSide(sideOf(state), remote)))
    options.onForgotten();
  await takeState(tx, {
    ...unchanged(row),
    deleted: remote.deleted ? 1 : 0,
    fields: fieldsText(remote.fields),
    rev: remote.rev,
    by: remote.by,
    at: remote.at,
    why: "pull",
  });
  return "taken";
}

/** True if the record was made here, from what a device or an export said or a person typed. */
function wasHeard(states: readonly PastState[]): boolean {
  return states[0]?.origin === "local";
}

/** Both sides say the same, though neither had confirmed it: the cloud has everything, and nothing was changed. */
async function agree(tx: Tx, row: SyncRow, remote: RemoteState): Promise<Applied> {
  await takeState(tx, { ...unchanged(row), rev: remote.rev, version_synced: row.version });
  return "merged";
}

/** The row as it is, without a base of its own: what follows is told beside it. */
function unchanged(row: SyncRow): Omit<Taken, "rev"> {
  return {
    row: row.row,
    deleted: row.deleted,
    fields: row.fields,
    version_synced: row.version_synced,
    base_fields: null,
    base_deleted: null,
    by: row.changed_by,
    at: row.changed_at,
    why: row.changed_why,
  };
}

/**
 * What both sides last agreed on. Where the cloud holds a state that was pushed and whose acknowledgement was lost,
 * that state; else the state that the cloud last confirmed; else the state in which the record was made here. Where the
 * cloud may have gone back behind what it confirmed (a record whose place in it was forgotten by `forgetCloud`, or
 * `doubtful`): if it holds an earlier state that was seen here, that one; else the base is doubtful.
 */
async function baseOf(tx: Tx, row: SyncRow, remote: RemoteState, options: ApplyOptions): Promise<Base> {
  const states = await statesOf(tx, row);
  return { ...agreedIn(states, row, remote, options), heard: wasHeard(states) };
}

/** States that may have been pushed upon the cloud's last one: what was pushed before was told of by it, or never stored. */
function pushedSince(states: readonly PastState[]): PastState[] {
  const last = states.findLastIndex(({ origin }) => origin === "remote" || origin === "cloud");
  const since = states.slice(last + 1);
  // A merge that left the record as it was made no state of its own: the one before it is pushed on.
  if (states[last]?.origin !== "remote" || since[0]?.origin === "merge") return since;
  const kept = states.slice(0, last).findLast(({ origin }) => origin !== "remote");
  return kept === undefined ? since : [kept, ...since];
}

function agreedIn(states: readonly PastState[], row: SyncRow, remote: RemoteState, options: ApplyOptions): Base {
  const own = states.filter((state) => state.origin !== "remote");
  const unconfirmed = pushedSince(states)
    .filter((state) => state.version > row.version_synced)
    .map(sideOf);
  if (row.rev !== null && unconfirmed.some((state) => sameSide(state, remote))) return { side: remote, kind: "agreed" };
  const confirmed =
    row.base_fields !== null
      ? { deleted: row.base_deleted ?? 0, fields: row.base_fields }
      : own.filter((state) => row.rev !== null && state.version === row.version_synced).at(-1);
  if (confirmed === undefined) {
    if (unconfirmed.some((state) => sameSide(state, remote))) return { side: remote, kind: "agreed" };
    const [first] = own;
    return {
      side: first?.origin === "local" ? sideOf(first) : null,
      kind: "presumed",
      wavered: (field) => wavered(own.map(sideOf), field),
    };
  }
  if (row.rev !== null && !options.doubtful) return { side: sideOf(confirmed), kind: "agreed" };
  const wroteIt = (state: PastState): boolean =>
    remote.by === options.hubId || (state.by === remote.by && state.at === remote.at);
  if (states.some((state) => wroteIt(state) && sameSide(sideOf(state), remote)))
    return { side: remote, kind: "agreed" };
  // By the cloud's own clock, where it gave both states: the one that it holds now is older than the one it had.
  const taken = states.findLast(({ origin, fields }) => origin === "cloud" && fields === confirmed.fields);
  const older = taken !== undefined && Date.parse(remote.at) < Date.parse(taken.at);
  return { side: sideOf(confirmed), kind: "doubtful", wavered: (field) => older || wavered(states.map(sideOf), field) };
}

async function mergeInto(
  tx: Tx,
  row: SyncRow,
  remote: RemoteState,
  base: Base,
  options: ApplyOptions,
  at: string,
): Promise<Applied> {
  const { side, conflicts } = merge(base, sideOf(row), remote);
  await recordRemote(tx, row, remote);
  const equal = sameSide(side, remote);
  const changed = !sameSide(side, sideOf(row));
  await takeState(tx, {
    ...unchanged(row),
    deleted: side.deleted ? 1 : 0,
    fields: fieldsText(side.fields),
    rev: remote.rev,
    // Equal: the cloud has it all. Else it lacks something of ours, and the record must be pushed.
    version_synced: equal ? row.version : Math.min(row.version_synced, row.version - 1),
    base_fields: equal ? null : fieldsText(remote.fields),
    base_deleted: equal ? null : remote.deleted ? 1 : 0,
    ...(changed ? { by: "sync", at, why: "merge" } : {}),
  });
  if (conflicts.length > 0) await list(tx, row, base, conflicts, remote, options, at);
  return conflicts.length > 0 ? "conflict" : "merged";
}

/** The same conflict seen from the side whose value the record took. */
function otherWayRound<
  T extends Record<"local" | "remote", unknown> & Record<`${"local" | "remote"}${"By" | "At"}`, string>,
>(conflict: T): T {
  const { local, remote, localBy, localAt, remoteBy, remoteAt } = conflict;
  return {
    ...conflict,
    local: remote,
    remote: local,
    localBy: remoteBy,
    localAt: remoteAt,
    remoteBy: localBy,
    remoteAt: localAt,
  };
}

const DISPUTE = {
  code: DISPUTED,
  message: "The cloud insists on another value than the device said; see the list of conflicts.",
};

async function list(
  tx: Tx,
  row: SyncRow,
  base: Base,
  conflicts: readonly FieldConflict[],
  remote: RemoteState,
  options: ApplyOptions,
  at: string,
): Promise<void> {
  const states = await statesOf(tx, row);
  let disputed = false;
  // A value that was yielded is not the record's any more: its writer is found before the merge.
  const before = states.slice(
    0,
    states.findLastIndex(({ origin }) => origin === "remote"),
  );
  for (const { yielded, ...conflict } of conflicts) {
    const local = writerOf(yielded === true ? before : states, conflict.field) ?? {
      by: row.changed_by,
      at: row.changed_at,
    };
    const said = { localBy: local.by, localAt: local.at, remoteBy: remote.by, remoteAt: remote.at };
    const kept = { ...conflict, ...said, id: options.newId(), record: row.row, at };
    // On the list the local value is always the one that the record has, so that each can be chosen by its name.
    const met = await addConflict(tx, yielded === true ? otherWayRound(kept) : kept);
    if (met && conflict.field !== "deleted" && isFixed(base, sideOf(row), conflict.field)) disputed = true;
  }
  // Pushed once, and the cloud says the same again: somebody there means it. To push again would be a war without end.
  if (disputed) await reject(tx, [{ row: row.row, version: row.version, ...DISPUTE }]);
}
