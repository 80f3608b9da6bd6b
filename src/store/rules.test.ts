import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { derivedId } from "../domain/identity.js";
import { EMPTY_FIELDS, fieldsText, type RecordFields } from "../domain/record.js";
import { type Connection, connect } from "./connection.js";
import { ingestPage, type NewRecord } from "./records.js";
import { Store } from "./store.js";

const AT = "2026-01-02T03:04:05.000Z";
const FIELDS: RecordFields = {
  ...EMPTY_FIELDS,
  time: "2026-01-01T08:00:00.000Z",
  timeQuality: "device",
  source: "meter",
  value: 105,
  unit: "mg/dL",
  serial: "ABC",
  deviceTime: "2026-01-01T08:00:00",
};
const RECORD: NewRecord = { id: derivedId("rules", 1), kind: "glucose", fields: FIELDS, raw: Buffer.from("raw") };

let folder: string;
let path: string;
let store: Store;
let local: Connection;
let sync: Connection;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "glucohub-rules-"));
  path = join(folder, "glucohub.db");
  store = await Store.open({ path, role: "local" });
  await store.write((tx) => ingestPage(tx, [RECORD], "c", { by: "meter", why: "read", at: AT }));
  local = connect(path, "local");
  sync = connect(path, "sync");
  sync.raw.exec("INSERT INTO lease (name, holder, fence, expires_at) VALUES ('sync', 'me', 7, 0)");
  sync.setFence(7);
});

afterEach(async () => {
  await Promise.all([store.close(), local.close(), sync.close()]);
  rmSync(folder, { recursive: true });
});

const text = (change: Partial<RecordFields>): string => `'${fieldsText({ ...FIELDS, ...change })}'`;

/** Raw SQL that breaks a rule, the connection that tries it, and the words of the refusal. */
const REFUSED: readonly (readonly [rule: string, who: "local" | "sync", sql: string, words: RegExp])[] = [
  [
    "others never write version_synced",
    "local",
    "UPDATE records SET version = version + 1, version_synced = 1",
    /only the sync worker/,
  ],
  ["others never write rev", "local", "UPDATE records SET version = version + 1, rev = 'x'", /only the sync worker/],
  [
    "a new record can't claim to be synced",
    "local",
    `INSERT INTO records (id, kind, deleted, fields, version, version_synced, changed_at, changed_by, changed_why) VALUES ('x', 'glucose', 0, ${text({})}, 1, 1, '', '', '')`,
    /only the sync worker/,
  ],
  [
    "every local change raises version",
    "local",
    `UPDATE records SET fields = ${text({ note: "n" })}`,
    /raises version by 1/,
  ],
  [
    "by one and no more",
    "local",
    `UPDATE records SET version = version + 2, fields = ${text({ note: "n" })}`,
    /raises version by 1/,
  ],
  [
    "upsert is no way around",
    "local",
    `INSERT INTO records (id, kind, deleted, fields, version, version_synced, changed_at, changed_by, changed_why) SELECT id, kind, deleted, fields, 1, 0, '', '', '' FROM records WHERE true ON CONFLICT (id) DO UPDATE SET deleted = 1`,
    /raises version by 1/,
  ],
  [
    "replace is no way around",
    "local",
    "INSERT OR REPLACE INTO records (id, kind, deleted, fields, version, version_synced, changed_at, changed_by, changed_why) SELECT id, kind, deleted, fields, 1, 0, '', '', '' FROM records",
    /never deleted/,
  ],
  ["records are never deleted", "local", "DELETE FROM records", /never deleted/],
  ["nor by the sync worker", "sync", "DELETE FROM records", /never deleted/],
  [
    "what the meter said stays",
    "local",
    `UPDATE records SET version = version + 1, fields = ${text({ value: 106 })}`,
    /what the meter said stays/,
  ],
  [
    "its serial too",
    "local",
    `UPDATE records SET version = version + 1, fields = ${text({ serial: "ABD" })}`,
    /what the meter said stays/,
  ],
  [
    "control solution stays control solution",
    "local",
    `UPDATE records SET version = version + 1, fields = ${text({ control: true })}`,
    /what the meter said stays/,
  ],
  ["the raw bytes stay", "local", "UPDATE records SET version = version + 1, raw = 'other'", /never change/],
  ["the sync worker never writes version", "sync", "UPDATE records SET version = version + 1", /never writes version/],
  [
    "nor unpushed content",
    "sync",
    `UPDATE records SET rev = 'r', fields = ${text({ note: "cloud" })}`,
    /recorded merge/,
  ],
  ["nor content without a rev", "sync", `UPDATE records SET fields = ${text({ note: "cloud" })}`, /new rev/],
  [
    "nor a measured value, even merged",
    "sync",
    `UPDATE records SET rev = 'r', fields = ${text({ value: 90 })}`,
    /what the meter said stays/,
  ],
  ["version_synced goes back only with a rev", "sync", "UPDATE records SET version_synced = -1", /goes back only/],
  ["history never changes", "local", "UPDATE history SET by = 'someone else'", /history never changes/],
  ["history is never deleted", "sync", "DELETE FROM history", /history never changes/],
  ["only the sync worker takes the lease", "local", "UPDATE lease SET fence = 99", /lease/],
  ["the fence never goes back", "sync", "UPDATE lease SET fence = 1", /fence never goes back/],
  [
    "others never write the cursor",
    "local",
    "INSERT INTO sync_state VALUES ('cursor', 'x')",
    /may not insert sync_state/,
  ],
  [
    "a capture never changes",
    "local",
    "INSERT INTO captures VALUES ('c', 'import', 'd', '', '', 'done', '{}', '[]', '{}', NULL, NULL, 1)",
    /may not insert captures/,
  ],
  [
    "the sync worker makes no captures",
    "sync",
    "INSERT INTO captures VALUES ('c', 'import', 'd', '', '', 'done', '{}', '[]', '{}', NULL, NULL, 0)",
    /may not insert captures/,
  ],
  [
    "the sync worker makes no tokens",
    "sync",
    "INSERT INTO tokens VALUES ('t', 'n', 'h', '', NULL)",
    /may not insert tokens/,
  ],
];

