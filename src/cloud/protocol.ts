/** Most changes in one push (protocol, "POST /v1/push"). */
export const MAX_PUSH_CHANGES = 1000;
/** Most bytes of a push's body after decoding: 4 MiB (protocol, "POST /v1/push"). */
export const MAX_PUSH_BYTES = 4 * 1024 * 1024;
/** Records a page where the caller names no `limit` (protocol, "GET /v1/changes"). */
export const DEFAULT_PAGE = 500;
/** Most records a page (protocol, "GET /v1/changes"). */
export const MAX_PAGE = 1000;
/** Longest `wait` in seconds (protocol, "GET /v1/changes"). */
export const MAX_WAIT_SECONDS = 30;
/** Most bytes of a capture's body after decoding: 16 MiB. The protocol names no bound; this cloud's own. */
export const MAX_CAPTURE_BYTES = 16 * 1024 * 1024;

/** A record's content as it came over the wire: one flat object, of names known here and names known only elsewhere. */
export type WireFields = Readonly<Record<string, unknown>>;

/** One change that a hub sends. */
export interface PushChange {
  readonly id: string;
  readonly kind: string;
  /** The rev that the change was made on; null if the hub knows of none. */
  readonly base: string | null;
  readonly deleted: boolean;
  readonly fields: WireFields;
}

/** What became of one change. */
export type PushResult =
  | { readonly id: string; readonly status: "accepted"; readonly rev: string }
  | {
      readonly id: string;
      readonly status: "conflict";
      readonly rev: string;
      readonly deleted: boolean;
      readonly fields: WireFields;
    }
  | { readonly id: string; readonly status: "rejected"; readonly code: string; readonly message: string };

/** A record in its newest state, as a hub pulls it. */
export interface CloudRecord {
  readonly id: string;
  readonly kind: string;
  readonly rev: string;
  readonly deleted: boolean;
  readonly fields: WireFields;
  /** Hub id, or the name of whoever used the editor. */
  readonly changedBy: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly changedAt: string;
}

/** What changed after a cursor, oldest first, each record at most once. */
export interface ChangesPage {
  readonly changes: readonly CloudRecord[];
  readonly cursor: string;
  /** Another page is ready now. */
  readonly more: boolean;
}

/** One state that a record has or had. */
export interface RecordState {
  readonly rev: string;
  /** The rev that it was made on, as its maker named it; null for a first state. */
  readonly parent: string | null;
  readonly deleted: boolean;
  readonly fields: WireFields;
  readonly by: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly at: string;
}
