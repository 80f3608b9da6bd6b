import type { Client } from "pg";
import { Problem } from "../../domain/problem.js";
import { POSTGRES_MIGRATIONS } from "../migrations/postgres.js";
import { addressText, clientConfig, loadLibrary } from "./connect.js";
import { postgresProblem } from "./problem.js";
import { GRANTS, ROLES } from "./roles.js";
import { WRITE_LOCK } from "./writer.js";

/**
 * Brings the database to the newest schema, making roles and tables where they do not exist. All in one transaction: a
 * crash in the middle leaves it as it was. Several hubs may do it at once.
 *
 * Throws STORE_UNREACHABLE, STORE_NEWER, and STORE_UNUSABLE with what an administrator must do where the address's user
 * may not.
 *
 * @param fresh facts of a new store
 */
export async function migratePostgres(url: string, fresh: { hub: string; epoch: string }): Promise<void> {
  await asOwner(url, async (client) => {
    if (await isReady(client)) return;
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${WRITE_LOCK})`);
    try {
      await prepareRoles(client);
      await client.query("SELECT set_config('glucohub.migration', 'on', true)");
      const applied = await appliedTo(client);
      if (applied.length === 0) await client.query("CREATE SCHEMA IF NOT EXISTS glucohub");
      for (const { name, sql } of POSTGRES_MIGRATIONS.slice(applied.length)) {
        await client.query(sql);
        await client.query("INSERT INTO glucohub.migrations (name) VALUES ($1)", [name]);
      }
      await client.query(
        "INSERT INTO glucohub.facts (name, value) VALUES ('hub', $1), ('epoch', $2) ON CONFLICT (name) DO NOTHING",
        [fresh.hub, fresh.epoch],
      );
      await client.query(GRANTS);
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK").catch(() => undefined);
      throw isDenied(error) ? await remedyFor(client, error) : error;
    }
  });
}

/** Connects as the address's user, who owns the tables; ends the connection after. Throws STORE problems. */
export async function asOwner<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const where = addressText(url);
  const library = await loadLibrary();
  const client = new library.Client(clientConfig(library, url, "owner"));
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw postgresProblem(error, where);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The names of the migrations that a database has, in order; none in an empty one. Throws STORE_NEWER. */
export async function appliedTo(client: Client): Promise<string[]> {
  const { rows: tables } = await client.query(
    "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'glucohub' AND c.relname = 'migrations'",
  );
  if (tables.length === 0) return [];
  const { rows } = await client.query<{ name: string }>("SELECT name FROM glucohub.migrations ORDER BY name");
  const applied = rows.map(({ name }) => name);
  if (applied.some((name, index) => POSTGRES_MIGRATIONS[index]?.name !== name)) throw new Problem("STORE_NEWER");
  return applied;
}

/** True if nothing is left to do; asked without the lock, as nearly always is. */
async function isReady(client: Client): Promise<boolean> {
  for (const role of Object.values(ROLES)) if (!(await canAct(client, role))) return false;
  const { rows } = await client.query<{ granted: boolean }>(
    `SELECT bool_and(has_table_privilege(role, c.oid, 'SELECT')) AS granted
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest($1::text[]) AS role
     WHERE n.nspname = 'glucohub' AND c.relkind = 'r' AND has_schema_privilege(role, n.oid, 'USAGE')`,
    [Object.values(ROLES)],
  );
  if (rows[0]?.granted !== true) return false;
  // In the role, as the user of another hub need not own the tables.
  await client.query(`SET ROLE ${ROLES.local}`);
  try {
    return (await appliedTo(client)).length === POSTGRES_MIGRATIONS.length;
  } finally {
    await client.query("RESET ROLE");
  }
}

async function canAct(client: Client, role: string): Promise<boolean> {
  try {
    await client.query(`SET ROLE ${role}`);
    await client.query("RESET ROLE");
    return true;
  } catch {
    return false;
  }
}

/** Makes the roles and lets the address's user act in them, inside the transaction. Throws what the database says. */
async function prepareRoles(client: Client): Promise<void> {
  for (const role of Object.values(ROLES)) {
    // A role belongs to the whole server: the store of another database may be making it at this moment.
    await client.query(`DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role} NOLOGIN; END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$`);
    await client.query("SAVEPOINT role");
    if (await canAct(client, role)) continue;
    await client.query("ROLLBACK TO SAVEPOINT role");
    await client.query(`GRANT ${role} TO CURRENT_USER`);
  }
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "42501";
}

/** Says what an administrator must run so that the address's user may do what failed. */
async function remedyFor(client: Client, error: unknown): Promise<Problem> {
  const { rows } = await client.query<{ who: string; base: string; may: boolean; roles: string[] }>(
    `SELECT quote_ident(current_user) AS who, quote_ident(current_database()) AS base,
       has_database_privilege(current_database(), 'CREATE') AS may,
       array(SELECT rolname::text FROM pg_roles WHERE rolname = ANY ($1)) AS roles`,
    [Object.values(ROLES)],
  );
  const { who = "", base = "", may = true, roles = [] } = rows[0] ?? {};
  const missing = Object.values(ROLES).filter((role) => !roles.includes(role));
  const sql = [
    ...missing.map((role) => `CREATE ROLE ${role} NOLOGIN;`),
    `GRANT ${Object.values(ROLES).join(", ")} TO ${who};`,
    ...(may ? [] : [`GRANT CREATE ON DATABASE ${base} TO ${who};`]),
  ];
  const said = error instanceof Error ? error.message : String(error);
  return new Problem(
    "STORE_UNUSABLE",
    `The database's user ${who} may not prepare the store (${said}). An administrator runs: ${sql.join(" ")}`,
    {},
    { cause: new Error(said) },
  );
}
