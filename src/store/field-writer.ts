import type { PastState } from "./sync-records.js";

/** Who gave a field the value that it has, and when (RFC 3339). */
export interface FieldWriter {
  readonly by: string;
  readonly at: string;
}

/**
 * Who gave a field (or `deleted`) its present value, by the record's history, oldest state first. A value that came in
 * by a merge is its author's in the cloud, not the merge's. Undefined without any history.
 */
export function writerOf(states: readonly PastState[], field: string): FieldWriter | undefined {
  let writer: FieldWriter | undefined;
  let value: string | undefined;
  let remote: PastState | undefined;
  for (const state of states) {
    if (state.origin === "remote") {
      remote = state;
      continue;
    }
    const now = fieldText(state, field);
    if (writer === undefined || now !== value) {
      const source = state.origin === "merge" && remote !== undefined ? remote : state;
      writer = { by: source.by, at: source.at };
    }
    value = now;
  }
  return writer;
}

function fieldText(state: PastState, field: string): string {
  if (field === "deleted") return String(state.deleted);
  return JSON.stringify((JSON.parse(state.fields) as Record<string, unknown>)[field] ?? null);
}
