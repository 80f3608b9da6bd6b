import { type Expression, type SqlBool, sql } from "kysely";
import { Problem } from "../domain/problem.js";
import type { GlucoRecord, RecordFields } from "../domain/record.js";
import { sayTheSame, TWIN_KINDS } from "../domain/twins.js";
import type { Dialect } from "./hot.js";
import { hot } from "./hot.js";
import { type Author, type RecordRow, toRecord } from "./records.js";
import type { Store, Tx } from "./store.js";

/** A record of which another way may have brought the same measurement. */
export interface TwinRecord {
  readonly row: number;
  readonly kind: string;
  readonly deleted: boolean;
  readonly fields: RecordFields;
}

/** Two records of one measurement, as outside programs see them. */
export interface Twins {
  /** What the meter said: the one that counts. */
  readonly meter: GlucoRecord;
  /** What the export said. */
  readonly copy: GlucoRecord;
  /** Name of the rule by which they were found. */
  readonly rule: string;
  /** When they were found and by whom, RFC 3339. */
  readonly at: string;
  readonly by: string;
  /** False while the two say different things (one was removed, edited or corrected since): then both count. */
  readonly holds: boolean;
}

/** A page of links, the newest meter's records first; `next` is null at the end. */
export interface TwinsPage {
  readonly twins: Twins[];
  readonly next: string | null;
}

/** In the words of the partial index `records_of_meters`: kinds written out, and the source looked for as text. */
const OF_METERS: Readonly<Record<Dialect, Expression<SqlBool>>> = {
  sqlite: sql<SqlBool>`(records.kind in ('glucose', 'ketone') and instr(records.fields, '"source":"meter"') > 0)`,
  postgres: sql<SqlBool>`(records.kind in ('glucose', 'ketone') and strpos(records.fields, '"source":"meter"') > 0)`,
};

const COLUMNS = ["records.row", "records.kind", "records.deleted", "records.fields", "records.time"] as const;

interface TwinRow extends Pick<RecordRow, "row" | "kind" | "deleted" | "fields"> {
  readonly time: string;
}

function toTwinRecord({ row, kind, deleted, fields }: TwinRow): TwinRecord {
  return { row, kind, deleted: deleted === 1, fields: JSON.parse(fields) as RecordFields };
}

/** Instants as records write them; both belong to the span. */
export interface TwinSpan {
  readonly since: string;
  readonly until: string;
}

/**
 * Readings of meters that have no twin, in the order of their times, at most `limit`. `after`: the last one of the page
 * before, or null.
 */
export async function unlinkedOfMeters(
  store: Store,
  { since, until }: TwinSpan,
  after: TwinRecord | null,
  limit: number,
): Promise<TwinRecord[]> {
  let query = unlinked(store)
    .where("records.time", ">=", after?.fields.time ?? since)
    .where("records.time", "<=", until);
  if (after !== null) {
    const { row, fields } = after;
    query = query.where((eb) => eb.or([eb("records.time", ">", fields.time), eb("records.row", ">", row)]));
  }
  const rows = await query.orderBy("records.time").orderBy("records.row").limit(limit).execute();
  return rows.map(toTwinRecord);
}

/** The same of a span of rows, `after` not included and `upTo` included. */
export async function newOfMeters(store: Store, after: number, upTo: number): Promise<TwinRecord[]> {
  const rows = await unlinked(store).where(rowsOf(after, upTo)).execute();
  return rows.map(toTwinRecord);
}

function unlinked(store: Store) {
  return store.read
    .selectFrom("records")
    .select(COLUMNS)
    .where(OF_METERS[store.dialect])
    .where("records.deleted", "=", 0)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom("twins")
            .select("twins.copy")
            .whereRef("twins.original", "=", "records.row")
            .where("twins.undone_at", "is", null),
        ),
      ),
    );
}

/** What new rows hold of kinds that may have twins. */
export interface NewReadings {
  /** How many are of meters; links and removals not regarded. */
  readonly ofMeters: number;
  /** From when to when there are others than meters'; null if there are none. */
  readonly others: TwinSpan | null;
}

/** What there is among the rows after the one, up to and with the other: one look, as an import has a million. */
export async function newReadings(store: Store, after: number, upTo: number): Promise<NewReadings> {
  const ofMeters = OF_METERS[store.dialect];
  const found = await store.read
    .selectFrom("records")
    .select((eb) => [
      eb.fn.count("records.row").filterWhere(ofMeters).as("meters"),
      eb.fn.min("records.time").filterWhere(eb.not(ofMeters)).as("since"),
      eb.fn.max("records.time").filterWhere(eb.not(ofMeters)).as("until"),
    ])
    .where(rowsOf(after, upTo))
    .where("records.kind", "in", TWIN_KINDS)
    .executeTakeFirst();
  // A minimum of no rows is null, whatever the types say.
  const { meters = 0, since = null, until = null } = (found ?? {}) as Partial<Record<string, number | string | null>>;
  const others = since === null || until === null ? null : { since: String(since), until: String(until) };
  return { ofMeters: Number(meters), others };
}

/** Rows after the one, up to and with the other. */
function rowsOf(after: number, upTo: number): Expression<SqlBool> {
  return sql<SqlBool>`records."row" > ${after} and records."row" <= ${upTo}`;
}

interface Near extends TwinSpan {
  readonly kind: string;
  readonly limit: number;
}

const NEAR = hot<Near>((db, slot) =>
  db
    .selectFrom("records")
    .select(["row", "kind", "deleted", "fields", "time"])
    .where("time", ">=", slot("since"))
    .where("time", "<=", slot("until"))
    .where("kind", "=", slot("kind"))
    .limit(slot("limit")),
);

