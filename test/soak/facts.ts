import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const MOST_BYTES = 1_024 * 1_024 * 1_024;

/** A state of a record, on either side. */
export interface State {
  readonly deleted: boolean;
  /** Deleted mark and every field, in one order of names: equal states have equal text. */
  readonly content: string;
  readonly note: unknown;
  readonly patient: unknown;
  /** What was measured, when and by what, which nobody here edits: equal in all states of one record. */
  readonly measured: string;
}

/** A record as a hub's file has it. */
export interface HubRecord {
  readonly kind: string;
  readonly now: State;
  readonly version: number;
  readonly synced: number;
  /** Why the cloud refuses it; null if it does not. */
  readonly rejected: string | null;
  /** Every state, oldest first; `remote` ones are the cloud's sides of merges and were never the record's own. */
  readonly history: readonly (State & { readonly origin: string })[];
  /** Values that were put on the list for a person, decided or not. */
  readonly conflicts: readonly { readonly field: string; readonly local: unknown; readonly remote: unknown }[];
}

/** A hub's file. */
export interface HubFacts {
  readonly name: string;
  readonly records: ReadonlyMap<string, HubRecord>;
  /** States from the cloud that the hub could not understand. */
  readonly quarantined: number;
  /** Ids of captures that the hub takes to be in the cloud. */
  readonly uploaded: readonly string[];
  /** What stood in the stores that backups replaced: what this hub once saw and did, though it does not know it any more. */
  readonly replaced: readonly ReadonlyMap<string, HubRecord>[];
}

/** A record as the cloud's file has it: every state, oldest first, the last is the newest. */
export interface CloudRecord {
  readonly kind: string;
  readonly chain: readonly (State & {
    readonly rev: string;
    readonly parent: string | null;
    readonly by: string;
    readonly atMs: number;
  })[];
}

/** The cloud's file. */
export interface CloudFacts {
  readonly records: ReadonlyMap<string, CloudRecord>;
  readonly captures: ReadonlySet<string>;
}

/**
 * What the sqlite3 program finds in a hub's file: it knows nothing of our code, and reads while a hub writes.
 *
 * @param apart of so many records that they can't all be read: the file (`setApart`) that names those which are
 */
export async function readHub(name: string, path: string, apart: string | null = null): Promise<HubFacts> {
  const [folder, file] = [dirname(path), basename(path)];
  const kept = existsSync(folder) ? readdirSync(folder).filter((one) => isReplaced(one, file)) : [];
  const replaced = await Promise.all(kept.sort().map((one) => readRecords(join(folder, one), apart)));
  const quarantine = await ask(path, "SELECT count(*) AS count FROM quarantine WHERE origin = 'cloud'");
  const uploaded = await ask(path, "SELECT id FROM captures WHERE uploaded = 1");
  return {
    name,
    quarantined: Number(quarantine[0]?.["count"]),
    uploaded: uploaded.map((row) => String(row["id"])),
    records: await readRecords(path, apart),
    replaced,
  };
}

/** The name that `restore-backup` gives to the store that it replaces. */
function isReplaced(name: string, store: string): boolean {
  return name.startsWith(`${store}.before-restore-`) && !/-(wal|shm)$/.test(name);
}

async function readRecords(path: string, apart: string | null): Promise<ReadonlyMap<string, HubRecord>> {
  const read = (sql: string): Promise<Record<string, unknown>[]> => ask(path, sql, attached(apart));
  const rows = await read(
    `SELECT row, id, kind, deleted, fields, version, version_synced, rejected_code FROM records${where(apart)}`,
  );
  const ofThem = apart === null ? "" : ` WHERE record IN (SELECT row FROM records${where(apart)})`;
  const states = group(
    await read(`SELECT record, origin, deleted, fields FROM history${ofThem} ORDER BY seq`),
    "record",
  );
  const open = group(await ask(path, "SELECT record, field, local, remote FROM conflicts ORDER BY at"), "record");
  return new Map(
    rows.map((row) => [
      String(row["id"]),
      {
        kind: String(row["kind"]),
        now: stateOf(row),
        version: Number(row["version"]),
        synced: Number(row["version_synced"]),
        rejected: row["rejected_code"] === null ? null : String(row["rejected_code"]),
        history: (states.get(row["row"]) ?? []).map((state) => ({
          ...stateOf(state),
          origin: String(state["origin"]),
        })),
        conflicts: (open.get(row["row"]) ?? []).map((conflict) => ({
          field: String(conflict["field"]),
          local: JSON.parse(String(conflict["local"])) as unknown,
          remote: JSON.parse(String(conflict["remote"])) as unknown,
        })),
      },
    ]),
  );
}

