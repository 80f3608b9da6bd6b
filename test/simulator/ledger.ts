import type Database from "better-sqlite3";
import { type Content, contentOf, type Fields, sameValue, valueIn } from "./content.js";

/** One of a record's own states, as the hub's history tells it. */
export interface OwnState {
  readonly seq: number;
  readonly version: number;
  readonly origin: "local" | "cloud" | "merge";
  readonly by: string;
  readonly content: Content;
  readonly before: OwnState | null;
}

/** A listed conflict. */
export interface ListedConflict {
  /** Id of the record. */
  readonly record: string;
  readonly field: string;
  readonly local: unknown;
  readonly remote: unknown;
}

/** A record's numbers and content as they stand. */
export interface Standing {
  readonly version: number;
  readonly versionSynced: number;
  readonly rev: string | null;
  readonly base: Content | null;
  readonly rejectedVersion: number | null;
  readonly content: Content;
}

/** All that a hub's store ever held of one record. */
export interface RecordLedger {
  readonly id: string;
  readonly own: OwnState[];
  /** What stood in earlier lives of the store. */
  readonly past: { readonly own: OwnState[]; readonly conflicts: ListedConflict[] };
  /** Texts of every state that stood in the hub's history, the cloud's sides of merges among them. */
  readonly texts: Set<string>;
  readonly conflicts: ListedConflict[];
  now: Standing | null;
}

interface HistoryRow {
  readonly seq: number;
  readonly record: number;
  readonly version: number;
  readonly origin: OwnState["origin"] | "remote";
  readonly by: string;
  readonly deleted: number;
  readonly fields: string;
  readonly rev: string | null;
}

interface StandingRow {
  readonly row: number;
  readonly id: string;
  readonly deleted: number;
  readonly fields: string;
  readonly version: number;
  readonly version_synced: number;
  readonly rev: string | null;
  readonly base_fields: string | null;
  readonly base_deleted: number | null;
  readonly rejected_version: number | null;
}

interface ConflictRow {
  readonly place: number;
  readonly record: number;
  readonly field: string;
  readonly local: string;
  readonly remote: string;
}

/** What one look at the store found new. */
export interface News {
  readonly states: readonly { readonly record: RecordLedger; readonly state: OwnState }[];
  readonly changed: readonly { readonly record: RecordLedger; readonly before: Standing | null }[];
  readonly conflicts: readonly ListedConflict[];
  readonly quarantined: number;
  readonly fence: number;
  readonly cursorBefore: string | null;
  readonly cursor: string | null;
  /** True if another connection changed anything at all. */
  readonly written: boolean;
}

/**
 * What a hub's store holds and ever held, read from its file by plain SQL after each commit: the simulator's own
 * record, which outlives a store that is put back to an earlier copy.
 */
export class Ledger {
  readonly records = new Map<string, RecordLedger>();
  /** Names of the cloud's states that this hub was seen to know. */
  readonly revs = new Set<string>();
  fence = 0;
  cursor: string | null = null;
  /** States before this one are of an earlier life of the store. */
  lives = 1;
  readonly #byRow = new Map<number, RecordLedger>();
  readonly #contents = new Map<string, Content>();
  readonly #standing = new Map<number, StandingRow>();
  #read: Statements;
  #seq = 0;
  #conflict = 0;
  #quarantine = 0;
  #dataVersion = -1;

  constructor(file: Database.Database) {
    this.#read = prepare(file);
  }

  /** The store was exchanged for another file: what is in it counts as known, what was only in the old one is past. */
  exchange(file: Database.Database): void {
    this.#read = prepare(file);
    this.lives += 1;
    this.#byRow.clear();
    this.#standing.clear();
    for (const record of this.records.values()) {
      record.now = null;
      record.past.own.push(...record.own.splice(0));
      record.past.conflicts.push(...record.conflicts.splice(0));
    }
    this.revs.clear();
    this.fence = 0;
    [this.#seq, this.#conflict, this.#quarantine, this.#dataVersion] = [0, 0, 0, -1];
    this.look();
  }

  /** Reads what is new since the last look. */
  look(): News {
    const dataVersion = this.#read.dataVersion.get() ?? 0;
    const written = dataVersion !== this.#dataVersion;
    this.#dataVersion = dataVersion;
    const changed = this.#lookAtRecords();
    const states = this.#lookAtHistory();
    const conflicts = this.#lookAtConflicts();
    const quarantined = this.#lookAtQuarantine();
    const cursorBefore = this.cursor;
    this.cursor = this.#read.cursor.get() ?? null;
    this.fence = this.#read.fence.get() ?? 0;
    return { states, changed, conflicts, quarantined, fence: this.fence, cursorBefore, cursor: this.cursor, written };
  }

  #lookAtRecords(): { record: RecordLedger; before: Standing | null }[] {
    const changed: { record: RecordLedger; before: Standing | null }[] = [];
    for (const row of this.#read.records.all()) {
      const known = this.#standing.get(row.row);
      if (known !== undefined && sameRow(known, row)) continue;
      this.#standing.set(row.row, row);
      const record = this.#recordOf(row);
      changed.push({ record, before: record.now });
      if (row.rev !== null) this.revs.add(row.rev);
      record.now = {
        version: row.version,
        versionSynced: row.version_synced,
        rev: row.rev,
        base: row.base_fields === null ? null : this.#content(row.base_deleted ?? 0, row.base_fields),
        rejectedVersion: row.rejected_version,
        content: this.#content(row.deleted, row.fields),
      };
    }
    return changed;
  }