/** Every record of a kind in a span of time, removed ones included, at most `limit`. */
export async function readingsIn(from: Store | Tx, near: Near): Promise<TwinRecord[]> {
  const rows =
    "query" in from ? await from.query<Near, TwinRow>(NEAR, near) : await from.all<Near, TwinRow>(NEAR, near);
  return rows.map(toTwinRecord);
}

/** A record by its row, in a transaction; null if there is none. */
export async function twinRecordIn(tx: Tx, row: number): Promise<TwinRecord | null> {
  const found = await tx.db.selectFrom("records").select(COLUMNS).where("row", "=", row).executeTakeFirst();
  return found === undefined ? null : toTwinRecord(found);
}

/**
 * Links two records. False where the pair had a link already, standing or undone, or one of them has another: then
 * nothing is written.
 */
export async function linkTwinsIn(
  tx: Tx,
  { meter, copy }: { readonly meter: TwinRecord; readonly copy: TwinRecord },
  { rule, by, at }: { readonly rule: string; readonly by: string; readonly at: string },
): Promise<boolean> {
  const done = await tx.db
    .insertInto("twins")
    .values({ copy: copy.row, original: meter.row, rule, at, by })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return Number(done.numInsertedOrUpdatedRows ?? 0) > 0;
}

/** The row up to which records were looked at, and the newest record's. */
export async function twinsSeen(store: Store): Promise<{ readonly seen: number; readonly last: number }> {
  const seen = await store.read.selectFrom("twins_seen").select("row").executeTakeFirst();
  const last = await store.read
    .selectFrom("records")
    .select((eb) => eb.fn.max("row").as("row"))
    .executeTakeFirst();
  return { seen: Number(seen?.row ?? 0), last: Number(last?.row ?? 0) };
}

/** Notes that records up to that row were looked at; a lower one than noted changes nothing. */
export async function noteTwinsSeenIn(tx: Tx, row: number): Promise<void> {
  await tx.db
    .insertInto("twins_seen")
    .values({ name: "records", row })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ row }).where("twins_seen.row", "<", row))
    .execute();
}

/** The links that were not undone, page by page. Throws REQUEST_INVALID for a cursor that it did not give. */
export async function listTwins(
  store: Store,
  query: { after?: string | undefined; limit: number },
): Promise<TwinsPage> {
  let links = standing(store);
  if (query.after !== undefined) links = links.where("twins.original", "<", readCursor(query.after));
  const rows = await links
    .orderBy("twins.original", "desc")
    .limit(query.limit + 1)
    .execute();
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return { twins: page.map(toTwins), next: rows.length > page.length && last ? cursorOf(last.original) : null };
}

function standing(store: Store) {
  return store.read
    .selectFrom("twins")
    .innerJoin("records as o", "o.row", "twins.original")
    .innerJoin("records as c", "c.row", "twins.copy")
    .select(["twins.original", "twins.copy", "twins.rule", "twins.at", "twins.by"])
    .select(["o.id as o_id", "o.kind as kind", "o.deleted as o_deleted", "o.fields as o_fields"])
    .select(["c.id as c_id", "c.kind as c_kind", "c.deleted as c_deleted", "c.fields as c_fields"])
    .where("twins.undone_at", "is", null);
}

type TwinsRow = Awaited<ReturnType<ReturnType<typeof standing>["execute"]>>[number];

function toTwins(row: TwinsRow): Twins {
  const meter = toRecord({ id: row.o_id, kind: row.kind, deleted: row.o_deleted, fields: row.o_fields });
  const copy = toRecord({ id: row.c_id, kind: row.c_kind, deleted: row.c_deleted, fields: row.c_fields });
  const measured = (record: GlucoRecord) => ({ kind: record.kind, deleted: record.deleted, fields: record });
  const { rule, at, by } = row;
  return { meter, copy, rule, at, by, holds: sayTheSame(measured(meter), measured(copy)) };
}

function cursorOf(row: number): string {
  return Buffer.from(`twins ${row}`).toString("base64url");
}

function readCursor(text: string): number {
  const match = /^twins (\d{1,15})$/.exec(Buffer.from(text, "base64url").toString());
  if (match === null) throw new Problem("REQUEST_INVALID", "after must be the next of an earlier answer.");
  return Number(match[1]);
}

/**
 * Undoes the link of that record, the meter's or the export's, for good: both count from now on, and the pair is never
 * linked again. Throws RECORD_NOT_FOUND if there is no such record or it has no twin.
 */
export async function undoTwins(store: Store, id: string, author: Pick<Author, "by" | "at">): Promise<Twins> {
  const row = await standing(store)
    .where((eb) => eb.or([eb("o.id", "=", id), eb("c.id", "=", id)]))
    .executeTakeFirst();
  if (row === undefined) throw await noTwin(store, id);
  await store.write(async (tx) => {
    const done = await tx.db
      .updateTable("twins")
      .set({ undone_at: author.at, undone_by: author.by })
      .where("copy", "=", row.copy)
      .where("original", "=", row.original)
      .where("undone_at", "is", null)
      .executeTakeFirst();
    if (Number(done.numUpdatedRows) === 0) throw await noTwin(store, id);
  });
  return toTwins(row);
}

async function noTwin(store: Store, id: string): Promise<Problem> {
  const known = await store.read.selectFrom("records").select("row").where("id", "=", id).executeTakeFirst();
  const what = known === undefined ? `There is no record ${id}.` : `Record ${id} is not linked with another one.`;
  return new Problem("RECORD_NOT_FOUND", what);
}
