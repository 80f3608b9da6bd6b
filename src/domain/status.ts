import type { GlucoRecord } from "./record.js";

/** What goes on with an attached or known meter, as `GET /meters` and `glucohub meters` show it. */
export interface MeterStatus {
  /** Port or address; null for a meter that is not attached now. */
  readonly port: string | null;
  readonly driver: string | null;
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  /** RFC 3339; null if it was never read. */
  readonly lastRead: string | null;
  /** The meter's clock minus the hub's. */
  readonly clockErrorMs: number | null;
  /**
   * `waiting` (nobody answers yet), `reading`, `done`, `failed`, `away`, `unclaimed` (no driver claims it), `unpaired` (a
   * Bluetooth meter in reach that is nobody's here yet).
   */
  readonly state: "waiting" | "reading" | "done" | "failed" | "away" | "unclaimed" | "unpaired";
  /** Readings told so far in this or the last session, and how many the meter announced. */
  readonly progress: { readonly read: number; readonly expected: number | null; readonly new: number };
  /** Why this driver claims it, or what is wrong, one sentence. */
  readonly detail: string;
  /** A virtual meter. */
  readonly virtual: boolean;
}

/** How the pairing with a Bluetooth meter goes, as `GET /pairings/{id}` and the event stream show it. */
export interface PairingStatus {
  readonly pairing: string;
  /** `ble:C0:FF:EE:00:00:01`. */
  readonly port: string;
  /** The meter's name; null if it has none. */
  readonly name: string | null;
  /**
   * `connecting`; `passkey` (the six digits that the meter shows are wanted); `confirm` (whether both show `digits`);
   * `shown` (`digits` are to be typed on the meter); `done`; `failed`.
   */
  readonly state: "connecting" | "passkey" | "confirm" | "shown" | "done" | "failed";
  /** Six digits; null where there are none. */
  readonly digits: string | null;
  /** What to do now, or what went wrong, one sentence. */
  readonly detail: string;
}

/** How far an import is, as `GET /imports/{id}` shows it. */
export interface ImportStatus {
  readonly import: string;
  readonly name: string;
  readonly state: "running" | "done" | "partial" | "failed";
  /** Driver's id; null until the kind of file is known. */
  readonly format: string | null;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly new: number;
  readonly known: number;
  readonly unreadable: number;
  /** A problem's code and sentences, where it ended with one. */
  readonly problem: { readonly code: string; readonly detail: string; readonly remedy: string } | null;
}

/** How the sync is, as `GET /sync` shows it. */
export interface SyncStatus {
  /** `idle` (nothing to do), `running`, `waiting` (for a later try), `blocked` (a person must do something). */
  readonly state: "idle" | "running" | "waiting" | "blocked";
  readonly pending: number;
  readonly conflicts: number;
  readonly rejected: number;
  readonly lastSuccess: string | null;
  /** When hub and cloud were last found to hold the same records. */
  readonly lastCompared: string | null;
  /** The last failure that is not over, one sentence with what to do. */
  readonly lastError: string | null;
  /** `bullmq`, or `timer` while Redis is away, or `off` where no cloud is set. */
  readonly scheduler: "bullmq" | "timer" | "off";
  /** The cloud's kind and address; null if none is set. Never the token. */
  readonly cloud: { readonly kind: string; readonly url: string } | null;
}

/** What the event stream tells. `record` has its place in the store's sequence, by which a reader resumes. */
export type HubEvent =
  | { readonly type: "record"; readonly seq: number; readonly data: GlucoRecord }
  | { readonly type: "meter"; readonly data: MeterStatus }
  | { readonly type: "sync"; readonly data: SyncStatus }
  | { readonly type: "pairing"; readonly data: PairingStatus }
  | { readonly type: "import"; readonly data: ImportStatus }
  | { readonly type: "conflict"; readonly data: { readonly open: number } };