  #lookAtHistory(): { record: RecordLedger; state: OwnState }[] {
    const states: { record: RecordLedger; state: OwnState }[] = [];
    for (const row of this.#read.history.all(this.#seq)) {
      this.#seq = row.seq;
      const record = this.#byRow.get(row.record);
      if (record === undefined) continue;
      const content = this.#content(row.deleted, row.fields);
      record.texts.add(content.text);
      if (row.rev !== null) this.revs.add(row.rev);
      if (row.origin === "remote") continue;
      const { seq, version, origin, by } = row;
      const state: OwnState = { seq, version, origin, by, content, before: record.own.at(-1) ?? null };
      record.own.push(state);
      states.push({ record, state });
    }
    return states;
  }

  #lookAtConflicts(): ListedConflict[] {
    const listed: ListedConflict[] = [];
    for (const row of this.#read.conflicts.all(this.#conflict)) {
      this.#conflict = row.place;
      const [local, remote] = [row.local, row.remote].map((text) => JSON.parse(text) as unknown);
      const record = this.#byRow.get(row.record);
      const conflict = { record: record?.id ?? "", field: row.field, local, remote };
      record?.conflicts.push(conflict);
      listed.push(conflict);
    }
    return listed;
  }

  #lookAtQuarantine(): number {
    let count = 0;
    for (const row of this.#read.quarantine.all(this.#quarantine)) {
      this.#quarantine = row.id;
      count += 1;
      const told = JSON.parse(Buffer.from(row.raw).toString("utf8")) as { rev?: unknown };
      if (typeof told.rev === "string") this.revs.add(told.rev);
    }
    return count;
  }

  #recordOf(row: StandingRow): RecordLedger {
    const known = this.#byRow.get(row.row);
    if (known !== undefined) return known;
    const record: RecordLedger = this.records.get(row.id) ?? {
      id: row.id,
      own: [],
      past: { own: [], conflicts: [] },
      texts: new Set(),
      conflicts: [],
      now: null,
    };
    this.records.set(row.id, record);
    this.#byRow.set(row.row, record);
    return record;
  }

  #content(deleted: number, fields: string): Content {
    const key = deleted + fields;
    const content = this.#contents.get(key) ?? contentOf(deleted === 1, JSON.parse(fields) as Fields);
    this.#contents.set(key, content);
    return content;
  }
}

/** The content that the store takes to be the cloud's under `rev`: the base of the next merge. Null if it knows none. */
export function baseOf(record: RecordLedger): Content | null {
  const { now } = record;
  if (now === null || now.rev === null) return null;
  if (now.base !== null) return now.base;
  return record.own.findLast((state) => state.version === now.versionSynced)?.content ?? null;
}

/** True if a person at this hub (or `anybody`: a state taken from the cloud will do) changed the field from that value. */
export function changedHereFrom(record: RecordLedger, field: string, value: unknown, anybody = false): boolean {
  return [...record.past.own, ...record.own].some(
    ({ origin, before, content }) =>
      (anybody || origin === "local") &&
      before !== null &&
      sameValue(valueIn(before.content, field), value) &&
      !sameValue(valueIn(content, field), value),
  );
}

/** True if a conflict of that field is listed whose cloud's side has that value. */
export function listedFrom(record: RecordLedger, field: string, remote: unknown): boolean {
  return [...record.past.conflicts, ...record.conflicts].some(
    (conflict) => conflict.field === field && sameValue(conflict.remote, remote),
  );
}

interface Statements {
  readonly records: Database.Statement<[], StandingRow>;
  readonly history: Database.Statement<[number], HistoryRow>;
  readonly conflicts: Database.Statement<[number], ConflictRow>;
  readonly quarantine: Database.Statement<[number], { id: number; raw: Uint8Array }>;
  readonly cursor: Database.Statement<[], string>;
  readonly fence: Database.Statement<[], number>;
  readonly dataVersion: Database.Statement<[], number>;
}

function prepare(file: Database.Database): Statements {
  return {
    records: file.prepare(
      "SELECT row, id, deleted, fields, version, version_synced, rev, base_fields, base_deleted, rejected_version FROM records",
    ),
    history: file.prepare(
      "SELECT seq, record, version, origin, by, deleted, fields, rev FROM history WHERE seq > ? ORDER BY seq",
    ),
    conflicts: file.prepare(
      "SELECT rowid AS place, record, field, local, remote FROM conflicts WHERE rowid > ? ORDER BY rowid",
    ),
    quarantine: file.prepare("SELECT id, raw FROM quarantine WHERE id > ? AND origin = 'cloud' ORDER BY id"),
    cursor: file.prepare<[], string>("SELECT value FROM sync_state WHERE name = 'cursor'").pluck(),
    fence: file.prepare<[], number>("SELECT fence FROM lease WHERE name = 'sync'").pluck(),
    dataVersion: file.prepare<[], number>("PRAGMA data_version").pluck(),
  };
}

function sameRow(a: StandingRow, b: StandingRow): boolean {
  return (
    a.version === b.version &&
    a.version_synced === b.version_synced &&
    a.rev === b.rev &&
    a.fields === b.fields &&
    a.deleted === b.deleted &&
    a.base_fields === b.base_fields &&
    a.base_deleted === b.base_deleted &&
    a.rejected_version === b.rejected_version
  );
}