describe("the rules are the database's", () => {
  test.each(REFUSED)("%s (%s)", (_rule, who, sql, words) => {
    const { raw } = who === "local" ? local : sync;
    const before = dump();
    expect(() => raw.exec(sql)).toThrow(words);
    expect(dump()).toBe(before);
  });

  test("all of them were tried", () => {
    expect(REFUSED.length).toBe(26);
  });

  test("a worker whose fence is no longer the lease's can't write", () => {
    sync.raw.exec("UPDATE records SET version_synced = 1, rev = 'r1'");
    sync.setFence(6);
    expect(() => sync.raw.exec("UPDATE records SET rev = 'r2'")).toThrow(/another sync worker holds the lease/);
    expect(() => sync.raw.exec("INSERT INTO sync_state VALUES ('cursor', 'x')")).toThrow(/may not insert/);
  });

  test("a merge is let through once the cloud's side stands in history", () => {
    sync.raw.exec(
      `INSERT INTO history (record, version, origin, at, by, why, deleted, fields, rev) SELECT row, version, 'remote', '', 'other', 'merge', 0, ${text({ note: "cloud" })}, 'r' FROM records`,
    );
    sync.raw.exec(
      `UPDATE records SET rev = 'r', base_fields = ${text({ note: "cloud" })}, base_deleted = 0, fields = ${text({ note: "cloud" })}`,
    );
    expect(local.raw.prepare("SELECT origin, version FROM history ORDER BY seq").all()).toEqual([
      { origin: "local", version: 1 },
      { origin: "remote", version: 1 },
      { origin: "merge", version: 1 },
    ]);
  });

  test("a local change writes its history by itself, whoever writes the SQL", () => {
    local.raw.exec(
      `UPDATE records SET version = version + 1, fields = ${text({ note: "by hand" })}, changed_by = 'console'`,
    );
    expect(local.raw.prepare("SELECT by, version FROM history ORDER BY seq DESC LIMIT 1").get()).toEqual({
      by: "console",
      version: 2,
    });
  });
});

describe("the sqlite3 program, a connection without a role", () => {
  const sqlite3 = (sql: string): string =>
    execFileSync("sqlite3", [path, sql], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

  test("reads", () => {
    expect(sqlite3("SELECT json_extract(fields, '$.value'), version, version_synced FROM records").trim()).toBe(
      "105.0|1|0".replace("105.0", "105"),
    );
  });

  const tables = [
    "records",
    "history",
    "conflicts",
    "captures",
    "quarantine",
    "meters",
    "sync_state",
    "lease",
    "facts",
    "tokens",
  ];

  test.each([
    "UPDATE records SET version = version + 1",
    "DELETE FROM records",
    "INSERT OR REPLACE INTO records (id, kind, deleted, fields, version, version_synced, changed_at, changed_by, changed_why) SELECT id, kind, deleted, fields, 1, 0, '', '', '' FROM records",
    "UPDATE history SET by = 'x'",
    "DELETE FROM history",
    "UPDATE lease SET fence = 1",
    "INSERT INTO sync_state VALUES ('cursor', 'x')",
    "UPDATE facts SET value = 'x'",
    "INSERT INTO tokens VALUES ('a', 'b', 'c', 'd', NULL)",
  ])("can't: %s", (sql) => {
    expect(() => sqlite3(sql)).toThrow(/glucohub_role/);
  });

  test("finds a guard for insert, update and delete on every table", () => {
    const triggers = sqlite3("SELECT tbl_name || ' ' || name FROM sqlite_master WHERE type = 'trigger'");
    let guards = 0;
    for (const table of tables) {
      for (const event of ["insert", "update", "delete"]) {
        expect(triggers).toContain(`${table} ${table}_guard_${event}`);
        guards += 1;
      }
    }
    expect(guards).toBe(30);
    expect(sqlite3("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").trim()).toBe(
      String(tables.length),
    );
  });
});

function dump(): string {
  return JSON.stringify([
    local.raw.prepare("SELECT * FROM records").all(),
    local.raw.prepare("SELECT * FROM history").all(),
    local.raw.prepare("SELECT * FROM lease").all(),
  ]);
}
