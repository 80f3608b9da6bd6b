/**
 * An export may tell a sample otherwise than a person left it here: that is a conflict like one with the cloud, and who
 * finds it is whoever imports, not the sync worker.
 */
export const CORRECTIONS = `
DROP TRIGGER conflicts_guard_insert;
CREATE TRIGGER conflicts_guard_insert BEFORE INSERT ON conflicts
WHEN NOT CASE glucohub_role()
  WHEN 'local' THEN NEW.kept IS NULL
  WHEN 'sync' THEN ((SELECT fence FROM lease WHERE name = 'sync') IS glucohub_fence() AND NEW.kept IS NULL)
  WHEN 'migrate' THEN 1
  ELSE 0 END
BEGIN SELECT RAISE(ABORT, 'glucohub rule: this connection may not insert conflicts so'); END;
`;
