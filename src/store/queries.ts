import { Problem } from "../domain/problem.js";
import type { GlucoRecord, Kind, RecordFields } from "../domain/record.js";
import { toRecord } from "./records.js";
import type { Store } from "./store.js";

/** Which records are wanted. Times are instants as records write them; `since` belongs to the span, `until` does not. */
export interface RecordQuery {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly kind?: Kind | undefined;
  readonly patient?: string | undefined;
  /** True for deleted ones too. */
  readonly deleted?: boolean | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  /** 1 to 1,000. */
  readonly limit: number;
}

/** A page of records, newest first; `next` is null at the end. */
export interface RecordPage {
  readonly records: GlucoRecord[];
  readonly next: string | null;
}

/** Lists records newest first, page by page; steady while others write. Throws REQUEST_INVALID for a cursor it did not give. */
export async function listRecords(store: Store, query: RecordQuery): Promise<RecordPage> {
  let rows = store.read.selectFrom("records").select(["row", "id", "kind", "deleted", "fields", "time"]);
  if (query.deleted !== true) rows = rows.where("deleted", "=", 0);
  if (query.since !== undefined) rows = rows.where("time", ">=", query.since);
  if (query.until !== undefined) rows = rows.where("time", "<", query.until);
  if (query.kind !== undefined) rows = rows.where("kind", "=", query.kind);
  if (query.patient !== undefined) rows = rows.where("patient", "=", query.patient);
  if (query.after !== undefined) {
    const place = readCursor(query.after);
    rows = rows.where((eb) =>
      eb.or([eb("time", "<", place.time), eb.and([eb("time", "=", place.time), eb("row", "<", place.row)])]),
    );
  }
  const found = await rows
    .orderBy("time", "desc")
    .orderBy("row", "desc")
    .limit(query.limit + 1)
    .execute();
  const page = found.slice(0, query.limit);
  const last = page.at(-1);
  return {
    records: page.map(toRecord),
    next:
      found.length > query.limit && last !== undefined
        ? Buffer.from(JSON.stringify([last.time, last.row])).toString("base64url")
        : null,
  };
}

function readCursor(text: string): { time: string; row: number } {
  try {
    const [time, row] = JSON.parse(Buffer.from(text, "base64url").toString()) as unknown[];
    if (typeof time === "string" && typeof row === "number") return { time, row };
  } catch {
    // falls through: not one of ours
  }
  throw new Problem("REQUEST_INVALID", "after must be the next of an earlier answer.");
}

/** One state that a record ever had. */
export interface RecordState {
  /** Counted from 1, oldest first. */
  readonly state: number;
  readonly at: string;
  readonly by: string;
  readonly why: string;
  readonly deleted: boolean;
  readonly fields: RecordFields;
}

/** A state with what never leaves the hub, for `glucohub history --json`. */
export interface InnerState extends RecordState {
  readonly origin: "local" | "cloud" | "merge" | "remote";
  readonly version: number;
}

/** Every state of a record, oldest first, and its present numbers. Throws RECORD_NOT_FOUND. */
export async function historyOf(
  store: Store,
  id: string,
): Promise<{ states: InnerState[]; version: number; versionSynced: number }> {
  const row = await store.read
    .selectFrom("records")
    .select(["row", "version", "version_synced"])
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined) throw new Problem("RECORD_NOT_FOUND", `There is no record ${id}.`);
  const states = await store.read
    .selectFrom("history")
    .selectAll()
    .where("record", "=", row.row)
    .orderBy("seq")
    .execute();
  return {
    version: row.version,
    versionSynced: row.version_synced,
    states: states.map((state, index) => ({
      state: index + 1,
      at: state.at,
      by: state.by,
      why: state.why,
      deleted: state.deleted === 1,
      fields: JSON.parse(state.fields) as RecordFields,
      origin: state.origin,
      version: state.version,
    })),
  };
}

/** Takes the numbers that never leave the hub off a state. */
export function outerState({ state, at, by, why, deleted, fields }: InnerState): RecordState {
  return { state, at, by, why, deleted, fields };
}

