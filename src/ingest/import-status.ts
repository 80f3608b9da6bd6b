import type { ImportStatus } from "../domain/status.js";

/** The status of an import that has just begun. */
export function begunImport(id: string, name: string): ImportStatus {
  return {
    import: id,
    name,
    state: "running",
    format: null,
    doneBytes: 0,
    totalBytes: 0,
    new: 0,
    known: 0,
    unreadable: 0,
    problem: null,
  };
}
