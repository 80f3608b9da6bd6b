import { Problem } from "../domain/problem.js";
import { sameContent } from "./canonical.js";
import { checkChange } from "./check-push.js";
import type { PushChange, PushResult, WireFields } from "./protocol.js";
import type { Statements } from "./statements.js";

/** What is common to all states that one transaction writes. */
export interface Writing {
  readonly run: Statements;
  /** Who changes. */
  readonly by: string;
  /** When, RFC 3339, UTC, milliseconds. */
  readonly at: string;
  /** The next number in the sequence of changes. One that is not used leaves a gap, nothing else. */
  nextSeq(): number;
  /** The rev of the state with that number. */
  rev(seq: number): string;
}

/** Stores one pushed change, or says why not (protocol, "POST /v1/push"). Runs inside a transaction. */
export function writeChange(writing: Writing, change: PushChange): PushResult {
  const { id, kind, base, deleted, fields } = change;
  const wrong = checkChange(change);
  if (wrong !== null) return { id, status: "rejected", code: "invalid", message: wrong };
  // Most changes are new records: for those, finding out and storing are one statement.
  const created = base === null ? writeFirst(writing, change) : null;
  if (created !== null) return { id, status: "accepted", rev: created };
  const row = writing.run.record.get(id);
  if (row === undefined) {
    // The hub was told of a state that this cloud has lost with its last days: the hub's copy brings it back.
    const rev = writeFirst(writing, change);
    if (rev === null) throw new Problem("INTERNAL", `record ${id} is there and not there`);
    return { id, status: "accepted", rev };
  }
  if (row.kind !== kind) {
    return {
      id,
      status: "rejected",
      code: "invalid",
      message: `this record is of kind ${row.kind}: that never changes`,
    };
  }
  if ((row.deleted === 1) === deleted && sameContent(row.fields, fields)) {
    return { id, status: "accepted", rev: row.rev };
  }
  if (row.rev !== base) {
    return { id, status: "conflict", rev: row.rev, deleted: row.deleted === 1, fields: JSON.parse(row.fields) };
  }
  return { id, status: "accepted", rev: writeNext(writing, id, { parent: base, deleted, fields }) };
}

/** Stores a state that follows the record's newest one, `parent`, which is kept; gives its rev. */
export function writeNext(
  writing: Writing,
  id: string,
  state: { readonly parent: string; readonly deleted: boolean; readonly fields: WireFields },
): string {
  const { run, by, at } = writing;
  const seq = writing.nextSeq();
  const rev = writing.rev(seq);
  run.keepState.run(id);
  run.change.run(seq, rev, state.parent, state.deleted ? 1 : 0, JSON.stringify(state.fields), by, at, id);
  return rev;
}

/** Stores a first state and gives its rev; null if there is such a record. */
function writeFirst(writing: Writing, change: PushChange): string | null {
  const { id, kind, base, deleted, fields } = change;
  const { run, by, at } = writing;
  const seq = writing.nextSeq();
  const rev = writing.rev(seq);
  const { changes } = run.create.run(seq, id, kind, rev, base, deleted ? 1 : 0, JSON.stringify(fields), by, at);
  return changes === 1 ? rev : null;
}
