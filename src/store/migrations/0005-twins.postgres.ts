/** `0005-twins.ts` on PostgreSQL. */
const TEXT = `text COLLATE "C"`;

const SOURCE = (row: string): string =>
  `(SELECT glucohub.json_of(r.fields) ->> 'source' FROM glucohub.records r WHERE r."row" = ${row})`;

export const TWINS_POSTGRES = `
CREATE TABLE glucohub.twins (
  copy bigint NOT NULL REFERENCES glucohub.records ("row"),
  original bigint NOT NULL REFERENCES glucohub.records ("row"),
  rule ${TEXT} NOT NULL,
  at ${TEXT} NOT NULL,
  by ${TEXT} NOT NULL,
  undone_at ${TEXT},
  undone_by ${TEXT},
  PRIMARY KEY (copy, original),
  CHECK ((undone_at IS NULL) = (undone_by IS NULL))
);
CREATE UNIQUE INDEX twins_live_copy ON glucohub.twins (copy) WHERE undone_at IS NULL;
CREATE UNIQUE INDEX twins_live_original ON glucohub.twins (original) WHERE undone_at IS NULL;

CREATE TABLE glucohub.twins_seen (name ${TEXT} PRIMARY KEY CHECK (name = 'records'), "row" bigint NOT NULL);

CREATE INDEX records_of_meters ON glucohub.records (time, "row")
WHERE kind IN ('glucose', 'ketone') AND strpos(fields, '"source":"meter"') > 0;

CREATE FUNCTION glucohub.twins_guard_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  CASE glucohub.acting_role()
  WHEN 'local' THEN
    IF NEW.undone_at IS NOT NULL OR ${SOURCE("NEW.original")} IS DISTINCT FROM 'meter'
      OR coalesce(${SOURCE("NEW.copy")}, '') NOT IN ('healthkit', 'google-fit', 'health-connect', 'file')
      OR (SELECT count(DISTINCT r.kind) FROM glucohub.records r WHERE r."row" IN (NEW.copy, NEW.original)) <> 1 THEN
      RAISE EXCEPTION 'glucohub rule: this connection may not insert twins so';
    END IF;
  WHEN 'migrate' THEN NULL;
  ELSE RAISE EXCEPTION 'glucohub rule: this connection may not insert twins so';
  END CASE;
  RETURN NEW;
END $$;
CREATE TRIGGER twins_guard_insert BEFORE INSERT ON glucohub.twins
  FOR EACH ROW EXECUTE FUNCTION glucohub.twins_guard_insert();
CREATE TRIGGER twins_guard_update BEFORE UPDATE ON glucohub.twins FOR EACH ROW
WHEN (NOT CASE glucohub.acting_role()
  WHEN 'local' THEN OLD.undone_at IS NULL AND NEW.undone_at IS NOT NULL AND NEW.copy = OLD.copy
    AND NEW.original = OLD.original AND NEW.rule = OLD.rule AND NEW.at = OLD.at AND NEW.by = OLD.by
  ELSE glucohub.acting_role() = 'migrate' END)
EXECUTE FUNCTION glucohub.refuse('a link of twins may be undone once and never changes else');
CREATE TRIGGER twins_guard_delete BEFORE DELETE ON glucohub.twins FOR EACH ROW
WHEN (glucohub.acting_role() <> 'migrate')
EXECUTE FUNCTION glucohub.refuse('links of twins are never deleted, only undone');
CREATE TRIGGER twins_guard_truncate BEFORE TRUNCATE ON glucohub.twins FOR EACH STATEMENT
WHEN (glucohub.acting_role() <> 'migrate') EXECUTE FUNCTION glucohub.refuse('twins is never emptied');

CREATE TRIGGER twins_seen_guard_insert BEFORE INSERT ON glucohub.twins_seen FOR EACH ROW
WHEN (glucohub.acting_role() NOT IN ('local', 'migrate'))
EXECUTE FUNCTION glucohub.refuse('this connection may not insert twins_seen so');
CREATE TRIGGER twins_seen_guard_update BEFORE UPDATE ON glucohub.twins_seen FOR EACH ROW
WHEN (glucohub.acting_role() NOT IN ('local', 'migrate') OR NEW.name <> OLD.name OR NEW."row" < OLD."row")
EXECUTE FUNCTION glucohub.refuse('what was looked at for twins stays looked at');
CREATE TRIGGER twins_seen_guard_delete BEFORE DELETE ON glucohub.twins_seen FOR EACH ROW
WHEN (glucohub.acting_role() <> 'migrate')
EXECUTE FUNCTION glucohub.refuse('what was looked at for twins stays looked at');
CREATE TRIGGER twins_seen_guard_truncate BEFORE TRUNCATE ON glucohub.twins_seen FOR EACH STATEMENT
WHEN (glucohub.acting_role() <> 'migrate') EXECUTE FUNCTION glucohub.refuse('twins_seen is never emptied');
`;
