import type { Client } from "pg";
import { POSTGRES_MIGRATIONS } from "../migrations/postgres.js";
import { GRANTS, ROLES } from "./roles.js";

/** A schema beside the store's in which its migrations are run once more, to be compared and undone. */
const MODEL = "glucohub_model";

/** Every object of the store's schema by name, as the database describes it. */
export function schemaFound(client: Client): Promise<ReadonlyMap<string, string>> {
  return describe(client, "glucohub");
}

/**
 * The same for a schema that this Glucohub's migrations make anew, in a transaction that is rolled back. Throws what
 * the database says, such as that its user may make no schema.
 */
export async function schemaWanted(client: Client): Promise<ReadonlyMap<string, string>> {
  const elsewhere = (sql: string): string => sql.replaceAll(/\bglucohub\b/g, MODEL);
  await client.query("BEGIN");
  try {
    await client.query(`CREATE SCHEMA ${MODEL}`);
    for (const { sql } of POSTGRES_MIGRATIONS) await client.query(elsewhere(sql));
    await client.query(elsewhere(GRANTS));
    return await describe(client, MODEL);
  } finally {
    await client.query("ROLLBACK");
  }
}

/**
 * Tables by their columns; constraints, indexes, functions and triggers by the database's own words; whether a trigger
 * is switched on; and what the two roles may do with each table and column.
 */
const OBJECTS = `
SELECT 'table ' || c.relname AS name, string_agg(format('%s %s %s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod),
    a.attnotnull, a.attidentity, co.collname, pg_get_expr(d.adbin, d.adrelid)), E'\\n' ORDER BY a.attnum) AS definition
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum LEFT JOIN pg_collation co ON co.oid = a.attcollation
  WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' GROUP BY c.relname
UNION ALL SELECT 'constraint ' || c.conname, format('%s %s', pg_get_constraintdef(c.oid), c.convalidated)
  FROM pg_constraint c WHERE c.connamespace = $1::regnamespace AND c.contype IN ('c', 'f', 'p', 'u')
UNION ALL SELECT 'index ' || c.relname, format('%s %s', pg_get_indexdef(c.oid), i.indisvalid)
  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relnamespace = $1::regnamespace
UNION ALL SELECT 'function ' || p.proname, pg_get_functiondef(p.oid)
  FROM pg_proc p WHERE p.pronamespace = $1::regnamespace AND p.prokind = 'f'
UNION ALL SELECT 'trigger ' || t.tgname, format('%s %s', pg_get_triggerdef(t.oid), t.tgenabled)
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal
UNION ALL SELECT format('right of %s to %s %s', coalesce(r.rolname, 'everybody'), acl.privilege_type, c.relname), ''
  FROM pg_class c, aclexplode(c.relacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
  WHERE c.relnamespace = $1::regnamespace AND (r.rolname = ANY ($2) OR acl.grantee = 0)
UNION ALL SELECT format('right of %s to %s %s of %s', coalesce(r.rolname, 'everybody'), acl.privilege_type, a.attname, c.relname), ''
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
  WHERE c.relnamespace = $1::regnamespace AND (r.rolname = ANY ($2) OR acl.grantee = 0)`;

async function describe(client: Client, schema: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; definition: string }>(OBJECTS, [schema, Object.values(ROLES)]);
  return new Map(rows.map(({ name, definition }) => [name, definition.replaceAll(MODEL, "glucohub")]));
}
