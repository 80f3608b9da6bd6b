/** `0004-corrections.ts` on PostgreSQL. */
export const CORRECTIONS_POSTGRES = `
DROP TRIGGER conflicts_guard_insert ON glucohub.conflicts;
CREATE TRIGGER conflicts_guard_insert BEFORE INSERT ON glucohub.conflicts FOR EACH ROW
WHEN (NOT CASE glucohub.acting_role()
  WHEN 'local' THEN NEW.kept IS NULL
  WHEN 'sync' THEN (glucohub.holds_lease() AND NEW.kept IS NULL)
  ELSE glucohub.acting_role() = 'migrate' END)
EXECUTE FUNCTION glucohub.refuse('this connection may not insert conflicts so');
`;
