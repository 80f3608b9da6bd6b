/** The roles of the database in which Glucohub works; nobody logs in as one of them. */
export const ROLES = { local: "glucohub_local", sync: "glucohub_sync" } as const;

/**
 * What each role may do, column by column; applied again after every migration. Nobody may delete anything but
 * what is no record of anything: a value of the sync worker's memory, a meter from the list, a writer that is gone.
 */
export const GRANTS = `
REVOKE ALL ON SCHEMA glucohub FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA glucohub FROM PUBLIC, ${ROLES.local}, ${ROLES.sync};
GRANT USAGE ON SCHEMA glucohub TO ${ROLES.local}, ${ROLES.sync};
GRANT SELECT ON ALL TABLES IN SCHEMA glucohub TO ${ROLES.local}, ${ROLES.sync};
GRANT INSERT (id, kind, deleted, fields, version, version_synced, capture, raw, changed_at, changed_by, changed_why),
  UPDATE (deleted, fields, version, changed_at, changed_by, changed_why) ON glucohub.records TO ${ROLES.local};
GRANT INSERT (id, kind, deleted, fields, version, version_synced, rev, changed_at, changed_by, changed_why),
  UPDATE (deleted, fields, version_synced, rev, base_fields, base_deleted, rejected_version, rejected_code,
    rejected_message, changed_at, changed_by, changed_why) ON glucohub.records TO ${ROLES.sync};
GRANT INSERT (record, version, origin, at, by, why, deleted, fields, rev) ON glucohub.history
  TO ${ROLES.local}, ${ROLES.sync};
GRANT INSERT, UPDATE, DELETE ON glucohub.commits TO ${ROLES.local}, ${ROLES.sync};
GRANT INSERT ON glucohub.conflicts TO ${ROLES.local}, ${ROLES.sync};
GRANT UPDATE (kept, resolved_at, resolved_by) ON glucohub.conflicts TO ${ROLES.local};
GRANT INSERT ON glucohub.captures TO ${ROLES.local};
GRANT UPDATE (uploaded) ON glucohub.captures TO ${ROLES.sync};
GRANT INSERT (capture, origin, code, detail, raw, at) ON glucohub.quarantine TO ${ROLES.local}, ${ROLES.sync};
GRANT INSERT, UPDATE, DELETE ON glucohub.meters TO ${ROLES.local};
GRANT INSERT, UPDATE, DELETE ON glucohub.sync_state TO ${ROLES.sync};
GRANT INSERT, UPDATE ON glucohub.lease TO ${ROLES.sync};
GRANT INSERT, UPDATE (revoked_at) ON glucohub.tokens TO ${ROLES.local};
GRANT INSERT (copy, original, rule, at, by), UPDATE (undone_at, undone_by) ON glucohub.twins TO ${ROLES.local};
GRANT INSERT, UPDATE ("row") ON glucohub.twins_seen TO ${ROLES.local};
`;
