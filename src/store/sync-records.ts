import { fieldsText, type RecordFields } from "../domain/record.js";
import { hot } from "./hot.js";
import type { Store, Tx } from "./store.js";

/** A record with unpushed changes: body and version from one read, so that they belong together. */
export interface DirtyRow {
  readonly row: number;
  readonly id: string;
  readonly kind: string;
  readonly deleted: number;
  readonly fields: string;
  readonly version: number;
  readonly rev: string | null;
}

/** A record as the sync worker finds it. */
export interface SyncRow extends DirtyRow {
  readonly version_synced: number;
  readonly base_fields: string | null;
  readonly base_deleted: number | null;
  readonly changed_by: string;
  readonly changed_at: string;
  readonly changed_why: string;
  readonly rejected_version: number | null;
}

/** A state from a record's history, as text. */
export interface PastState {
  readonly version: number;
  readonly origin: "local" | "cloud" | "merge" | "remote";
  readonly by: string;
  readonly at: string;
  readonly deleted: number;
  readonly fields: string;
}

const DIRTY = hot<{ after: number; limit: number }>((db, slot) =>
  db
    .selectFrom("records")
    .select(["row", "id", "kind", "deleted", "fields", "version", "rev"])
    .whereRef("version", ">", "version_synced")
    .where((eb) => eb.or([eb("rejected_version", "is", null), eb("rejected_version", "<", eb.ref("version"))]))
    .where("row", ">", slot("after"))
    .orderBy("row")
    .limit(slot("limit")),
);

/** Records with changes that the cloud has not confirmed and may still take, in order of creation, after that row. */
export function dirtyPage(store: Store, after: number, limit: number): Promise<DirtyRow[]> {
  return store.query<{ after: number; limit: number }, DirtyRow>(DIRTY, { after, limit });
}

const REVS = hot<{ after: number; limit: number }>((db, slot) =>
  db
    .selectFrom("records")
    .select(["row", "id", "rev"])
    .where("rev", "is not", null)
    .where("row", ">", slot("after"))
    .orderBy("row")
    .limit(slot("limit")),
);

/** The records of which the cloud holds a state that it confirmed or sent, in order of creation, after that row. */
export function revPage(
  store: Store,
  after: number,
  limit: number,
): Promise<{ readonly row: number; readonly id: string; readonly rev: string }[]> {
  return store.query(REVS, { after, limit });
}

interface Acknowledgement {
  row: number;
  /** The version that was pushed, not the one that the record has by now. */
  pushed: number;
  rev: string;
}

const ACKNOWLEDGE = hot<Acknowledgement>(
  (db, slot) =>
    db
      .updateTable("records")
      .set((eb) => ({
        version_synced: eb
          .case()
          .when("version_synced", "<", slot("pushed"))
          .then(eb.val(slot("pushed")))
          .else(eb.ref("version_synced"))
          .end(),
        rev: slot("rev"),
        base_fields: null,
        base_deleted: null,
        rejected_version: null,
        rejected_code: null,
        rejected_message: null,
      }))
      .where("row", "=", slot("row")),
  {
    sql: `UPDATE records SET version_synced = greatest(version_synced, given.pushed), rev = given.rev,
        base_fields = NULL, base_deleted = NULL, rejected_version = NULL, rejected_code = NULL, rejected_message = NULL
      FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS given ("row", pushed, rev)
      WHERE records."row" = given."row" RETURNING records."row"`,
    columns: ["row", "pushed", "rev"],
    key: "row",
  },
);

/** Marks versions as confirmed by the cloud. */
export async function acknowledge(tx: Tx, rows: readonly Acknowledgement[]): Promise<void> {
  await tx.many(ACKNOWLEDGE, rows);
}

const REJECT = hot<{ row: number; version: number; code: string; message: string }>((db, slot) =>
  db
    .updateTable("records")
    .set({ rejected_version: slot("version"), rejected_code: slot("code"), rejected_message: slot("message") })
    .where("row", "=", slot("row")),
);

/** Marks a version that the cloud refuses for good: it is kept, shown, and not sent again until it changes. */
export async function reject(
  tx: Tx,
  rows: readonly { row: number; version: number; code: string; message: string }[],
): Promise<void> {
  await tx.many(REJECT, rows);
}

const FIND = hot<{ id: string }>((db, slot) =>
  db
    .selectFrom("records")
    .select([
      "row",
      "id",
      "kind",
      "deleted",
      "fields",
      "version",
      "rev",
      "version_synced",
      "base_fields",
      "base_deleted",
      "changed_by",
      "changed_at",
      "changed_why",
      "rejected_version",
    ])
    .where("id", "=", slot("id")),
);

/** The record as it stands inside the transaction. */
export async function findForSync(tx: Tx, id: string): Promise<SyncRow | undefined> {
  return (await tx.all<{ id: string }, SyncRow>(FIND, { id }))[0];
}

/** A state that came from the cloud, with its author. */
export interface RemoteState {
  readonly id: string;
  readonly kind: string;
  readonly rev: string;
  readonly deleted: boolean;
  readonly fields: RecordFields;
  readonly by: string;
  readonly at: string;
}

const INSERT = hot<{ id: string; kind: string; deleted: number; fields: string; rev: string; by: string; at: string }>(
  (db, slot) =>
    db.insertInto("records").values({
      id: slot("id"),
      kind: slot("kind"),
      deleted: slot("deleted"),
      fields: slot("fields"),
      version: 0,
      version_synced: 0,
      rev: slot("rev"),
      changed_at: slot("at"),
      changed_by: slot("by"),
      changed_why: "pull",
    }),
);

