/**
 * The first schema on PostgreSQL: the tables and rules of `0001-first.ts`, column by column, and the rule that
 * `0002-heard-here.ts` added. Frozen like those.
 *
 * A connection's role is the database's own: glucohub_local is everyone but the sync worker, glucohub_sync is the sync
 * worker, and neither can log in (see `postgres/roles.ts`). The grants there name the columns that each may write; the
 * triggers here hold the rules, also against the tables' owner and a superuser. A migration is whoever may write the
 * tables anyhow and says so for one transaction (glucohub.migration).
 *
 * Text is compared byte by byte (COLLATE "C"), as SQLite does, whatever the database's language is.
 */
const TEXT = `text COLLATE "C"`;

const TABLES = [
  "records",
  "history",
  "conflicts",
  "captures",
  "quarantine",
  "meters",
  "sync_state",
  "lease",
  "facts",
  "tokens",
  "migrations",
  "commits",
];

const FACTS = ["value", "value2", "unit", "outOfRange", "control", "delivery", "deviceTime", "source", "serial"];

/** SQL that is true where one of the columns differs between the row before and after. */
const changed = (...columns: string[]): string =>
  columns.map((column) => `NEW.${column} IS DISTINCT FROM OLD.${column}`).join(" OR ");

/** SQL that refuses every write of a table except by the roles whose condition holds. */
function guard(
  table: string,
  event: "INSERT" | "UPDATE" | "DELETE",
  allowed: { local?: string; sync?: string },
  words = `this connection may not ${event.toLowerCase()} ${table} so`,
): string {
  return `CREATE TRIGGER ${table}_guard_${event.toLowerCase()} BEFORE ${event} ON glucohub.${table} FOR EACH ROW
WHEN (NOT CASE glucohub.acting_role()
  WHEN 'local' THEN ${allowed.local ?? "false"}
  WHEN 'sync' THEN ${allowed.sync ?? "false"}
  ELSE glucohub.acting_role() = 'migrate' END)
EXECUTE FUNCTION glucohub.refuse('${words}');`;
}

/** A whole table is emptied by a migration or not at all. */
const guardTruncate = (table: string): string =>
  `CREATE TRIGGER ${table}_guard_truncate BEFORE TRUNCATE ON glucohub.${table} FOR EACH STATEMENT
WHEN (glucohub.acting_role() <> 'migrate') EXECUTE FUNCTION glucohub.refuse('${table} is never emptied');`;

const HOLDS = "glucohub.holds_lease()";

