import type Database from "better-sqlite3";
import type { Clock } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import { sameContent } from "./canonical.js";
import { type CaptureShelf, openCaptureShelf } from "./capture-shelf.js";
import { checkFields } from "./check-fields.js";
import { cursorText, readCursor } from "./cursor.js";
import { type CloudDigest, digestOf } from "./digest.js";
import type { ChangesPage, CloudRecord, PushChange, PushResult, RecordState, WireFields } from "./protocol.js";
import { type Random, randomName, systemRandom } from "./random-name.js";
import { openCloudFile } from "./schema.js";
import { prepareStatements, type RecordRow, type Statements } from "./statements.js";
import { type Writing, writeChange, writeNext } from "./write-state.js";

/** What a cloud's store needs. */
export interface CloudStoreOptions {
  /** The SQLite file, made if there is none; `:memory:` for a store that is gone with its process. */
  readonly path: string;
  readonly clock: Pick<Clock, "now">;
  /** Names the store and its revs; default the machine's own randomness. */
  readonly random?: Random;
}

/** A page of changes as rows, for whoever writes the JSON without reading the fields. */
export interface RowsPage {
  readonly rows: readonly RecordRow[];
  readonly cursor: string;
  readonly more: boolean;
}

/** What a person changes of a record; what is left out stays. */
export interface Edit {
  readonly fields?: WireFields;
  readonly deleted?: boolean;
  /** Who edits. */
  readonly by: string;
  /** The rev that the person saw: RECORD_STALE if the record has moved on. Left out: edits whatever is there. */
  readonly ifRev?: string;
}

/**
 * The cloud's records, without the network: what a push stores and answers, what changed since when, and every state
 * that a record ever had. Everything is synchronous and on disk when it returns.
 */
export class CloudStore {
  readonly captures: CaptureShelf;
  /** Stands for everything that the store holds. */
  readonly digest: () => CloudDigest;
  readonly #db: Database.Database;
  readonly #run: Statements;
  readonly #clock: Pick<Clock, "now">;
  readonly #generation: string;
  /**
   * Stands in each rev and is new at each opening: a file that was restored from a backup counts its changes from
   * where the backup was, and must not give a rev a second time.
   */
  readonly #epoch: string;
  readonly #listeners = new Set<() => void>();

  /** Opens the file. Throws STORE_UNUSABLE or STORE_NEWER. */
  constructor(options: CloudStoreOptions) {
    const random = options.random ?? systemRandom;
    this.#clock = options.clock;
    this.#db = openCloudFile(options.path, randomName(random, 12));
    this.#run = prepareStatements(this.#db);
    this.#generation = this.#run.generation.get() ?? "";
    this.#epoch = randomName(random, 10);
    this.digest = digestOf(this.#run);
    this.captures = openCaptureShelf(this.#run, options.clock);
  }

  /**
   * Takes each change, or says why not: one result a change, in their order. What is accepted is durable on return.
   * Changes come as they were sent: each is judged here.
   */
  push(changes: readonly PushChange[], by: string): PushResult[] {
    return this.#write(by, (writing) => changes.map((change) => writeChange(writing, change)));
  }

  /**
   * What changed after the cursor (null: from the beginning), at most `limit` records. Throws SYNC_CURSOR_LOST for a
   * cursor of another store, or of a state that this store does not hold (it was restored from a backup since).
   */
  changes(after: string | null, limit: number): ChangesPage {
    const { rows, cursor, more } = this.rowsAfter(after, limit);
    return { changes: rows.map(recordOf), cursor, more };
  }

  /** As `changes`, in rows. */
  rowsAfter(after: string | null, limit: number): RowsPage {
    const start = after === null ? 0 : this.#seqAt(after);
    const rows = this.#run.changesAfter.all(start, limit + 1);
    const more = rows.length > limit;
    if (more) rows.pop();
    const last = rows.at(-1);
    return {
      rows,
      cursor: last === undefined ? (after ?? this.#cursor(0, "")) : this.#cursor(last.seq, last.rev),
      more,
    };
  }

  /** The record in its newest state; null if there is none of that id. */
  record(id: string): CloudRecord | null {
    const row = this.#run.record.get(id);
    return row === undefined ? null : recordOf(row);
  }

  /** Records by their last change, newest first; `before` is the `next` of the page before, null for the first. */
  newest(before: string | null, limit: number): { records: CloudRecord[]; next: string | null } {
    const rows = this.#run.newestBefore.all(before === null ? Number.MAX_SAFE_INTEGER : Number(before), limit + 1);
    const more = rows.length > limit;
    if (more) rows.pop();
    const last = rows.at(-1);
    return { records: rows.map(recordOf), next: more && last !== undefined ? String(last.seq) : null };
  }

  /** Every state of the record, oldest first; the last is the newest. Empty if there is none of that id. */
  states(id: string): RecordState[] {
    return this.#run.statesOf.all({ id }).map(({ rev, parent, deleted, fields, by, at }) => ({
      rev,
      parent,
      deleted: deleted === 1,
      fields: JSON.parse(fields),
      by,
      at,
    }));
  }

