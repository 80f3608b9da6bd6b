import type { EntryDatabase } from "../../src/kit/driver.js";
import { APPS_TABLE } from "./recognise.js";
import type { RecordTable } from "./tables.js";

const DEVICES_TABLE = "device_info_table";

/** Names under which {@link recordQuery} gives its columns, whatever the table calls them. */
export const ROW = {
  time: "time",
  end: "end_time",
  value: "value",
  value2: "value2",
  offset: "zone_offset",
  uuid: "uuid",
  clientId: "client_record_id",
  package: "package_name",
  app: "app_name",
  maker: "manufacturer",
  model: "model",
} as const;

/** The statement that reads a table, or the names of columns that it would need and the file does not have. */
export type RecordQuery = { readonly sql: string; readonly superseded: string | null } | { readonly missing: string };

/**
 * Writes the statements for a table as it is in this file: of columns that are not there it gives null, so that any version
 * of the schema is read. Of several rows that one app wrote under one name of its own, only the latest version is read
 * (`superseded` counts the others, as `n`). Null if the file has no such table.
 */
export function recordQuery(database: EntryDatabase, record: RecordTable): RecordQuery | null {
  const columns = new Set(database.columns(record.table));
  if (columns.size === 0) return null;
  const samples = record.samples === null ? null : new Set(database.columns(record.samples));
  const measured = samples ?? columns;
  const needed = [
    ...(samples === null ? [] : ["parent_key"]),
    record.time,
    record.value,
    record.value2 ?? record.value,
  ];
  const missing = needed.filter((name) => !measured.has(name));
  if (samples !== null && !columns.has("row_id")) missing.push("row_id");
  if (missing.length > 0) return { missing: [...new Set(missing)].join(", ") };

  const own = (name: string | null): string => (name !== null && columns.has(name) ? `r.${name}` : "NULL");
  const of = samples === null ? "r" : "s";
  const app = joined(database, APPS_TABLE, columns.has("app_info_id"));
  const device = joined(database, DEVICES_TABLE, columns.has("device_info_id"));
  const selected = [
    `${of}.${record.time} AS ${ROW.time}`,
    `${own(record.end)} AS ${ROW.end}`,
    `${of}.${record.value} AS ${ROW.value}`,
    `${record.value2 === null ? "NULL" : `r.${record.value2}`} AS ${ROW.value2}`,
    `${own(record.offset)} AS ${ROW.offset}`,
    `${own("uuid")} AS ${ROW.uuid}`,
    `${own("client_record_id")} AS ${ROW.clientId}`,
    `${app("a", "package_name")} AS ${ROW.package}`,
    `${app("a", "app_name")} AS ${ROW.app}`,
    `${device("d", "manufacturer")} AS ${ROW.maker}`,
    `${device("d", "model")} AS ${ROW.model}`,
    ...record.extras.map((name) => `${own(name)} AS ${name}`),
  ];
  const older = olderVersions(record.table, columns);
  const sql = [
    `SELECT ${selected.join(", ")}`,
    samples === null
      ? `FROM ${record.table} AS r`
      : `FROM ${record.samples} AS s JOIN ${record.table} AS r ON r.row_id = s.parent_key`,
    app.join("a", "app_info_id"),
    device.join("d", "device_info_id"),
    older === null ? "" : `WHERE r.row_id NOT IN (${older})`,
  ];
  return {
    sql: sql.filter((line) => line !== "").join(" "),
    superseded: older === null ? null : `SELECT count(*) AS n FROM (${older})`,
  };
}

/** Joins a table of apps or devices, and names its columns; null for those that are not there. */
function joined(
  database: EntryDatabase,
  table: string,
  linked: boolean,
): ((alias: string, column: string) => string) & { join(alias: string, link: string): string } {
  const columns = new Set(linked ? database.columns(table) : []);
  const usable = columns.has("row_id");
  return Object.assign(
    (alias: string, column: string) => (usable && columns.has(column) ? `${alias}.${column}` : "NULL"),
    {
      join: (alias: string, link: string) =>
        usable ? `LEFT JOIN ${table} AS ${alias} ON ${alias}.row_id = r.${link}` : "",
    },
  );
}

/** Health Connect's documentation of client_record_version: the highest one counts. It is stored as text. */
function olderVersions(table: string, columns: ReadonlySet<string>): string | null {
  if (!["row_id", "app_info_id", "client_record_id"].every((name) => columns.has(name))) return null;
  const order = [
    ...(columns.has("client_record_version") ? ["CAST(client_record_version AS INTEGER) DESC"] : []),
    ...(columns.has("last_modified_time") ? ["last_modified_time DESC"] : []),
    "row_id DESC",
  ];
  const ranked =
    `SELECT row_id, row_number() OVER (PARTITION BY app_info_id, client_record_id ORDER BY ${order.join(", ")}) AS place ` +
    `FROM ${table} WHERE client_record_id <> '' AND app_info_id IS NOT NULL`;
  return `SELECT row_id FROM (${ranked}) WHERE place > 1 AND row_id IS NOT NULL`;
}
