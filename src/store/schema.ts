import type { Generated } from "kysely";

/** One record in its newest state, with what the sync worker knows of the cloud's. */
export interface RecordsTable {
  /** Place in the order of creation; never reused. */
  row: Generated<number>;
  id: string;
  kind: string;
  deleted: number;
  /** JSON text of `RecordFields`, known names in their one order. */
  fields: string;
  /** Derived by the database from `fields`. */
  time: Generated<string>;
  patient: Generated<string | null>;
  /** Counts local changes; the sync worker never writes it. 0: made by the cloud and never changed here. */
  version: number;
  /** Version that the cloud last confirmed; only the sync worker writes it. -1: the cloud must be asked anew. */
  version_synced: number;
  /** The cloud's name for the state that it last confirmed or sent. */
  rev: string | null;
  /** What the cloud holds as `rev`, where that is not the newest state in `history` of version `version_synced`. */
  base_fields: string | null;
  base_deleted: number | null;
  /** Version that the cloud refused for good; it is not sent again until the record changes. */
  rejected_version: number | null;
  rejected_code: string | null;
  rejected_message: string | null;
  /** The session or import that gave it. */
  capture: string | null;
  /** The bytes as they came. */
  raw: Uint8Array | null;
  changed_at: string;
  changed_by: string;
  changed_why: string;
}

/** Every state that a record ever had, and every state of the cloud's that was merged. Rows are never changed. */
export interface HistoryTable {
  /** The store's sequence of changes: feeds resume by it. */
  seq: Generated<number>;
  record: number;
  version: number;
  /** `local`: changed here; `cloud`: taken from the cloud; `merge`: of both; `remote`: the cloud's side of a merge. */
  origin: "local" | "cloud" | "merge" | "remote";
  at: string;
  by: string;
  why: string;
  deleted: number;
  fields: string;
  rev: string | null;
}

/** A field that was changed on both sides, for a person to look at. */
export interface ConflictsTable {
  id: string;
  record: number;
  field: string;
  /** JSON text of the three values. */
  base: string;
  local: string;
  remote: string;
  local_by: string;
  local_at: string;
  remote_by: string;
  remote_at: string;
  at: string;
  /** Null while open, then which side was kept. */
  kept: "local" | "remote" | null;
  resolved_at: string | null;
  resolved_by: string | null;
}

/** What a source said in one session or import, as it was said. Only `uploaded` ever changes. */
export interface CapturesTable {
  id: string;
  kind: "session" | "import";
  driver: string;
  started_at: string;
  ended_at: string;
  /** `done`, `partial` (broke off, what came before is kept) or a problem's code. */
  outcome: string;
  /** JSON: manufacturer, model, serial, clockErrorMs. */
  device: string;
  /** JSON: ids of the records that the session told of. */
  records: string;
  /** JSON: how many were new, known, unreadable. */
  counts: string;
  sha256: string | null;
  /** Gzipped transcript of a session. */
  bytes: Uint8Array | null;
  uploaded: number;
}

/** What could not be understood, kept for inspection. */
export interface QuarantineTable {
  id: Generated<number>;
  capture: string | null;
  /** Driver's id, or `cloud`. */
  origin: string;
  code: string;
  detail: string;
  raw: Uint8Array;
  at: string;
}

/** A meter that was read, by driver and serial number. */
export interface MetersTable {
  driver: string;
  serial: string;
  manufacturer: string | null;
  model: string | null;
  firmware: string | null;
  port: string;
  last_read_at: string;
  /** The meter's clock minus the hub's; null if the meter shows none. */
  clock_error_ms: number | null;
  outcome: string;
  /** What the driver noted for its next session; null: it reads everything. */
  cursor: string | null;
}

/** What the sync worker must remember between rounds: cursor, cloud, last success. */
export interface SyncStateTable {
  name: string;
  value: string;
}

/** Who may sync. `fence` grows each time the lease changes hands. */
export interface LeaseTable {
  name: string;
  holder: string;
  fence: number;
  expires_at: number;
}

/** Facts about this store: hub id, epoch. */
export interface FactsTable {
  name: string;
  value: string;
}

/** API tokens; only their hash is kept. */
export interface TokensTable {
  id: string;
  name: string;
  hash: string;
  created_at: string;
  revoked_at: string | null;
}

/** An export's record and the meter's record of the same measurement. Only undoing ever changes it. */
export interface TwinsTable {
  /** Row of the export's record. */
  copy: number;
  /** Row of the meter's record, the one that counts. */
  original: number;
  /** Name of the rule by which they were found. */
  rule: string;
  at: string;
  by: string;
  /** Null while the link stands. */
  undone_at: Generated<string | null>;
  undone_by: Generated<string | null>;
}

/** How far records have been looked at for twins: one row, `records`, with the last record's. */
export interface TwinsSeenTable {
  name: "records";
  row: number;
}

/** The store's tables, for Kysely. */
export interface Schema {
  records: RecordsTable;
  history: HistoryTable;
  conflicts: ConflictsTable;
  captures: CapturesTable;
  quarantine: QuarantineTable;
  meters: MetersTable;
  sync_state: SyncStateTable;
  lease: LeaseTable;
  facts: FactsTable;
  tokens: TokensTable;
  twins: TwinsTable;
  twins_seen: TwinsSeenTable;
}
