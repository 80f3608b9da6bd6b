import { createHash } from "node:crypto";
import { Problem } from "../domain/problem.js";
import { fieldsText, type GlucoRecord, type Kind, type RecordFields } from "../domain/record.js";
import { editedFields } from "../domain/validate.js";
import { hot } from "./hot.js";
import type { Store, Tx } from "./store.js";

/** A record to be kept: its identity is derived from its source, so that the same one is never kept twice. */
export interface NewRecord {
  readonly id: string;
  readonly kind: Kind;
  readonly fields: RecordFields;
  readonly raw: Uint8Array | null;
}

/** Who changes something, why, and when (RFC 3339). */
export interface Author {
  readonly by: string;
  readonly why: string;
  readonly at: string;
}

/** A record with what may be said of its newest state. */
export interface StoredRecord {
  readonly record: GlucoRecord;
  /** Names this state of its content; changes with every change. */
  readonly etag: string;
}

interface InsertRow {
  id: string;
  kind: string;
  fields: string;
  capture: string | null;
  raw: Uint8Array | null;
  changed_at: string;
  changed_by: string;
  changed_why: string;
}

const INSERT = hot<InsertRow>(
  (db, slot) =>
    db
      .insertInto("records")
      .values({
        id: slot("id"),
        kind: slot("kind"),
        deleted: 0,
        fields: slot("fields"),
        version: 1,
        version_synced: 0,
        capture: slot("capture"),
        raw: slot("raw"),
        changed_at: slot("changed_at"),
        changed_by: slot("changed_by"),
        changed_why: slot("changed_why"),
      })
      .onConflict((conflict) => conflict.column("id").doNothing()),
  {
    sql: `INSERT INTO records
      (id, kind, deleted, fields, version, version_synced, capture, raw, changed_at, changed_by, changed_why)
      SELECT id, kind, 0, fields, 1, 0, capture, raw, changed_at, changed_by, changed_why
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::text[])
        AS given (id, kind, fields, capture, raw, changed_at, changed_by, changed_why)
      ON CONFLICT (id) DO NOTHING RETURNING id`,
    columns: ["id", "kind", "fields", "capture", "raw", "changed_at", "changed_by", "changed_why"],
    key: "id",
  },
);

const UPDATE = hot<{
  row: number;
  fields: string;
  deleted: number;
  changed_at: string;
  changed_by: string;
  changed_why: string;
}>((db, slot) =>
  db
    .updateTable("records")
    .set((eb) => ({
      fields: slot("fields"),
      deleted: slot("deleted"),
      version: eb("version", "+", 1),
      changed_at: slot("changed_at"),
      changed_by: slot("changed_by"),
      changed_why: slot("changed_why"),
    }))
    .where("row", "=", slot("row")),
);

/** Columns that make a record for outside. */
export interface RecordRow {
  readonly row: number;
  readonly id: string;
  readonly kind: string;
  readonly deleted: number;
  readonly fields: string;
}

/** A row of the store as outside programs see the record. */
export function toRecord(row: Pick<RecordRow, "id" | "kind" | "deleted" | "fields">): GlucoRecord {
  return {
    id: row.id,
    kind: row.kind as Kind,
    deleted: row.deleted === 1,
    ...(JSON.parse(row.fields) as RecordFields),
  };
}

/** Names a state of a record's content. */
export function etagOf(row: Pick<RecordRow, "deleted" | "fields">): string {
  return createHash("sha256").update(`${row.deleted}${row.fields}`).digest("hex").slice(0, 32);
}

/**
 * Keeps one page of what a source gave, in one transaction with whatever else `tx` does. A record that is known stays
 * as it is, edits and deletion included. Says for each whether it was new.
 */
export async function ingestPage(
  tx: Tx,
  records: readonly NewRecord[],
  capture: string | null,
  author: Author,
): Promise<boolean[]> {
  const fresh: boolean[] = [];
  // Rows of a large page are made while they are written, so that they needn't be kept together.
  for (let at = 0; at < records.length; at += ROWS_AT_ONCE) {
    const rows = records.slice(at, at + ROWS_AT_ONCE).map((record) => ({
      id: record.id,
      kind: record.kind,
      fields: fieldsText(record.fields),
      capture,
      raw: record.raw,
      changed_at: author.at,
      changed_by: author.by,
      changed_why: author.why,
    }));
    for (const count of await tx.many(INSERT, rows)) fresh.push(count > 0);
  }
  return fresh;
}

/** How many rows are written with one call: of those, PostgreSQL takes as many with one message. */
const ROWS_AT_ONCE = 1_000;

/** Keeps one record that a person typed, durable when it resolves. */
export async function addRecord(store: Store, record: NewRecord, author: Author): Promise<StoredRecord> {
  await store.write((tx) => ingestPage(tx, [record], null, author));
  return getRecord(store, record.id);
}

/** Throws RECORD_NOT_FOUND. */
export async function getRecord(store: Store, id: string): Promise<StoredRecord> {
  const row = await store.read
    .selectFrom("records")
    .select(["row", "id", "kind", "deleted", "fields"])
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined) throw new Problem("RECORD_NOT_FOUND", `There is no record ${id}.`);
  return { record: toRecord(row), etag: etagOf(row) };
}

