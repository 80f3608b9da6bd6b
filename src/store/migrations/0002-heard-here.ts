/**
 * What a meter said can be witnessed only where it was heard: a record that a hub has from the cloud alone follows the
 * cloud in all its fields. Two hubs that both stood up for a value, one for what it read and one for what it was told,
 * would push against each other for ever.
 *
 * And the guards of 0001-first ask the connection for its role once a row at most: each question is a call from SQLite
 * into JavaScript, and costs as much as an insert into an index. What the row says already is not asked: only the sync
 * worker may insert version 0 (`records_guard_insert`), and only it may change a record without raising its version
 * (`records_guard_update`). Every role that can write at all may write history; a connection without a role fails when
 * it prepares the statement, since the trigger names a function that it has not.
 *
 * The list of conflicts is looked into for each new one, so that none is listed twice.
 */
const FACTS = `'$.value','$.value2','$.unit','$.outOfRange','$.control','$.delivery','$.deviceTime','$.source','$.serial'`;

const HOLDS_LEASE = `(SELECT fence FROM lease WHERE name = 'sync') IS glucohub_fence()`;

export const HEARD_HERE = `
CREATE INDEX conflicts_by_record ON conflicts (record);

DROP TRIGGER history_guard_insert;
CREATE TRIGGER history_guard_insert BEFORE INSERT ON history
WHEN NEW.origin = 'nobody' AND glucohub_role() IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'glucohub rule: this connection may not write history'); END;

DROP TRIGGER records_history_insert;
CREATE TRIGGER records_history_insert AFTER INSERT ON records BEGIN
  INSERT INTO history (record, version, origin, at, by, why, deleted, fields, rev)
  VALUES (NEW.row, NEW.version, CASE NEW.version WHEN 0 THEN 'cloud' ELSE 'local' END, NEW.changed_at, NEW.changed_by,
    NEW.changed_why, NEW.deleted, NEW.fields, NEW.rev);
END;

DROP TRIGGER records_history_update;
CREATE TRIGGER records_history_update AFTER UPDATE OF fields, deleted ON records
WHEN NEW.version IS NOT OLD.version OR NEW.fields IS NOT OLD.fields OR NEW.deleted IS NOT OLD.deleted
BEGIN
  INSERT INTO history (record, version, origin, at, by, why, deleted, fields, rev)
  VALUES (NEW.row, NEW.version, CASE WHEN NEW.version IS NOT OLD.version THEN 'local'
    WHEN OLD.version > OLD.version_synced OR NEW.base_fields IS NOT NULL THEN 'merge' ELSE 'cloud' END,
    NEW.changed_at, NEW.changed_by, NEW.changed_why, NEW.deleted, NEW.fields, NEW.rev);
END;

DROP TRIGGER records_guard_update;
CREATE TRIGGER records_guard_update BEFORE UPDATE ON records BEGIN
  SELECT CASE
    WHEN (NEW.row IS NOT OLD.row OR NEW.id IS NOT OLD.id OR NEW.kind IS NOT OLD.kind OR NEW.capture IS NOT OLD.capture
      OR NEW.raw IS NOT OLD.raw) AND glucohub_role() IS NOT 'migrate'
      THEN RAISE(ABORT, 'glucohub rule: identity, kind and bytes of a record never change')
    WHEN NEW.fields IS NOT OLD.fields AND json_extract(OLD.fields, '$.source') IN ('meter', 'cgm')
      AND json_extract(NEW.fields, ${FACTS}) IS NOT json_extract(OLD.fields, ${FACTS}) AND CASE glucohub_role()
        WHEN 'migrate' THEN 0
        WHEN 'sync' THEN (SELECT h.origin FROM history h WHERE h.record = OLD.row ORDER BY h.seq LIMIT 1) IS 'local'
        ELSE 1 END
      THEN RAISE(ABORT, 'glucohub rule: what the meter said stays')
    ELSE CASE glucohub_role()
      WHEN 'local' THEN CASE
        WHEN NEW.version IS NOT OLD.version + 1 THEN RAISE(ABORT, 'glucohub rule: a local change raises version by 1')
        WHEN NEW.version_synced IS NOT OLD.version_synced OR NEW.rev IS NOT OLD.rev OR NEW.base_fields IS NOT OLD.base_fields
          OR NEW.base_deleted IS NOT OLD.base_deleted OR NEW.rejected_version IS NOT OLD.rejected_version
          OR NEW.rejected_code IS NOT OLD.rejected_code OR NEW.rejected_message IS NOT OLD.rejected_message
          THEN RAISE(ABORT, 'glucohub rule: only the sync worker writes what the cloud confirmed')
        END
      WHEN 'sync' THEN CASE
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
      WHEN 'migrate' THEN NULL
      ELSE RAISE(ABORT, 'glucohub rule: this connection may not write records')
      END
    END;
END;
`;
