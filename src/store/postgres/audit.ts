import type { Client } from "pg";
import { Problem } from "../../domain/problem.js";
import {
  auditReport,
  type CaptureRow,
  COUNTED,
  checkCapture,
  checkRecord,
  compareSchema,
  Faults,
  type RecordAndState,
  type StoreAudit,
} from "../audit-checks.js";
import { POSTGRES_MIGRATIONS } from "../migrations/postgres.js";
import { schemaFound, schemaWanted } from "./catalogue.js";
import { addressText } from "./connect.js";
import { appliedTo, asOwner } from "./migrate.js";

/** Rows read at once. */
const PAGE = 2_000;

/**
 * Reads a whole store in a database, as of one moment, while others use it, and leaves it as it is: every table,
 * trigger and right as the migrations make them; every record valid and equal to the newest state in its history; every
 * capture's bytes as their digest says. Throws STORE_UNREACHABLE, STORE_NEWER, and STORE_UNUSABLE where there is no
 * store in it.
 */
export async function auditDatabase(url: string): Promise<StoreAudit> {
  return asOwner(url, async (client) => {
    const faults = new Faults();
    const version = (await appliedTo(client)).length;
    if (version === 0) throw new Problem("STORE_UNUSABLE", `There is no store in the database at ${addressText(url)}.`);
    const objects = await checkSchema(client, version, faults);
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    try {
      for await (const row of records(client)) checkRecord(row, faults);
      for await (const row of captures(client)) checkCapture(row, faults);
      const counts: Record<string, number> = {};
      for (const table of COUNTED) counts[table] = await countOf(client, table);
      return auditReport(faults, counts, objects, version);
    } finally {
      await client.query("ROLLBACK");
    }
  });
}

async function checkSchema(client: Client, version: number, faults: Faults): Promise<number> {
  if (version < POSTGRES_MIGRATIONS.length) {
    faults.add(`its schema has the version ${version}; a hub that starts brings it to ${POSTGRES_MIGRATIONS.length}`);
    return 0;
  }
  const found = await schemaFound(client);
  try {
    return compareSchema(await schemaWanted(client), found, faults);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    faults.add(`its rules can't be compared with those that it should have: ${why}`);
    return 0;
  }
}

/** A state of origin `remote` is the cloud's side of a merge, not one that the record had. */
async function* records(client: Client): AsyncGenerator<RecordAndState> {
  let after = 0;
  for (;;) {
    const { rows } = await client.query<RecordAndState & { row: number }>(
      `SELECT r."row", r.id, r.kind, r.deleted, r.fields, r.version,
         h.deleted AS "stateDeleted", h.fields AS "stateFields", h.version AS "stateVersion"
       FROM glucohub.records r LEFT JOIN glucohub.history h ON h.seq =
         (SELECT max(seq) FROM glucohub.history WHERE record = r."row" AND origin <> 'remote')
       WHERE r."row" > $1 ORDER BY r."row" LIMIT $2`,
      [after, PAGE],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.row;
  }
}

/** A few at a time: each has its transcript with it. */
async function* captures(client: Client): AsyncGenerator<CaptureRow> {
  let after = "";
  for (;;) {
    const { rows } = await client.query<CaptureRow>(
      "SELECT id, device, records, counts, sha256, bytes FROM glucohub.captures WHERE id > $1 ORDER BY id LIMIT 50",
      [after],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

async function countOf(client: Client, table: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`SELECT count(*) AS n FROM glucohub.${table}`);
  return rows[0]?.n ?? 0;
}