  /** A new record from the cloud's own side. Throws RECORD_INVALID, or RECORD_STALE if the id is taken. */
  create(id: string, kind: string, fields: WireFields, by: string): CloudRecord {
    const [result] = this.push([{ id, kind, base: null, deleted: false, fields }], by);
    if (result?.status === "rejected") throw new Problem("RECORD_INVALID", result.message);
    if (result?.status !== "accepted") throw new Problem("RECORD_STALE", `there is a record ${id} already`);
    return this.#known(id);
  }

  /**
   * Changes fields or the deleted mark of a record; an edit that changes nothing makes no new state. Throws
   * RECORD_NOT_FOUND, RECORD_STALE, RECORD_INVALID.
   */
  edit(id: string, edit: Edit): CloudRecord {
    return this.#write(edit.by, (writing) => {
      const row = this.#run.record.get(id);
      if (row === undefined) throw new Problem("RECORD_NOT_FOUND");
      if (edit.ifRev !== undefined && edit.ifRev !== row.rev) throw new Problem("RECORD_STALE");
      const fields: WireFields = { ...JSON.parse(row.fields), ...edit.fields };
      const wrong = checkFields(row.kind, fields);
      if (wrong !== null) throw new Problem("RECORD_INVALID", wrong);
      const deleted = edit.deleted ?? row.deleted === 1;
      if (deleted !== (row.deleted === 1) || !sameContent(row.fields, fields)) {
        writeNext(writing, id, { parent: row.rev, deleted, fields });
      }
      return this.#known(id);
    });
  }

  /** Calls back after each change that is committed, until the returned function is called. */
  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Closes the file; may be called twice. */
  close(): void {
    this.#listeners.clear();
    this.#db.close();
  }

  /** Runs `work` in one transaction that no other writer can come between, then tells the listeners if it changed anything. */
  #write<T>(by: string, work: (writing: Writing) => T): T {
    const at = new Date(this.#clock.now()).toISOString();
    let before = 0;
    let seq = 0;
    const writing: Writing = {
      run: this.#run,
      by,
      at,
      nextSeq: () => ++seq,
      rev: (number) => `${this.#epoch}-${number.toString(36)}`,
    };
    const result = this.#db
      .transaction(() => {
        before = this.#run.lastSeq.get() ?? 0;
        seq = before;
        return work(writing);
      })
      .immediate();
    if (seq > before) for (const listener of [...this.#listeners]) listener();
    return result;
  }

  #seqAt(cursor: string): number {
    const place = readCursor(cursor);
    if (place === null || place.generation !== this.#generation) throw new Problem("SYNC_CURSOR_LOST");
    const rev = place.seq === 0 ? "" : this.#run.revAt.get({ seq: place.seq });
    if (rev !== place.rev) throw new Problem("SYNC_CURSOR_LOST");
    return place.seq;
  }

  #cursor(seq: number, rev: string): string {
    return cursorText({ generation: this.#generation, seq, rev });
  }

  #known(id: string): CloudRecord {
    const record = this.record(id);
    if (record === null) throw new Problem("INTERNAL", `record ${id} is gone`);
    return record;
  }
}

function recordOf(row: RecordRow): CloudRecord {
  const { id, kind, rev, deleted, fields, by, at } = row;
  return { id, kind, rev, deleted: deleted === 1, fields: JSON.parse(fields), changedBy: by, changedAt: at };
}
