/** The list of conflicts is looked into for each new one, so that none is listed twice. */
export const CONFLICTS_BY_RECORD = `CREATE INDEX conflicts_by_record ON conflicts (record);`;
