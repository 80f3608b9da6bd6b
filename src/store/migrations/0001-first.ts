/**
 * The first schema. Frozen: a store in the field was made by exactly this text; later changes are migrations of their own.
 *
 * Every table has guards that ask the connection for its role by calling glucohub_role(), a function that only Glucohub
 * gives its connections. A connection without it (the sqlite3 program, a script) can read; any write fails because the
 * function does not exist. `local` is everyone but the sync worker, `sync` is the sync worker, `migrate` is a migration.
 */
const FACTS = `'$.value','$.value2','$.unit','$.outOfRange','$.control','$.delivery','$.deviceTime','$.source','$.serial'`;

const HOLDS_LEASE = `(SELECT fence FROM lease WHERE name = 'sync') IS glucohub_fence()`;

/** SQL that refuses every write of a table except by the roles whose condition holds. */
function guard(
  table: string,
  event: "INSERT" | "UPDATE" | "DELETE",
  allowed: { local?: string; sync?: string },
): string {
  return `CREATE TRIGGER ${table}_guard_${event.toLowerCase()} BEFORE ${event} ON ${table}
WHEN NOT CASE glucohub_role()
  WHEN 'local' THEN ${allowed.local ?? "0"}
  WHEN 'sync' THEN ${allowed.sync === undefined ? "0" : `(${HOLDS_LEASE} AND ${allowed.sync})`}
  WHEN 'migrate' THEN 1
  ELSE 0 END
BEGIN SELECT RAISE(ABORT, 'glucohub rule: this connection may not ${event.toLowerCase()} ${table} so'); END;`;
}