/** One change in the store's sequence, for feeds. */
export interface ChangeEvent {
  readonly seq: number;
  readonly record: GlucoRecord;
  /** It was made here and has still to go to the cloud. */
  readonly local: boolean;
}

/** Changes after that place of the sequence, oldest first, each record in the state that it got then. */
export async function changesAfter(store: Store, seq: number, limit: number): Promise<ChangeEvent[]> {
  const rows = await store.read
    .selectFrom("history")
    .innerJoin("records", "records.row", "history.record")
    .select(["history.seq", "history.origin", "records.id", "records.kind", "history.deleted", "history.fields"])
    .where("history.seq", ">", seq)
    .where("history.origin", "!=", "remote")
    .orderBy("history.seq")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ seq: row.seq, record: toRecord(row), local: row.origin === "local" }));
}

/** The newest place of the sequence, and whether a change after `seq` was made here: for who wants none of them. */
export async function beyond(store: Store, seq: number): Promise<{ last: number; local: boolean }> {
  const last = Math.max(seq, await lastChange(store));
  const local = await store.read
    .selectFrom("history")
    .select("seq")
    .where("seq", ">", seq)
    .where("seq", "<=", last)
    .where("origin", "=", "local")
    .limit(1)
    .executeTakeFirst();
  return { last, local: local !== undefined };
}

/** The newest place of the store's sequence of changes; 0 in an empty store. */
export async function lastChange(store: Store): Promise<number> {
  const row = await store.read
    .selectFrom("history")
    .select((eb) => eb.fn.max("seq").as("seq"))
    .executeTakeFirst();
  return Number(row?.seq ?? 0);
}

/** Counts for status pages. */
export interface StoreCounts {
  /** Not deleted. */
  readonly records: number;
  readonly deleted: number;
  /** Changes that the cloud has not confirmed, without the refused ones. */
  readonly pending: number;
  readonly rejected: number;
  readonly conflicts: number;
  readonly quarantined: number;
  readonly capturesWaiting: number;
}

/** Counts what stands in the store. */
export async function storeCounts(store: Store): Promise<StoreCounts> {
  const count = async (query: {
    executeTakeFirst(): Promise<{ n: number | string | bigint } | undefined>;
  }): Promise<number> => Number((await query.executeTakeFirst())?.n ?? 0);
  const all = await count(store.read.selectFrom("records").select((eb) => eb.fn.countAll().as("n")));
  const deleted = await count(
    store.read
      .selectFrom("records")
      .select((eb) => eb.fn.countAll().as("n"))
      .where("deleted", "=", 1),
  );
  return {
    records: all - deleted,
    deleted,
    ...(await dirtyCounts(store)),
    conflicts: await openConflicts(store),
    quarantined: await count(store.read.selectFrom("quarantine").select((eb) => eb.fn.countAll().as("n"))),
    capturesWaiting: await count(
      store.read
        .selectFrom("captures")
        .select((eb) => eb.fn.countAll().as("n"))
        .where("uploaded", "=", 0),
    ),
  };
}

/** How many conflicts wait for a person. Cheap. */
export async function openConflicts(store: Store): Promise<number> {
  const row = await store.read
    .selectFrom("conflicts")
    .select((eb) => eb.fn.countAll().as("n"))
    .where("kept", "is", null)
    .executeTakeFirst();
  return Number(row?.n ?? 0);
}

/** How many records have changes that the cloud has not confirmed, and how many of them it refused. Cheap. */
export async function dirtyCounts(store: Store): Promise<{ pending: number; rejected: number }> {
  const dirty = await store.read
    .selectFrom("records")
    .select((eb) => eb.fn.countAll().as("n"))
    .whereRef("version", ">", "version_synced")
    .executeTakeFirst();
  const refused = await store.read
    .selectFrom("records")
    .select((eb) => eb.fn.countAll().as("n"))
    .where("rejected_version", "is not", null)
    .whereRef("rejected_version", "=", "version")
    .executeTakeFirst();
  const rejected = Number(refused?.n ?? 0);
  return { pending: Number(dirty?.n ?? 0) - rejected, rejected };
}
