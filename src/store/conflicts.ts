import { Problem } from "../domain/problem.js";
import { correctFieldIn, EXPORT_AUTHOR } from "./corrections.js";
import { type Author, editRecordIn, insistIn } from "./records.js";
import type { Store } from "./store.js";

/** A field that was changed on both sides, as outside programs see it. `deleted` may be the field. */
export interface Conflict {
  readonly id: string;
  /** Id of the record. */
  readonly record: string;
  readonly field: string;
  readonly base: unknown;
  readonly local: unknown;
  readonly remote: unknown;
  readonly localBy: string;
  readonly localAt: string;
  readonly remoteBy: string;
  readonly remoteAt: string;
  readonly at: string;
}

function openConflicts(store: Store) {
  return store.read
    .selectFrom("conflicts")
    .innerJoin("records", "records.row", "conflicts.record")
    .selectAll("conflicts")
    .select(["records.id as record_id", "records.rejected_code"])
    .where("kept", "is", null)
    .orderBy("conflicts.at", "desc");
}

type ConflictRow = Awaited<ReturnType<ReturnType<typeof openConflicts>["execute"]>>[number];

function toConflict(row: ConflictRow): Conflict {
  return {
    id: row.id,
    record: row.record_id,
    field: row.field,
    base: JSON.parse(row.base) as unknown,
    local: JSON.parse(row.local) as unknown,
    remote: JSON.parse(row.remote) as unknown,
    localBy: row.local_by,
    localAt: row.local_at,
    remoteBy: row.remote_by,
    remoteAt: row.remote_at,
    at: row.at,
  };
}

/** The conflicts that nobody has resolved yet, newest first. */
export async function listConflicts(store: Store): Promise<Conflict[]> {
  return (await openConflicts(store).execute()).map(toConflict);
}

/** Why a record is not pushed: the cloud insists on another value than a device said here, and a person must decide. */
export const DISPUTED = "disputed";

/**
 * Resolves a conflict in one transaction: `local` leaves the record as it is (and tells the cloud once more, where that
 * insisted on another value than a device said), `remote` sets the field to what the cloud
 * or the export said, as a local change. Throws CONFLICT_NOT_FOUND, and RECORD_FIELD_FIXED where the remote side differs in what a
 * device measured.
 */
export async function resolveConflict(
  store: Store,
  id: string,
  keep: "local" | "remote",
  author: Author,
): Promise<Conflict> {
  const row = await openConflicts(store).where("conflicts.id", "=", id).executeTakeFirst();
  if (row === undefined) throw new Problem("CONFLICT_NOT_FOUND", `There is no open conflict ${id}.`);
  const conflict = toConflict(row);
  await store.write(async (tx) => {
    const done = await tx.db
      .updateTable("conflicts")
      .set({ kept: keep, resolved_at: author.at, resolved_by: author.by })
      .where("id", "=", id)
      .where("kept", "is", null)
      .executeTakeFirst();
    if (Number(done.numUpdatedRows) === 0)
      throw new Problem("CONFLICT_NOT_FOUND", `Conflict ${id} was resolved in the meantime.`);
    if (keep === "local" && row.rejected_code === DISPUTED) await insistIn(tx, conflict.record, author);
    if (keep !== "remote") return;
    const said = { [conflict.field]: conflict.remote };
    // What an export says of its own sample may be taken, also where nobody may edit it by hand.
    if (row.remote_by.startsWith(EXPORT_AUTHOR)) await correctFieldIn(tx, row.record, said, author);
    else await editRecordIn(tx, conflict.record, said, author);
  });
  return conflict;
}
