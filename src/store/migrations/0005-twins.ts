/**
 * Links between an export's record and the meter's record of the same measurement, found here by rule (`docs/twins.md`);
 * each hub finds its own. A link is made once for a pair, may be undone for good, and is never deleted. `twins_seen` is
 * how far records have been looked at. The index finds the few records of meters among an export's million; it looks for
 * text, so that no JSON is read for its sake while records are taken in.
 */
const SOURCE = (row: string): string => `(SELECT json_extract(fields, '$.source') FROM records WHERE row = ${row})`;

export const TWINS = `
CREATE TABLE twins (
  copy INTEGER NOT NULL REFERENCES records (row),
  original INTEGER NOT NULL REFERENCES records (row),
  rule TEXT NOT NULL,
  at TEXT NOT NULL,
  by TEXT NOT NULL,
  undone_at TEXT,
  undone_by TEXT,
  PRIMARY KEY (copy, original),
  CHECK ((undone_at IS NULL) = (undone_by IS NULL))
) WITHOUT ROWID;
CREATE UNIQUE INDEX twins_live_copy ON twins (copy) WHERE undone_at IS NULL;
CREATE UNIQUE INDEX twins_live_original ON twins (original) WHERE undone_at IS NULL;

CREATE TABLE twins_seen (name TEXT PRIMARY KEY NOT NULL CHECK (name = 'records'), row INTEGER NOT NULL) WITHOUT ROWID;

CREATE INDEX records_of_meters ON records (time)
WHERE kind IN ('glucose', 'ketone') AND instr(fields, '"source":"meter"') > 0;

CREATE TRIGGER twins_guard_insert BEFORE INSERT ON twins
WHEN NOT CASE glucohub_role()
  WHEN 'local' THEN NEW.undone_at IS NULL AND ${SOURCE("NEW.original")} IS 'meter'
    AND ifnull(${SOURCE("NEW.copy")}, '') IN ('healthkit', 'google-fit', 'health-connect', 'file')
    AND (SELECT kind FROM records WHERE row = NEW.copy) IS (SELECT kind FROM records WHERE row = NEW.original)
  WHEN 'migrate' THEN 1
  ELSE 0 END
BEGIN SELECT RAISE(ABORT, 'glucohub rule: this connection may not insert twins so'); END;
CREATE TRIGGER twins_guard_update BEFORE UPDATE ON twins
WHEN NOT CASE glucohub_role()
  WHEN 'local' THEN OLD.undone_at IS NULL AND NEW.undone_at IS NOT NULL AND NEW.copy IS OLD.copy
    AND NEW.original IS OLD.original AND NEW.rule IS OLD.rule AND NEW.at IS OLD.at AND NEW.by IS OLD.by
  WHEN 'migrate' THEN 1
  ELSE 0 END
BEGIN SELECT RAISE(ABORT, 'glucohub rule: a link of twins may be undone once and never changes else'); END;
CREATE TRIGGER twins_guard_delete BEFORE DELETE ON twins WHEN glucohub_role() IS NOT 'migrate'
BEGIN SELECT RAISE(ABORT, 'glucohub rule: links of twins are never deleted, only undone'); END;

CREATE TRIGGER twins_seen_guard_insert BEFORE INSERT ON twins_seen WHEN glucohub_role() NOT IN ('local', 'migrate')
BEGIN SELECT RAISE(ABORT, 'glucohub rule: this connection may not insert twins_seen so'); END;
CREATE TRIGGER twins_seen_guard_update BEFORE UPDATE ON twins_seen
WHEN glucohub_role() NOT IN ('local', 'migrate') OR NEW.name IS NOT OLD.name OR NEW.row < OLD.row
BEGIN SELECT RAISE(ABORT, 'glucohub rule: what was looked at for twins stays looked at'); END;
CREATE TRIGGER twins_seen_guard_delete BEFORE DELETE ON twins_seen WHEN glucohub_role() IS NOT 'migrate'
BEGIN SELECT RAISE(ABORT, 'glucohub rule: what was looked at for twins stays looked at'); END;
`;
