import type { CaptureDevice } from "../../store/captures.js";

/** One record's newest local state on its way up. */
export interface PushChange {
  readonly id: string;
  readonly kind: string;
  /** Rev of the cloud's state that the change was made on; null if none is known. */
  readonly base: string | null;
  readonly deleted: boolean;
  /** JSON text of the fields, sent as it stands in the store. */
  readonly fieldsText: string;
}

/** What the cloud says of one pushed change. */
export type PushResult =
  | { readonly status: "accepted"; readonly rev: string }
  | {
      readonly status: "conflict";
      readonly rev: string;
      readonly deleted: boolean;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly status: "rejected"; readonly code: string; readonly message: string };

/** One record's newest state in the cloud. */
export interface RemoteChange {
  readonly id: string;
  readonly kind: string;
  readonly rev: string;
  readonly deleted: boolean;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly changedBy: string;
  /** RFC 3339. */
  readonly changedAt: string;
}

/** A page of the cloud's sequence of changes. */
export interface RemotePage {
  readonly changes: readonly RemoteChange[];
  readonly cursor: string;
  readonly more: boolean;
}

/** What a source said in one session, on its way up. */
export interface CaptureUpload {
  readonly id: string;
  readonly kind: "session" | "import";
  readonly driver: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly device: CaptureDevice;
  readonly records: readonly string[];
  readonly sha256: string | null;
  /** Gzipped transcript. */
  readonly bytes: Uint8Array | null;
}

/**
 * A kind of cloud. Every call may be repeated. Each throws SYNC_UNREACHABLE (no answer, or 5xx, 429 with
 * `retryAfterMs` in its context), SYNC_BAD_ANSWER, SYNC_UNAUTHORIZED, SYNC_TOO_LARGE, SYNC_MALFORMED, SYNC_CURSOR_LOST:
 * an answer that is not understood is never taken for success.
 */
export interface Cloud {
  readonly kind: string;
  /** Address, for people and to notice that another cloud is meant. */
  readonly url: string;
  /** Results in the order of the changes; at most 1,000 changes and about 4 MiB. */
  push(hub: string, changes: readonly PushChange[], signal: AbortSignal): Promise<readonly PushResult[]>;
  /** What changed after the cursor; waits up to that long for something. */
  changes(cursor: string | null, limit: number, waitSeconds: number, signal: AbortSignal): Promise<RemotePage>;
  /** Stands for every record that the cloud holds, with its rev (see `Digest`); null if this cloud gives none. */
  digest(signal: AbortSignal): Promise<{ readonly count: number; readonly digest: string } | null>;
  /** False if this cloud keeps no captures. */
  putCapture(hub: string, capture: CaptureUpload, signal: AbortSignal): Promise<boolean>;
}
