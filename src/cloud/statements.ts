import type Database from "better-sqlite3";

/** A record's newest state as a row; `fields` is JSON text, `deleted` 0 or 1. */
export interface RecordRow {
  readonly seq: number;
  readonly id: string;
  readonly kind: string;
  readonly rev: string;
  readonly parent: string | null;
  readonly deleted: number;
  readonly fields: string;
  readonly by: string;
  readonly at: string;
}

/** A capture as a row; `facts` is its JSON without the bytes. */
export interface CaptureRow {
  readonly number: number;
  readonly id: string;
  readonly sha256: string;
  readonly facts: string;
  readonly at: string;
}

type NewState = [
  seq: number,
  id: string,
  kind: string,
  rev: string,
  parent: string | null,
  deleted: number,
  fields: string,
  by: string,
  at: string,
];

/** Every statement of the cloud's store, prepared once: a push of a thousand runs each of them a thousand times. */
export function prepareStatements(db: Database.Database) {
  return {
    generation: db.prepare<[], string>("select value from meta where name = 'generation'").pluck(),
    lastSeq: db.prepare<[], number>("select coalesce(max(seq), 0) from records").pluck(),
    record: db.prepare<[string], RecordRow>("select * from records where id = ?"),
    create: db.prepare<NewState>(
      `insert into records (seq, id, kind, rev, parent, deleted, fields, by, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (id) do nothing`,
    ),
    keepState: db.prepare<[string]>(
      `insert into states (seq, id, rev, parent, deleted, fields, by, at)
       select seq, id, rev, parent, deleted, fields, by, at from records where id = ?`,
    ),
    change: db.prepare<[number, string, string | null, number, string, string, string, string]>(
      "update records set seq = ?, rev = ?, parent = ?, deleted = ?, fields = ?, by = ?, at = ? where id = ?",
    ),
    revAt: db
      .prepare<{ seq: number }, string>(
        "select rev from records where seq = :seq union all select rev from states where seq = :seq",
      )
      .pluck(),
    changesAfter: db.prepare<[number, number], RecordRow>("select * from records where seq > ? order by seq limit ?"),
    revsAfter: db.prepare<[number], { seq: number; id: string; rev: string }>(
      "select seq, id, rev from records where seq > ? order by seq",
    ),
    revBefore: db
      .prepare<[string, number], string>("select rev from states where id = ? and seq <= ? order by seq desc limit 1")
      .pluck(),
    newestBefore: db.prepare<[number, number], RecordRow>(
      "select * from records where seq < ? order by seq desc limit ?",
    ),
    statesOf: db.prepare<{ id: string }, Omit<RecordRow, "kind">>(
      `select seq, id, rev, parent, deleted, fields, by, at from states where id = :id
       union all select seq, id, rev, parent, deleted, fields, by, at from records where id = :id order by seq`,
    ),
    captureSum: db.prepare<[string], string>("select sha256 from captures where id = ?").pluck(),
    putCapture: db.prepare<[string, string, string, Uint8Array | null, string]>(
      "insert into captures (id, sha256, facts, bytes, at) values (?, ?, ?, ?, ?)",
    ),
    captures: db.prepare<[number, number], CaptureRow>(
      "select number, id, sha256, facts, at from captures where number < ? order by number desc limit ?",
    ),
    captureBytes: db.prepare<[string], Uint8Array | null>("select bytes from captures where id = ?").pluck(),
  };
}

/** The prepared statements of one open file. */
export type Statements = ReturnType<typeof prepareStatements>;