export const FIRST_POSTGRES = String.raw`
CREATE FUNCTION glucohub.acting_role() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE current_user
    WHEN 'glucohub_local' THEN 'local'
    WHEN 'glucohub_sync' THEN 'sync'
    ELSE CASE WHEN current_setting('glucohub.migration', true) = 'on' THEN 'migrate' ELSE 'none' END
  END
$$;

CREATE FUNCTION glucohub.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'glucohub rule: %', TG_ARGV[0];
END $$;

-- Text may hold a zero character or half a surrogate pair, which SQLite takes and jsonb does not: for looking into a
-- record other characters stand for them. The text itself stays as it is.
CREATE FUNCTION glucohub.json_of(fields text) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN strpos(fields, '\u') = 0 THEN fields ELSE regexp_replace(
    regexp_replace(fields, '\\u0000', '\\u0001', 'g'), '\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\ufffd', 'g') END::jsonb
$$;

CREATE FUNCTION glucohub.facts_of(fields text) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT jsonb_build_array(${FACTS.map((name) => `f -> '${name}'`).join(", ")}) FROM (SELECT glucohub.json_of(fields) AS f) AS one
$$;

CREATE TABLE glucohub.migrations (name ${TEXT} PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());

-- The last transaction of each writer: told what became of a commit whose answer was lost.
CREATE TABLE glucohub.commits (writer ${TEXT} PRIMARY KEY, number bigint NOT NULL, at timestamptz NOT NULL);

CREATE TABLE glucohub.facts (name ${TEXT} PRIMARY KEY, value ${TEXT} NOT NULL);

CREATE TABLE glucohub.lease (
  name ${TEXT} PRIMARY KEY,
  holder ${TEXT} NOT NULL,
  fence bigint NOT NULL,
  expires_at bigint NOT NULL
);

CREATE FUNCTION glucohub.holds_lease() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT 1 FROM glucohub.lease
    WHERE name = 'sync' AND fence::text = current_setting('glucohub.fence', true))
$$;

CREATE TABLE glucohub.sync_state (name ${TEXT} PRIMARY KEY, value ${TEXT} NOT NULL);

CREATE TABLE glucohub.records (
  "row" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id ${TEXT} NOT NULL UNIQUE,
  kind ${TEXT} NOT NULL,
  deleted smallint NOT NULL CHECK (deleted IN (0, 1)),
  fields ${TEXT} NOT NULL,
  time ${TEXT} GENERATED ALWAYS AS (glucohub.json_of(fields) ->> 'time') STORED,
  patient ${TEXT} GENERATED ALWAYS AS (glucohub.json_of(fields) ->> 'patient') STORED,
  version bigint NOT NULL CHECK (version >= 0),
  version_synced bigint NOT NULL CHECK (version_synced >= -1),
  rev ${TEXT},
  base_fields ${TEXT},
  base_deleted smallint,
  rejected_version bigint,
  rejected_code ${TEXT},
  rejected_message ${TEXT},
  capture ${TEXT},
  raw bytea,
  changed_at ${TEXT} NOT NULL,
  changed_by ${TEXT} NOT NULL,
  changed_why ${TEXT} NOT NULL,
  CHECK (version_synced <= version)
);
CREATE INDEX records_by_time ON glucohub.records (time, "row");
CREATE INDEX records_dirty ON glucohub.records ("row") WHERE version > version_synced;
CREATE INDEX records_refused ON glucohub.records ("row") WHERE rejected_version IS NOT NULL;
CREATE INDEX records_deleted ON glucohub.records ("row") WHERE deleted = 1;

CREATE TABLE glucohub.history (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  record bigint NOT NULL REFERENCES glucohub.records ("row"),
  version bigint NOT NULL,
  origin ${TEXT} NOT NULL CHECK (origin IN ('local', 'cloud', 'merge', 'remote')),
  at ${TEXT} NOT NULL,
  by ${TEXT} NOT NULL,
  why ${TEXT} NOT NULL,
  deleted smallint NOT NULL CHECK (deleted IN (0, 1)),
  fields ${TEXT} NOT NULL,
  rev ${TEXT}
);
CREATE INDEX history_by_record ON glucohub.history (record);

CREATE TABLE glucohub.conflicts (
  id ${TEXT} PRIMARY KEY,
  record bigint NOT NULL REFERENCES glucohub.records ("row"),
  field ${TEXT} NOT NULL,
  base ${TEXT} NOT NULL,
  local ${TEXT} NOT NULL,
  remote ${TEXT} NOT NULL,
  local_by ${TEXT} NOT NULL,
  local_at ${TEXT} NOT NULL,
  remote_by ${TEXT} NOT NULL,
  remote_at ${TEXT} NOT NULL,
  at ${TEXT} NOT NULL,
  kept ${TEXT} CHECK (kept IN ('local', 'remote')),
  resolved_at ${TEXT},
  resolved_by ${TEXT}
);
CREATE INDEX conflicts_open ON glucohub.conflicts (at) WHERE kept IS NULL;

CREATE TABLE glucohub.captures (
  id ${TEXT} PRIMARY KEY,
  kind ${TEXT} NOT NULL CHECK (kind IN ('session', 'import')),
  driver ${TEXT} NOT NULL,
  started_at ${TEXT} NOT NULL,
  ended_at ${TEXT} NOT NULL,
  outcome ${TEXT} NOT NULL,
  device ${TEXT} NOT NULL,
  records ${TEXT} NOT NULL,
  counts ${TEXT} NOT NULL,
  sha256 ${TEXT},
  bytes bytea,
  uploaded smallint NOT NULL DEFAULT 0 CHECK (uploaded IN (0, 1))
);
CREATE INDEX captures_waiting ON glucohub.captures (started_at) WHERE uploaded = 0;

CREATE TABLE glucohub.quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  capture ${TEXT},
  origin ${TEXT} NOT NULL,
  code ${TEXT} NOT NULL,
  detail ${TEXT} NOT NULL,
  raw bytea NOT NULL,
  at ${TEXT} NOT NULL
);
-- By their digest: an index holds no bytes that are longer than a third of a page.
CREATE UNIQUE INDEX quarantine_once ON glucohub.quarantine (origin, code, sha256(raw));

CREATE TABLE glucohub.meters (
  driver ${TEXT} NOT NULL,
  serial ${TEXT} NOT NULL,
  manufacturer ${TEXT},
  model ${TEXT},
  firmware ${TEXT},
  port ${TEXT} NOT NULL,
  last_read_at ${TEXT} NOT NULL,
  clock_error_ms bigint,
  outcome ${TEXT} NOT NULL,
  PRIMARY KEY (driver, serial)
);

CREATE TABLE glucohub.tokens (
  id ${TEXT} PRIMARY KEY,
  name ${TEXT} NOT NULL,
  hash ${TEXT} NOT NULL UNIQUE,
  created_at ${TEXT} NOT NULL,
  revoked_at ${TEXT}
);

CREATE FUNCTION glucohub.records_guard_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  CASE glucohub.acting_role()
  WHEN 'local' THEN
    IF NEW.version IS DISTINCT FROM 1 THEN
      RAISE EXCEPTION 'glucohub rule: a new local record has version 1';
    ELSIF NEW.version_synced IS DISTINCT FROM 0 OR NEW.rev IS NOT NULL OR NEW.base_fields IS NOT NULL
      OR NEW.base_deleted IS NOT NULL OR NEW.rejected_version IS NOT NULL THEN
      RAISE EXCEPTION 'glucohub rule: only the sync worker writes what the cloud confirmed';
    END IF;
  WHEN 'sync' THEN
    IF NOT ${HOLDS} THEN
      RAISE EXCEPTION 'glucohub rule: another sync worker holds the lease';
    ELSIF NEW.version IS DISTINCT FROM 0 OR NEW.version_synced IS DISTINCT FROM 0 OR NEW.rev IS NULL THEN
      RAISE EXCEPTION 'glucohub rule: a record taken from the cloud has version 0 and a rev';
    END IF;
  WHEN 'migrate' THEN NULL;
  ELSE RAISE EXCEPTION 'glucohub rule: this connection may not write records';
  END CASE;
  RETURN NEW;
END $$;
CREATE TRIGGER records_guard_insert BEFORE INSERT ON glucohub.records
  FOR EACH ROW EXECUTE FUNCTION glucohub.records_guard_insert();

CREATE FUNCTION glucohub.records_guard_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  acting text := glucohub.acting_role();
BEGIN
  IF acting = 'migrate' THEN
    RETURN NEW;
  ELSIF ${changed('"row"', "id", "kind", "capture", "raw")} THEN
    RAISE EXCEPTION 'glucohub rule: identity, kind and bytes of a record never change';
  ELSIF NEW.fields <> OLD.fields AND glucohub.json_of(OLD.fields) ->> 'source' IN ('meter', 'cgm')
    AND glucohub.facts_of(NEW.fields) IS DISTINCT FROM glucohub.facts_of(OLD.fields)
    AND (acting = 'local' OR (SELECT h.origin FROM glucohub.history h WHERE h.record = OLD."row" ORDER BY h.seq LIMIT 1) = 'local') THEN
    RAISE EXCEPTION 'glucohub rule: what the meter said stays';
  ELSIF acting = 'local' THEN
    IF NEW.version IS DISTINCT FROM OLD.version + 1 THEN
      RAISE EXCEPTION 'glucohub rule: a local change raises version by 1';
    ELSIF ${changed("version_synced", "rev", "base_fields", "base_deleted")}
      OR ${changed("rejected_version", "rejected_code", "rejected_message")} THEN
      RAISE EXCEPTION 'glucohub rule: only the sync worker writes what the cloud confirmed';
    END IF;
  ELSIF acting = 'sync' THEN
    IF NOT ${HOLDS} THEN
      RAISE EXCEPTION 'glucohub rule: another sync worker holds the lease';
    ELSIF NEW.version IS DISTINCT FROM OLD.version THEN
      RAISE EXCEPTION 'glucohub rule: the sync worker never writes version';
    ELSIF NEW.version_synced < OLD.version_synced AND NEW.rev IS NOT DISTINCT FROM OLD.rev THEN
      RAISE EXCEPTION 'glucohub rule: version_synced goes back only with what the cloud holds';
    ELSIF ${changed("fields", "deleted")} THEN
      IF NEW.rev IS NULL OR NEW.rev IS NOT DISTINCT FROM OLD.rev THEN
        RAISE EXCEPTION 'glucohub rule: content comes from the cloud only with a new rev';
      ELSIF OLD.version > OLD.version_synced AND NOT EXISTS (
        SELECT 1 FROM glucohub.history h WHERE h.record = OLD."row" AND h.origin = 'remote' AND h.rev = NEW.rev) THEN
        RAISE EXCEPTION 'glucohub rule: a record with unpushed changes is changed only by a recorded merge';
      END IF;
    END IF;
  ELSE
    RAISE EXCEPTION 'glucohub rule: this connection may not write records';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER records_guard_update BEFORE UPDATE ON glucohub.records
  FOR EACH ROW EXECUTE FUNCTION glucohub.records_guard_update();

${guard("records", "DELETE", {}, "records are never deleted, only marked so")}

CREATE FUNCTION glucohub.records_history_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO glucohub.history (record, version, origin, at, by, why, deleted, fields, rev)
  VALUES (NEW."row", NEW.version, CASE glucohub.acting_role() WHEN 'sync' THEN 'cloud' ELSE 'local' END,
    NEW.changed_at, NEW.changed_by, NEW.changed_why, NEW.deleted, NEW.fields, NEW.rev);
  RETURN NULL;
END $$;
CREATE TRIGGER records_history_insert AFTER INSERT ON glucohub.records
  FOR EACH ROW EXECUTE FUNCTION glucohub.records_history_insert();

CREATE FUNCTION glucohub.records_history_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO glucohub.history (record, version, origin, at, by, why, deleted, fields, rev)
  VALUES (NEW."row", NEW.version, CASE glucohub.acting_role() WHEN 'sync' THEN CASE
      WHEN OLD.version > OLD.version_synced OR NEW.base_fields IS NOT NULL THEN 'merge' ELSE 'cloud' END
    ELSE 'local' END,
    NEW.changed_at, NEW.changed_by, NEW.changed_why, NEW.deleted, NEW.fields, NEW.rev);
  RETURN NULL;
END $$;
CREATE TRIGGER records_history_update AFTER UPDATE ON glucohub.records FOR EACH ROW
  WHEN (${changed("version", "fields", "deleted")}) EXECUTE FUNCTION glucohub.records_history_update();

-- Written by the records' own triggers; by hand only the cloud's side of a merge, by the sync worker.
${guard(
  "history",
  "INSERT",
  {
    local: "pg_trigger_depth() > 0",
    sync: `(pg_trigger_depth() > 0 OR (NEW.origin = 'remote' AND ${HOLDS}))`,
  },
  "this connection may not write history",
)}
${guard("history", "UPDATE", {}, "history never changes")}
${guard("history", "DELETE", {}, "history never changes")}

${guard("lease", "INSERT", { sync: "true" }, "only a sync worker takes the lease")}
${guard(
  "lease",
  "UPDATE",
  {
    sync: `(NEW.name = OLD.name AND NEW.fence >= OLD.fence AND (NEW.fence > OLD.fence
      OR (OLD.fence::text IS NOT DISTINCT FROM current_setting('glucohub.fence', true) AND NEW.holder = OLD.holder)))`,
  },
  "only the holder renews the lease, and its fence never goes back",
)}
${guard("lease", "DELETE", {}, "the lease is never deleted")}

${guard("sync_state", "INSERT", { sync: HOLDS })}
${guard("sync_state", "UPDATE", { sync: HOLDS })}
${guard("sync_state", "DELETE", { sync: HOLDS })}
${guard("facts", "INSERT", {})}
${guard("facts", "UPDATE", {})}
${guard("facts", "DELETE", {})}
${guard("commits", "INSERT", { local: "true", sync: "true" })}
${guard("commits", "UPDATE", { local: "true", sync: "true" })}
${guard("commits", "DELETE", { local: "true", sync: "true" })}
${guard("migrations", "INSERT", {})}
${guard("migrations", "UPDATE", {})}
${guard("migrations", "DELETE", {})}
${guard("conflicts", "INSERT", { sync: `(${HOLDS} AND NEW.kept IS NULL)` })}
${guard("conflicts", "UPDATE", {
  local: `(OLD.kept IS NULL AND NOT (${changed("id", "record", "field", "base", "local", "remote")}))`,
})}
${guard("conflicts", "DELETE", {})}
${guard("captures", "INSERT", { local: "NEW.uploaded = 0" })}
${guard("captures", "UPDATE", {
  sync: `(${HOLDS} AND NOT (${changed("id", "kind", "driver", "started_at", "ended_at", "outcome", "device", "records", "counts", "sha256", "bytes")}))`,
})}
${guard("captures", "DELETE", {})}
${guard("quarantine", "INSERT", { local: "true", sync: HOLDS })}
${guard("quarantine", "UPDATE", {})}
${guard("quarantine", "DELETE", {})}
${guard("meters", "INSERT", { local: "true" })}
${guard("meters", "UPDATE", { local: "true" })}
${guard("meters", "DELETE", { local: "true" })}
${guard("tokens", "INSERT", { local: "true" })}
${guard("tokens", "UPDATE", { local: `NOT (${changed("id", "hash")})` })}
${guard("tokens", "DELETE", {})}
${TABLES.map(guardTruncate).join("\n")}
`;
