import type { Problem, ProblemCode } from "../domain/problem.js";
import type { SourceIdentity } from "../domain/reading.js";
import type { GlucoRecord, Kind } from "../domain/record.js";

/** How many ids a report and a capture list at most; the counts are always of all. A meter holds far fewer. */
export const MOST_LISTED_IDS = 10_000;
/** How many first things that were not understood a report tells. */
export const MOST_TOLD_UNREADABLE = 5;

/**
 * How many readings of one kind a session told of. Known ones are all that the store had; of those, `changed` follow an
 * export that tells them differently now.
 */
export interface KindCount {
  readonly kind: Kind;
  readonly new: number;
  readonly known: number;
  readonly changed: number;
}

/** How far a session is. What counts as new or known is durable in the store. */
export interface SessionProgress {
  /** Readings and unreadable things that the source told so far, stored or not yet. */
  readonly read: number;
  /** How many the source announced; null where it did not. */
  readonly expected: number | null;
  readonly new: number;
  readonly known: number;
  readonly unreadable: number;
  readonly identity: SourceIdentity | null;
  /** The source's clock minus the hub's, milliseconds; null if unknown (as yet). */
  readonly clockErrorMs: number | null;
  /** Bytes of the file, where the source is one. */
  readonly doneBytes: number | null;
  readonly totalBytes: number | null;
}

/** How a session ended. Everything that it counts or names is durable in the store (if there is one). */
export interface SessionReport {
  /** `done`, or the code of the problem that ended it. */
  readonly outcome: "done" | ProblemCode;
  readonly problem: Problem | null;
  /** True if the source named itself and was left alone, as it was to be. */
  readonly left: boolean;
  /** True if a problem ended it after something had been told: it was read only in part. */
  readonly partial: boolean;
  readonly identity: SourceIdentity | null;
  /** The source's clock minus the hub's, milliseconds; null if it has none or it could not be read. */
  readonly clockErrorMs: number | null;
  readonly new: number;
  readonly known: number;
  /** Of the known ones, those that follow an export that tells them differently now. */
  readonly changed: number;
  /** Of the known ones, those that somebody changed here or in the cloud and an export tells differently: for a person. */
  readonly conflicts: number;
  readonly unreadable: number;
  readonly byKind: readonly KindCount[];
  /** The first `MOST_TOLD_UNREADABLE` things that were not understood. */
  readonly firstUnreadable: readonly { readonly code: string; readonly detail: string }[];
  /** Ids of the records told of, each once, in their order; the first `MOST_LISTED_IDS`. */
  readonly recordIds: readonly string[];
  /** Without a store: the records themselves, if they were asked for. */
  readonly records: readonly GlucoRecord[] | null;
  /** Id of the capture that was kept; null if none was (no store, or nobody answered). */
  readonly capture: string | null;
}
