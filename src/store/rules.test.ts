import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RoleConnection, type StorePlace, storeKinds } from "../../test/helpers/stores.js";
import { derivedId } from "../domain/identity.js";
import { EMPTY_FIELDS, fieldsText, type RecordFields } from "../domain/record.js";
import { ingestPage, type NewRecord } from "./records.js";
import type { Store } from "./store.js";

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

const text = (change: Partial<RecordFields>): string => `'${fieldsText({ ...FIELDS, ...change })}'`;

/** Raw SQL that breaks a rule, the connection that tries it, and the words of the refusal. */
type Refused = readonly [rule: string, who: "local" | "sync", sql: string, words: RegExp];

const REFUSED: readonly Refused[] = [
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
  [
    "only a meter's record and an export's are linked as one measurement",
    "local",
    `INSERT INTO twins (copy, original, rule, at, by) SELECT "row", "row", 'r', '', '' FROM records`,
    /may not insert twins/,
  ],
  [
    "the sync worker links none",
    "sync",
    `INSERT INTO twins (copy, original, rule, at, by) SELECT "row", "row", 'r', '', '' FROM records`,
    /may not insert twins/,
  ],
  ["nor looks for any", "sync", "INSERT INTO twins_seen VALUES ('records', 9)", /may not insert twins_seen/],
];

/** What only SQLite knows. */
const REFUSED_BY_SQLITE: readonly Refused[] = [
  [
    "replace is no way around",
    "local",
    "INSERT OR REPLACE INTO records (id, kind, deleted, fields, version, version_synced, changed_at, changed_by, changed_why) SELECT id, kind, deleted, fields, 1, 0, '', '', '' FROM records",
    /never deleted/,
  ],
];

/** What only PostgreSQL knows, or guards more closely. */
const REFUSED_BY_POSTGRES: readonly Refused[] = [
  ["a table is never emptied", "local", "TRUNCATE records CASCADE", /never emptied/],
  [
    "history is written by the records' own triggers",
    "local",
    "INSERT INTO history (record, version, origin, at, by, why, deleted, fields) SELECT record, 2, 'local', at, by, why, deleted, fields FROM history",
    /may not write history/,
  ],
  [
    "a local connection can't take itself for a migration",
    "local",
    "SET glucohub.migration = 'on'; UPDATE records SET version = 9",
    /raises version by 1/,
  ],
];

const kinds = storeKinds();
let place: StorePlace;
let store: Store;
let local: RoleConnection;
let sync: RoleConnection;

async function open(kind: (typeof kinds)[number]): Promise<void> {
  place = await kind.place();
  store = await place.open("local");
  await store.write((tx) => ingestPage(tx, [RECORD], "c", { by: "meter", why: "read", at: AT }));
  local = await place.connection("local");
  sync = await place.connection("sync");
  await sync.run("INSERT INTO lease (name, holder, fence, expires_at) VALUES ('sync', 'me', 7, 0)");
  await sync.setFence(7);
}

async function close(): Promise<void> {
  await Promise.all([store.close(), local.close(), sync.close()]);
  await place.remove();
}

async function dump(): Promise<string> {
  const tables = ["records", "history", "lease", "sync_state", "captures", "tokens", "twins", "twins_seen"];
  const rows: unknown[] = [];
  for (const table of tables) rows.push(await local.run(`SELECT * FROM ${table}`));
  return JSON.stringify(rows);
}

async function expectRefused([, who, sql]: Refused, words: RegExp): Promise<void> {
  const before = await dump();
  await expect((who === "local" ? local : sync).run(sql)).rejects.toThrow(words);
  expect(await dump()).toBe(before);
}

const [sqlite, postgres] = kinds;

const refusedBy = (kind: (typeof kinds)[number]): readonly Refused[] => [
  ...REFUSED,
  ...(kind === sqlite ? REFUSED_BY_SQLITE : REFUSED_BY_POSTGRES),
];