/** Takes a record over that was made in the cloud. */
export async function insertFromCloud(tx: Tx, remote: RemoteState): Promise<void> {
  const { id, kind, rev, by, at } = remote;
  await tx.many(INSERT, [
    { id, kind, deleted: remote.deleted ? 1 : 0, fields: fieldsText(remote.fields), rev, by, at },
  ]);
}

/** What a pull or a merge makes of a row. */
export interface Taken {
  row: number;
  deleted: number;
  fields: string;
  rev: string;
  version_synced: number;
  base_fields: string | null;
  base_deleted: number | null;
  by: string;
  at: string;
  why: string;
}

const TAKE = hot<Taken>((db, slot) =>
  db
    .updateTable("records")
    .set({
      deleted: slot("deleted"),
      fields: slot("fields"),
      rev: slot("rev"),
      version_synced: slot("version_synced"),
      base_fields: slot("base_fields"),
      base_deleted: slot("base_deleted"),
      rejected_version: null,
      rejected_code: null,
      rejected_message: null,
      changed_by: slot("by"),
      changed_at: slot("at"),
      changed_why: slot("why"),
    })
    .where("row", "=", slot("row")),
);

/** Writes what a pull or a merge made of a record; its version stays. */
export async function takeState(tx: Tx, taken: Taken): Promise<void> {
  await tx.many(TAKE, [taken]);
}

/** Records the cloud's side of a merge in the record's history, before the merge itself. */
export async function recordRemote(tx: Tx, row: SyncRow, remote: RemoteState): Promise<void> {
  await tx.db
    .insertInto("history")
    .values({
      record: row.row,
      version: row.version,
      origin: "remote",
      at: remote.at,
      by: remote.by,
      why: "the cloud's side of a merge",
      deleted: remote.deleted ? 1 : 0,
      fields: fieldsText(remote.fields),
      rev: remote.rev,
    })
    .execute();
}

/** Every state that the record had, and every state of the cloud's that was merged into it, oldest first. */
export function statesOf(tx: Tx, row: Pick<SyncRow, "row">): Promise<PastState[]> {
  return tx.db
    .selectFrom("history")
    .select(["version", "origin", "by", "at", "deleted", "fields"])
    .where("record", "=", row.row)
    .orderBy("seq")
    .execute();
}

/**
 * Puts a field that both sides changed on the list for a person; it stands there once, however often the same two values
 * meet. True if they had met before, also where somebody resolved that.
 */
export async function addConflict(
  tx: Tx,
  conflict: {
    id: string;
    /** The record's row. */
    record: number;
    field: string;
    base: unknown;
    local: unknown;
    remote: unknown;
    localBy: string;
    localAt: string;
    remoteBy: string;
    remoteAt: string;
    at: string;
  },
): Promise<boolean> {
  const { record, field } = conflict;
  const local = JSON.stringify(conflict.local);
  const remote = JSON.stringify(conflict.remote);
  const earlier = await tx.db
    .selectFrom("conflicts")
    .select("kept")
    .where("record", "=", record)
    .where("field", "=", field)
    .where("local", "=", local)
    .where("remote", "=", remote)
    .execute();
  if (earlier.some(({ kept }) => kept === null)) return true;
  await tx.db
    .insertInto("conflicts")
    .values({
      id: conflict.id,
      record,
      field,
      base: JSON.stringify(conflict.base),
      local,
      remote,
      local_by: conflict.localBy,
      local_at: conflict.localAt,
      remote_by: conflict.remoteBy,
      remote_at: conflict.remoteAt,
      at: conflict.at,
      kept: null,
      resolved_at: null,
      resolved_by: null,
    })
    .execute();
  return earlier.length > 0;
}

/** How many records one step of forgetting takes: a transaction of some milliseconds. */
const FORGOTTEN_AT_ONCE = 1_000;

/**
 * Forgets what the cloud holds of the next records after that row, keeping what both sides last agreed on as the base
 * of later merges: they are pushed again and compared. For another cloud, and for one that may have gone back to an
 * earlier state. Resolves with the last row it took, or null when all are done.
 */
export async function forgetCloud(tx: Tx, after: number): Promise<number | null> {
  const next = await tx.db
    .selectFrom("records")
    .select("row")
    .where("rev", "is not", null)
    .where("row", ">", after)
    .orderBy("row")
    .limit(FORGOTTEN_AT_ONCE)
    .execute();
  const last = next.at(-1)?.row;
  if (last === undefined) {
    await tx.db.updateTable("captures").set({ uploaded: 0 }).where("uploaded", "=", 1).execute();
    return null;
  }
  await tx.db
    .updateTable("records")
    .set((eb) => {
      const agreed = eb
        .selectFrom("history")
        .whereRef("history.record", "=", "records.row")
        .whereRef("history.version", "=", "records.version_synced")
        .where("origin", "!=", "remote")
        .orderBy("seq", "desc")
        .limit(1);
      return {
        base_deleted: eb
          .case()
          .when("base_fields", "is not", null)
          .then(eb.ref("base_deleted"))
          .else(agreed.select("history.deleted"))
          .end(),
        base_fields: eb.fn.coalesce("base_fields", agreed.select("history.fields")),
        rev: null,
        version_synced: -1,
        rejected_version: null,
        rejected_code: null,
        rejected_message: null,
      };
    })
    .where("rev", "is not", null)
    .where("row", ">", after)
    .where("row", "<=", last)
    .execute();
  return last;
}