export const FIRST = `
CREATE TABLE facts (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE lease (
  name TEXT PRIMARY KEY NOT NULL,
  holder TEXT NOT NULL,
  fence INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE sync_state (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE records (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
  fields TEXT NOT NULL,
  time TEXT GENERATED ALWAYS AS (json_extract(fields, '$.time')) VIRTUAL,
  patient TEXT GENERATED ALWAYS AS (json_extract(fields, '$.patient')) VIRTUAL,
  version INTEGER NOT NULL CHECK (version >= 0),
  version_synced INTEGER NOT NULL CHECK (version_synced >= -1),
  rev TEXT,
  base_fields TEXT,
  base_deleted INTEGER,
  rejected_version INTEGER,
  rejected_code TEXT,
  rejected_message TEXT,
  capture TEXT,
  raw BLOB,
  changed_at TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  changed_why TEXT NOT NULL,
  CHECK (version_synced <= version)
);
CREATE INDEX records_by_time ON records (time);
CREATE INDEX records_dirty ON records (row) WHERE version > version_synced;
CREATE INDEX records_refused ON records (row) WHERE rejected_version IS NOT NULL;
CREATE INDEX records_deleted ON records (row) WHERE deleted = 1;

CREATE TABLE history (
  seq INTEGER PRIMARY KEY,
  record INTEGER NOT NULL REFERENCES records (row),
  version INTEGER NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('local', 'cloud', 'merge', 'remote')),
  at TEXT NOT NULL,
  by TEXT NOT NULL,
  why TEXT NOT NULL,
  deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
  fields TEXT NOT NULL,
  rev TEXT
);
CREATE INDEX history_by_record ON history (record);

CREATE TABLE conflicts (
  id TEXT PRIMARY KEY NOT NULL,
  record INTEGER NOT NULL REFERENCES records (row),
  field TEXT NOT NULL,
  base TEXT NOT NULL,
  local TEXT NOT NULL,
  remote TEXT NOT NULL,
  local_by TEXT NOT NULL,
  local_at TEXT NOT NULL,
  remote_by TEXT NOT NULL,
  remote_at TEXT NOT NULL,
  at TEXT NOT NULL,
  kept TEXT CHECK (kept IN ('local', 'remote')),
  resolved_at TEXT,
  resolved_by TEXT
);
CREATE INDEX conflicts_open ON conflicts (at) WHERE kept IS NULL;

CREATE TABLE captures (
  id TEXT PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('session', 'import')),
  driver TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT NOT NULL,
  outcome TEXT NOT NULL,
  device TEXT NOT NULL,
  records TEXT NOT NULL,
  counts TEXT NOT NULL,
  sha256 TEXT,
  bytes BLOB,
  uploaded INTEGER NOT NULL DEFAULT 0 CHECK (uploaded IN (0, 1))
);
CREATE INDEX captures_waiting ON captures (started_at) WHERE uploaded = 0;

CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY,
  capture TEXT,
  origin TEXT NOT NULL,
  code TEXT NOT NULL,
  detail TEXT NOT NULL,
  raw BLOB NOT NULL,
  at TEXT NOT NULL
);
CREATE UNIQUE INDEX quarantine_once ON quarantine (origin, code, raw);

CREATE TABLE meters (
  driver TEXT NOT NULL,
  serial TEXT NOT NULL,
  manufacturer TEXT,
  model TEXT,
  firmware TEXT,
  port TEXT NOT NULL,
  last_read_at TEXT NOT NULL,
  clock_error_ms INTEGER,
  outcome TEXT NOT NULL,
  PRIMARY KEY (driver, serial)
) WITHOUT ROWID;

CREATE TABLE tokens (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  created_at TEXT NOT NULL,
  revoked_at TEXT
) WITHOUT ROWID;

CREATE TRIGGER records_guard_insert BEFORE INSERT ON records BEGIN
  SELECT CASE glucohub_role()
    WHEN 'local' THEN CASE
      WHEN NEW.version IS NOT 1 THEN RAISE(ABORT, 'glucohub rule: a new local record has version 1')
      WHEN NEW.version_synced IS NOT 0 OR NEW.rev IS NOT NULL OR NEW.base_fields IS NOT NULL OR NEW.base_deleted IS NOT NULL
        OR NEW.rejected_version IS NOT NULL
        THEN RAISE(ABORT, 'glucohub rule: only the sync worker writes what the cloud confirmed')
      END
    WHEN 'sync' THEN CASE
      WHEN NOT ${HOLDS_LEASE} THEN RAISE(ABORT, 'glucohub rule: another sync worker holds the lease')
      WHEN NEW.version IS NOT 0 OR NEW.version_synced IS NOT 0 OR NEW.rev IS NULL
        THEN RAISE(ABORT, 'glucohub rule: a record taken from the cloud has version 0 and a rev')
      END
    WHEN 'migrate' THEN NULL
    ELSE RAISE(ABORT, 'glucohub rule: this connection may not write records')
  END;
END;

CREATE TRIGGER records_guard_update BEFORE UPDATE ON records BEGIN
  SELECT CASE
    WHEN glucohub_role() = 'migrate' THEN NULL
    WHEN NEW.row IS NOT OLD.row OR NEW.id IS NOT OLD.id OR NEW.kind IS NOT OLD.kind OR NEW.capture IS NOT OLD.capture OR NEW.raw IS NOT OLD.raw
      THEN RAISE(ABORT, 'glucohub rule: identity, kind and bytes of a record never change')
    WHEN NEW.fields IS NOT OLD.fields AND json_extract(OLD.fields, '$.source') IN ('meter', 'cgm')
      AND json_extract(NEW.fields, ${FACTS}) IS NOT json_extract(OLD.fields, ${FACTS})
      THEN RAISE(ABORT, 'glucohub rule: what the meter said stays')
    WHEN glucohub_role() = 'local' THEN CASE
      WHEN NEW.version IS NOT OLD.version + 1 THEN RAISE(ABORT, 'glucohub rule: a local change raises version by 1')
      WHEN NEW.version_synced IS NOT OLD.version_synced OR NEW.rev IS NOT OLD.rev OR NEW.base_fields IS NOT OLD.base_fields
        OR NEW.base_deleted IS NOT OLD.base_deleted OR NEW.rejected_version IS NOT OLD.rejected_version
        OR NEW.rejected_code IS NOT OLD.rejected_code OR NEW.rejected_message IS NOT OLD.rejected_message
        THEN RAISE(ABORT, 'glucohub rule: only the sync worker writes what the cloud confirmed')
      END
    WHEN glucohub_role() = 'sync' THEN CASE
      WHEN NOT ${HOLDS_LEASE} THEN RAISE(ABORT, 'glucohub rule: another sync worker holds the lease')
      WHEN NEW.version IS NOT OLD.version THEN RAISE(ABORT, 'glucohub rule: the sync worker never writes version')
      WHEN NEW.version_synced < OLD.version_synced AND NEW.rev IS OLD.rev
        THEN RAISE(ABORT, 'glucohub rule: version_synced goes back only with what the cloud holds')
      WHEN NEW.fields IS NOT OLD.fields OR NEW.deleted IS NOT OLD.deleted THEN CASE
        WHEN NEW.rev IS NULL OR NEW.rev IS OLD.rev THEN RAISE(ABORT, 'glucohub rule: content comes from the cloud only with a new rev')
        WHEN OLD.version > OLD.version_synced AND NOT EXISTS (
          SELECT 1 FROM history h WHERE h.record = OLD.row AND h.origin = 'remote' AND h.rev = NEW.rev)
          THEN RAISE(ABORT, 'glucohub rule: a record with unpushed changes is changed only by a recorded merge')
        END
      END
    ELSE RAISE(ABORT, 'glucohub rule: this connection may not write records')
  END;
END;

CREATE TRIGGER records_guard_delete BEFORE DELETE ON records WHEN glucohub_role() IS NOT 'migrate'
BEGIN SELECT RAISE(ABORT, 'glucohub rule: records are never deleted, only marked so'); END;

CREATE TRIGGER records_history_insert AFTER INSERT ON records BEGIN
  INSERT INTO history (record, version, origin, at, by, why, deleted, fields, rev)
  VALUES (NEW.row, NEW.version, CASE glucohub_role() WHEN 'sync' THEN 'cloud' ELSE 'local' END, NEW.changed_at, NEW.changed_by,
    NEW.changed_why, NEW.deleted, NEW.fields, NEW.rev);
END;

CREATE TRIGGER records_history_update AFTER UPDATE OF fields, deleted ON records
WHEN NEW.version IS NOT OLD.version OR NEW.fields IS NOT OLD.fields OR NEW.deleted IS NOT OLD.deleted
BEGIN
  INSERT INTO history (record, version, origin, at, by, why, deleted, fields, rev)
  VALUES (NEW.row, NEW.version, CASE glucohub_role() WHEN 'sync' THEN CASE WHEN OLD.version > OLD.version_synced OR NEW.base_fields IS NOT NULL
    THEN 'merge' ELSE 'cloud' END ELSE 'local' END, NEW.changed_at, NEW.changed_by, NEW.changed_why, NEW.deleted, NEW.fields, NEW.rev);
END;

CREATE TRIGGER history_guard_insert BEFORE INSERT ON history WHEN glucohub_role() NOT IN ('local', 'sync', 'migrate')
BEGIN SELECT RAISE(ABORT, 'glucohub rule: this connection may not write history'); END;
CREATE TRIGGER history_guard_update BEFORE UPDATE ON history WHEN glucohub_role() IS NOT 'migrate'
BEGIN SELECT RAISE(ABORT, 'glucohub rule: history never changes'); END;
CREATE TRIGGER history_guard_delete BEFORE DELETE ON history WHEN glucohub_role() IS NOT 'migrate'
BEGIN SELECT RAISE(ABORT, 'glucohub rule: history never changes'); END;

CREATE TRIGGER lease_guard_insert BEFORE INSERT ON lease WHEN glucohub_role() NOT IN ('sync', 'migrate')
BEGIN SELECT RAISE(ABORT, 'glucohub rule: only a sync worker takes the lease'); END;
CREATE TRIGGER lease_guard_update BEFORE UPDATE ON lease
WHEN glucohub_role() NOT IN ('sync', 'migrate') OR NEW.fence < OLD.fence OR NEW.name IS NOT OLD.name
  OR (NEW.fence = OLD.fence AND (OLD.fence IS NOT glucohub_fence() OR NEW.holder IS NOT OLD.holder))
BEGIN SELECT RAISE(ABORT, 'glucohub rule: only the holder renews the lease, and its fence never goes back'); END;
CREATE TRIGGER lease_guard_delete BEFORE DELETE ON lease WHEN glucohub_role() IS NOT 'migrate'
BEGIN SELECT RAISE(ABORT, 'glucohub rule: the lease is never deleted'); END;

${guard("sync_state", "INSERT", { sync: "1" })}
${guard("sync_state", "UPDATE", { sync: "1" })}
${guard("sync_state", "DELETE", { sync: "1" })}
${guard("facts", "INSERT", {})}
${guard("facts", "UPDATE", {})}
${guard("facts", "DELETE", {})}
${guard("conflicts", "INSERT", { sync: "NEW.kept IS NULL" })}
${guard("conflicts", "UPDATE", {
  local: `(OLD.kept IS NULL AND NEW.id IS OLD.id AND NEW.record IS OLD.record AND NEW.field IS OLD.field AND NEW.base IS OLD.base
    AND NEW.local IS OLD.local AND NEW.remote IS OLD.remote)`,
})}
${guard("conflicts", "DELETE", {})}
${guard("captures", "INSERT", { local: "NEW.uploaded = 0" })}
${guard("captures", "UPDATE", {
  sync: `(NEW.id IS OLD.id AND NEW.kind IS OLD.kind AND NEW.driver IS OLD.driver AND NEW.started_at IS OLD.started_at
    AND NEW.ended_at IS OLD.ended_at AND NEW.outcome IS OLD.outcome AND NEW.device IS OLD.device AND NEW.records IS OLD.records
    AND NEW.counts IS OLD.counts AND NEW.sha256 IS OLD.sha256 AND NEW.bytes IS OLD.bytes)`,
})}
${guard("captures", "DELETE", {})}
${guard("quarantine", "INSERT", { local: "1", sync: "1" })}
${guard("quarantine", "UPDATE", {})}
${guard("quarantine", "DELETE", {})}
${guard("meters", "INSERT", { local: "1" })}
${guard("meters", "UPDATE", { local: "1" })}
${guard("meters", "DELETE", { local: "1" })}
${guard("tokens", "INSERT", { local: "1" })}
${guard("tokens", "UPDATE", { local: "(NEW.id IS OLD.id AND NEW.hash IS OLD.hash)" })}
${guard("tokens", "DELETE", {})}
`;