describe.each(kinds)("the triggers: $name", (kind) => {
  describe.skipIf(!kind.available)("refuse, with the rule's words", () => {
    beforeAll(async () => {
      await open(kind);
      // Before a trigger is asked, PostgreSQL refuses most for want of the right to that column: here they have it.
      if (kind === postgres)
        place.witness("GRANT ALL ON ALL TABLES IN SCHEMA glucohub TO glucohub_local, glucohub_sync");
    });
    afterAll(close);

    test.each(refusedBy(kind))("%s (%s)", (...refused) => expectRefused(refused, refused[3]));

    test("all of them were tried", () => {
      expect(refusedBy(kind).length).toBe(kind === sqlite ? 29 : 31);
    });
  });
});

describe.skipIf(!postgres.available)("the rights of the roles, or else the triggers, refuse", () => {
  beforeAll(() => open(postgres));
  afterAll(close);

  test.each(refusedBy(postgres))("%s (%s)", (...refused) => expectRefused(refused, /permission denied|glucohub rule/));
});

describe.each(kinds)("the rules are the database's: $name", (kind) => {
  describe.skipIf(!kind.available)("on a connection of ours", () => {
    beforeEach(() => open(kind));
    afterEach(close);

    test("a worker whose fence is no longer the lease's can't write", async () => {
      await sync.run("UPDATE records SET version_synced = 1, rev = 'r1'");
      await sync.setFence(6);
      await expect(sync.run("UPDATE records SET rev = 'r2'")).rejects.toThrow(/another sync worker holds the lease/);
      await expect(sync.run("INSERT INTO sync_state VALUES ('cursor', 'x')")).rejects.toThrow(/may not insert/);
    });

    test("without any lease nobody syncs", async () => {
      const other = await kind.place();
      const own = await other.open("local");
      const worker = await other.connection("sync");
      await expect(worker.run("INSERT INTO sync_state VALUES ('cursor', 'x')")).rejects.toThrow(/may not insert/);
      await Promise.all([worker.close(), own.close()]);
      await other.remove();
    });

    test("a merge is let through once the cloud's side stands in history", async () => {
      await sync.run(
        `INSERT INTO history (record, version, origin, at, by, why, deleted, fields, rev) SELECT "row", version, 'remote', '', 'other', 'merge', 0, ${text({ note: "cloud" })}, 'r' FROM records`,
      );
      await sync.run(
        `UPDATE records SET rev = 'r', base_fields = ${text({ note: "cloud" })}, base_deleted = 0, fields = ${text({ note: "cloud" })}`,
      );
      expect((await local.run("SELECT origin, version FROM history ORDER BY seq")).map(numbered)).toEqual([
        { origin: "local", version: 1 },
        { origin: "remote", version: 1 },
        { origin: "merge", version: 1 },
      ]);
    });

    test("what a meter said is held where it was heard: a record from the cloud alone follows the cloud", async () => {
      const put = (change: Partial<RecordFields>, rev: string): string =>
        `UPDATE records SET rev = '${rev}', fields = ${text(change)} WHERE id = 'heard elsewhere'`;
      await sync.run(
        `INSERT INTO records (id, kind, deleted, fields, version, version_synced, rev, changed_at, changed_by, changed_why) VALUES ('heard elsewhere', 'glucose', 0, ${text({})}, 0, 0, 'r1', '', 'other', 'pull')`,
      );
      await sync.run(put({ value: 106 }, "r2"));
      const raise = `UPDATE records SET version = version + 1, fields = ${text({ value: 107 })} WHERE id = 'heard elsewhere'`;
      await expect(local.run(raise)).rejects.toThrow(/what the meter said stays/);
      expect(place.witness("SELECT origin FROM history ORDER BY seq")).toBe("local\ncloud\ncloud");
    });

    test("a local change writes its history by itself, whoever writes the SQL", async () => {
      await local.run(
        `UPDATE records SET version = version + 1, fields = ${text({ note: "by hand" })}, changed_by = 'console'`,
      );
      expect((await local.run("SELECT by, version FROM history ORDER BY seq DESC LIMIT 1")).map(numbered)).toEqual([
        { by: "console", version: 2 },
      ]);
    });
  });
});

/** The psql side gives 64-bit integers as text. */
const numbered = (row: Record<string, unknown>) => ({ ...row, version: Number(row["version"]) });