/** What a change makes of a record's state. */
type Change = (row: RecordRow, fields: RecordFields, tx: Tx) => Promise<{ fields: RecordFields; deleted: boolean }>;

/**
 * Changes one record in one transaction; a change that changes nothing writes nothing. Throws RECORD_NOT_FOUND,
 * RECORD_STALE where `etag` is given and another state stands, and what `change` throws.
 */
async function changeRecord(
  store: Store,
  id: string,
  author: Author,
  etag: string | null,
  change: Change,
): Promise<StoredRecord> {
  return store.write((tx) => changeRecordIn(tx, id, author, etag, change));
}

async function changeRecordIn(
  tx: Tx,
  id: string,
  author: Author,
  etag: string | null,
  change: Change,
): Promise<StoredRecord> {
  const row = await tx.db
    .selectFrom("records")
    .select(["row", "id", "kind", "deleted", "fields"])
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined) throw new Problem("RECORD_NOT_FOUND", `There is no record ${id}.`);
  if (etag !== null && etag !== etagOf(row)) throw new Problem("RECORD_STALE");
  const next = await change(row, JSON.parse(row.fields) as RecordFields, tx);
  const changed = { ...row, fields: fieldsText(next.fields), deleted: next.deleted ? 1 : 0 };
  if (changed.fields !== row.fields || changed.deleted !== row.deleted) {
    await tx.many(UPDATE, [
      {
        row: row.row,
        fields: changed.fields,
        deleted: changed.deleted,
        changed_at: author.at,
        changed_by: author.by,
        changed_why: author.why,
      },
    ]);
  }
  return { record: toRecord(changed), etag: etagOf(changed) };
}

/** Edits fields as far as a person may (see `editedFields`). */
export function editRecord(
  store: Store,
  id: string,
  patch: Readonly<Record<string, unknown>>,
  author: Author,
  etag: string | null = null,
): Promise<StoredRecord> {
  return changeRecord(store, id, author, etag, editing(id, patch));
}

/** The same inside a transaction that does more. */
export function editRecordIn(
  tx: Tx,
  id: string,
  patch: Readonly<Record<string, unknown>>,
  author: Author,
): Promise<StoredRecord> {
  return changeRecordIn(tx, id, author, null, editing(id, patch));
}

/** Gives a record that is not removed other fields, whatever they are, as a local change. They must have been checked. */
export async function rewriteIn(tx: Tx, row: number, fields: RecordFields, author: Author): Promise<void> {
  const { at, by, why } = author;
  await tx.many(UPDATE, [
    { row, fields: fieldsText(fields), deleted: 0, changed_at: at, changed_by: by, changed_why: why },
  ]);
}

/** Raises the version of a record whose content stays: it is told to the cloud once more. Throws RECORD_NOT_FOUND. */
export async function insistIn(tx: Tx, id: string, author: Author): Promise<void> {
  const row = await tx.db
    .selectFrom("records")
    .select(["row", "deleted", "fields"])
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined) throw new Problem("RECORD_NOT_FOUND", `There is no record ${id}.`);
  const { by, at, why } = author;
  await tx.many(UPDATE, [{ ...row, changed_at: at, changed_by: by, changed_why: why }]);
}

function editing(id: string, patch: Readonly<Record<string, unknown>>): Change {
  return async (row, fields) => {
    const { deleted, ...rest } = patch;
    if (deleted !== undefined && typeof deleted !== "boolean")
      throw new Problem("RECORD_INVALID", "deleted must be true or false.");
    return { fields: editedFields(id, row.kind as Kind, fields, rest), deleted: deleted ?? row.deleted === 1 };
  };
}

/** Marks it as deleted; a tombstone remains. */
export function removeRecord(
  store: Store,
  id: string,
  author: Author,
  etag: string | null = null,
): Promise<StoredRecord> {
  return changeRecord(store, id, author, etag, async (_row, fields) => ({ fields, deleted: true }));
}

/**
 * Brings back an earlier state (numbered from 1, oldest first), or without a number the newest that was not deleted.
 * What a device or an export measured is the same in all states. Throws RECORD_STATE_UNKNOWN.
 */
export function restoreRecord(store: Store, id: string, state: number | null, author: Author): Promise<StoredRecord> {
  return changeRecord(store, id, author, null, async (row, fields, tx) => {
    const states = await tx.db
      .selectFrom("history")
      .select(["deleted", "fields"])
      .where("record", "=", row.row)
      .orderBy("seq")
      .execute();
    const wanted = state === null ? states.filter((entry) => entry.deleted === 0).at(-1) : states[state - 1];
    if (wanted === undefined) throw new Problem("RECORD_STATE_UNKNOWN", `Record ${id} has ${states.length} states.`);
    const earlier = JSON.parse(wanted.fields) as RecordFields;
    if (fields.source === "manual") return { fields: earlier, deleted: wanted.deleted === 1 };
    const { note, meal, patient, time } = earlier;
    return { fields: { ...fields, note, meal, patient, time }, deleted: wanted.deleted === 1 };
  });
}