/** The same of the cloud's file. */
export async function readCloud(path: string, apart: string | null = null): Promise<CloudFacts> {
  const kinds = await ask(path, `SELECT id, kind FROM records${where(apart)}`, attached(apart));
  const columns = "seq, id, rev, parent, deleted, fields, by, at";
  const each = (table: string): string => `SELECT ${columns} FROM ${table}${where(apart)}`;
  const all = `${each("states")} UNION ALL ${each("records")} ORDER BY seq`;
  const chains = group(await ask(path, all, attached(apart)), "id");
  const captures = await ask(path, "SELECT id FROM captures");
  return {
    captures: new Set(captures.map((row) => String(row["id"]))),
    records: new Map(
      kinds.map(({ id, kind }) => [
        String(id),
        {
          kind: String(kind),
          chain: (chains.get(id) ?? []).map((row) => ({
            ...stateOf(row),
            rev: String(row["rev"]),
            parent: row["parent"] === null ? null : String(row["parent"]),
            by: String(row["by"]),
            atMs: Date.parse(String(row["at"])),
          })),
        },
      ]),
    ),
  };
}

/** The newest states of a file's records as text, for a quick comparison; works on both sides' files. */
export async function readNewest(path: string, apart: string | null = null): Promise<ReadonlyMap<string, string>> {
  const rows = await ask(path, `SELECT id, kind, deleted, fields FROM records${where(apart)}`, attached(apart));
  return new Map(rows.map((row) => [String(row["id"]), `${String(row["kind"])} ${stateOf(row).content}`]));
}

/** What SQL gives, a row an object; `attach` are more files for it, by the names that it calls them. */
export async function ask(
  path: string,
  sql: string,
  attach: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>[]> {
  const more = Object.entries(attach).flatMap(([name, file]) => ["-cmd", `ATTACH '${file}' AS ${name}`]);
  const args = ["-cmd", ".timeout 10000", ...more, "-json", path, sql];
  const { stdout } = await run("sqlite3", args, { maxBuffer: MOST_BYTES });
  return stdout.trim() === "" ? [] : (JSON.parse(stdout) as Record<string, unknown>[]);
}

function attached(apart: string | null): Readonly<Record<string, string>> {
  return apart === null ? {} : { apart };
}

/** Only what was set apart, if anything was. */
function where(apart: string | null): string {
  return apart === null ? "" : " WHERE id IN (SELECT id FROM apart.ids)";
}

const MEASURED = ["deviceTime", "value", "value2", "unit", "outOfRange", "control", "delivery", "source", "serial"];
/** Two hubs may estimate the instant of one meter's reading differently: that of the first in the cloud stands. */
const TIMES = ["time", "endTime", "timeQuality"];

function stateOf(row: Readonly<Record<string, unknown>>): State {
  const fields = JSON.parse(String(row["fields"])) as Record<string, unknown>;
  const deleted = row["deleted"] === 1;
  const measured = fields["source"] === "meter" ? MEASURED : [...MEASURED, ...TIMES];
  const ordered = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    deleted,
    content: JSON.stringify([deleted, ordered]),
    note: fields["note"] ?? null,
    patient: fields["patient"] ?? null,
    measured: JSON.stringify(measured.map((name) => fields[name] ?? null)),
  };
}

function group(rows: readonly Record<string, unknown>[], by: string): ReadonlyMap<unknown, Record<string, unknown>[]> {
  const groups = new Map<unknown, Record<string, unknown>[]>();
  for (const row of rows) {
    const group = groups.get(row[by]);
    if (group === undefined) groups.set(row[by], [row]);
    else group.push(row);
  }
  return groups;
}