const TABLES = [
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
  "twins",
  "twins_seen",
];

const WRITES = [
  "UPDATE records SET version = version + 1",
  "DELETE FROM records",
  "UPDATE history SET by = 'x'",
  "DELETE FROM history",
  "UPDATE lease SET fence = 1",
  "INSERT INTO sync_state VALUES ('cursor', 'x')",
  "UPDATE facts SET value = 'x'",
  "INSERT INTO tokens VALUES ('a', 'b', 'c', 'd', NULL)",
  "INSERT INTO twins_seen VALUES ('records', 1)",
];

describe("the sqlite3 program, a connection without a role", () => {
  beforeAll(() => open(sqlite));
  afterAll(close);

  test("reads", () => {
    expect(place.witness("SELECT json_extract(fields, '$.value'), version, version_synced FROM records")).toBe(
      "105|1|0",
    );
  });

  test.each([
    ...WRITES,
    "INSERT OR REPLACE INTO records (id, kind, deleted, fields, version, version_synced, changed_at, changed_by, changed_why) SELECT id, kind, deleted, fields, 1, 0, '', '', '' FROM records",
  ])("can't: %s", (sql) => {
    expect(() => place.witness(sql)).toThrow(/glucohub_role/);
  });

  test("finds a guard for insert, update and delete on every table", () => {
    const triggers = place.witness("SELECT tbl_name || ' ' || name FROM sqlite_master WHERE type = 'trigger'");
    let guards = 0;
    for (const table of TABLES) {
      for (const event of ["insert", "update", "delete"]) {
        expect(triggers).toContain(`${table} ${table}_guard_${event}`);
        guards += 1;
      }
    }
    expect(guards).toBe(36);
    expect(place.witness("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")).toBe(
      String(TABLES.length),
    );
  });
});

describe.skipIf(!postgres.available)("the psql program as the tables' owner, who may do anything", () => {
  beforeAll(() => open(postgres));
  afterAll(close);

  test("reads", () => {
    expect(place.witness("SELECT fields::json -> 'value', version, version_synced FROM records")).toBe("105|1|0");
  });

  test.each([...WRITES, "TRUNCATE records CASCADE", "TRUNCATE history", "UPDATE migrations SET name = 'x'"])(
    "can't: %s",
    (sql) => {
      expect(() => place.witness(sql)).toThrow(/glucohub rule/);
    },
  );

  test("can, where it says that it is a migration, for that transaction", () => {
    const migration = "BEGIN; SET LOCAL glucohub.migration = 'on';";
    expect(place.witness(`${migration} UPDATE facts SET value = 'x' WHERE name = 'hub' RETURNING value; COMMIT`)).toBe(
      "x",
    );
    expect(() => place.witness("UPDATE facts SET value = 'y'")).toThrow(/glucohub rule/);
  });

  test("finds a guard for insert, update, delete and truncate on every table", () => {
    const triggers = place.witness(
      "SELECT event_object_table || ' ' || trigger_name FROM information_schema.triggers WHERE trigger_schema = 'glucohub' UNION SELECT tgrelid::regclass || ' ' || tgname FROM pg_trigger WHERE tgname LIKE '%truncate'",
    );
    let guards = 0;
    for (const table of [...TABLES, "migrations", "commits"]) {
      for (const event of ["insert", "update", "delete", "truncate"]) {
        expect(triggers.split("\n")).toContain(`${table} ${table}_guard_${event}`);
        guards += 1;
      }
    }
    expect(guards).toBe(56);
    expect(place.witness("SELECT count(*) FROM pg_tables WHERE schemaname = 'glucohub'")).toBe(
      String(TABLES.length + 2),
    );
  });

  test("finds no right to delete a record, a state of one, or anything that says what happened", () => {
    const rights = place.witness(
      "SELECT DISTINCT table_name FROM information_schema.role_table_grants WHERE privilege_type = 'DELETE' AND grantee LIKE 'glucohub_%' ORDER BY 1",
    );
    expect(rights).toBe("commits\nmeters\nsync_state");
  });
});
