/**
 * `0002-heard-here.ts` on PostgreSQL: what a meter said can be witnessed only where it was heard, so that a record that
 * the hubs here have from the cloud alone follows the cloud in all its fields. How often a guard asks for its role costs
 * nothing here, and stays.
 */
const changed = (...columns: string[]): string =>
  columns.map((column) => `NEW.${column} IS DISTINCT FROM OLD.${column}`).join(" OR ");

export const HEARD_HERE_POSTGRES = `
CREATE INDEX conflicts_by_record ON glucohub.conflicts (record);

CREATE OR REPLACE FUNCTION glucohub.records_guard_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  acting text := glucohub.acting_role();
BEGIN
  IF acting = 'migrate' THEN
    RETURN NEW;
  ELSIF ${changed('"row"', "id", "kind", "capture", "raw")} THEN
    RAISE EXCEPTION 'glucohub rule: identity, kind and bytes of a record never change';
  ELSIF NEW.fields <> OLD.fields AND glucohub.json_of(OLD.fields) ->> 'source' IN ('meter', 'cgm')
    AND glucohub.facts_of(NEW.fields) IS DISTINCT FROM glucohub.facts_of(OLD.fields)
    AND (acting <> 'sync' OR 'local' = (
      SELECT h.origin FROM glucohub.history h WHERE h.record = OLD."row" ORDER BY h.seq LIMIT 1)) THEN
    RAISE EXCEPTION 'glucohub rule: what the meter said stays';
  ELSIF acting = 'local' THEN
    IF NEW.version IS DISTINCT FROM OLD.version + 1 THEN
      RAISE EXCEPTION 'glucohub rule: a local change raises version by 1';
    ELSIF ${changed("version_synced", "rev", "base_fields", "base_deleted")}
      OR ${changed("rejected_version", "rejected_code", "rejected_message")} THEN
      RAISE EXCEPTION 'glucohub rule: only the sync worker writes what the cloud confirmed';
    END IF;
  ELSIF acting = 'sync' THEN
    IF NOT glucohub.holds_lease() THEN
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
`;
