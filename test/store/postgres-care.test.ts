import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { auditDatabase } from "../../src/store/postgres/audit.js";
import { editRecord, getRecord, ingestPage } from "../../src/store/records.js";
import { Store } from "../../src/store/store.js";
import { postgresPrograms } from "../helpers/postgres-server.js";
import { type StorePlace, storeKinds } from "../helpers/stores.js";
import { nurse, reading } from "../sync/two-sides.js";

const [, postgres] = storeKinds();
const meter = { by: "meter", why: "read", at: "2026-01-02T00:00:00.000Z" };
const { id } = reading(1);

let place: StorePlace;
let url: string;
beforeEach(async () => {
  if (!postgres.available) return;
  place = await postgres.place();
  url = place.address.url ?? "";
});
afterEach(() => (postgres.available ? place.remove() : undefined));

/** A store with three records, one of them edited. */
async function filled(at = url): Promise<void> {
  const store = await Store.open({ path: "unused", url: at, role: "local" });
  await store.write((tx) => ingestPage(tx, [reading(1), reading(2), reading(3)], null, meter));
  await editRecord(store, id, { note: "n" }, nurse);
  await store.close();
}

describe.skipIf(!postgres.available)("the audit of a database", () => {
  test("finds a sound store sound, counts, and leaves nothing behind", async () => {
    await filled();
    const { faults, counts, schemaObjects, schemaVersion } = await auditDatabase(url);
    expect(faults).toEqual([]);
    expect(counts).toEqual({ records: 3, history: 4, conflicts: 0, captures: 0, quarantine: 0 });
    expect(schemaVersion).toBe(Number(place.witness("SELECT count(*) FROM migrations")));
    // 12 tables, each with four guards, and much else.
    expect(schemaObjects).toBeGreaterThan(150);
    expect(place.witness("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'glucohub%'")).toBe("glucohub");
  });

  const migration = "SET glucohub.migration = 'on';";
  const harm: [what: string, sql: string, fault: RegExp][] = [
    ["a rule that is gone", "DROP TRIGGER records_guard_update ON records", /trigger records_guard_update is missing/],
    [
      "a rule that is switched off",
      "ALTER TABLE history DISABLE TRIGGER history_guard_delete",
      /trigger history_guard_delete is not as it should be/,
    ],
    [
      "a rule that says something else",
      "CREATE OR REPLACE FUNCTION holds_lease() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT true $$",
      /function holds_lease is not as it should be/,
    ],
    [
      "a right that nobody should have",
      "GRANT UPDATE (version) ON records TO glucohub_sync",
      /right of glucohub_sync to UPDATE version of records does not belong here/,
    ],
    [
      "a right that is missing",
      "REVOKE SELECT ON tokens FROM glucohub_local",
      /right of glucohub_local to SELECT tokens is missing/,
    ],
    ["a table of somebody else's", "CREATE TABLE mine (x int)", /table mine does not belong here/],
    ["an index that is gone", "DROP INDEX records_dirty", /index records_dirty is missing/],
    [
      "a column that changed",
      "ALTER TABLE tokens ALTER COLUMN hash DROP NOT NULL",
      /table tokens is not as it should be/,
    ],
    [
      "a history that was rewritten",
      `${migration} UPDATE history SET fields = replace(fields, '"value":82', '"value":9') WHERE record = 2`,
      /is not what the newest state/,
    ],
    ["a record without history", `${migration} DELETE FROM history WHERE record = 2`, /has no history/],
    [
      "a value that no record may have",
      `${migration} UPDATE records SET fields = replace(fields, '"value":82', '"value":-1') WHERE "row" = 2`,
      /value must be/,
    ],
    [
      "a capture whose bytes were changed",
      `${migration} INSERT INTO captures (id, kind, driver, started_at, ended_at, outcome, device, records, counts, sha256, bytes) VALUES ('c', 'session', 'd', '', '', 'done', '{}', '[]', '{}', 'x', '\\x00')`,
      /capture c: its bytes are not/,
    ],
  ];
  test.each(harm)("finds %s", async (_what, sql, fault) => {
    await filled();
    place.witness(sql);
    const { faults } = await auditDatabase(url);
    expect(faults.join("\n")).toMatch(fault);
  });

  test("there are twelve kinds of harm, and a store must be there", async () => {
    expect(harm.length).toBe(12);
    await expect(auditDatabase(url)).rejects.toMatchObject({
      code: "STORE_UNUSABLE",
      message: expect.stringContaining("There is no store"),
    });
  });
});

describe.skipIf(!postgres.available)("a database's user who is nobody special", () => {
  test("is told what an administrator must run, and after that has a store that is sound", async () => {
    const server = await postgres.server();
    server.psql(url, "DROP OWNED BY glucohub_local, glucohub_sync; DROP ROLE glucohub_local, glucohub_sync").toString();
    server.psql(url, `CREATE ROLE "night nurse" LOGIN; CREATE ROLE clerk LOGIN`);
    const own = server.urlFor(url, "night nurse");
    const refused = Store.open({ path: "unused", url: own, role: "local" });
    await expect(refused).rejects.toMatchObject({ code: "STORE_UNUSABLE" });
    const said = await refused.catch((error: Error) => error.message);
    const sql = /An administrator runs: (.+)$/.exec(String(said))?.[1] ?? "";
    expect(sql).toMatch(
      /^CREATE ROLE glucohub_local NOLOGIN; CREATE ROLE glucohub_sync NOLOGIN; GRANT glucohub_local, glucohub_sync TO "night nurse"; GRANT CREATE ON DATABASE store\d+ TO "night nurse";$/,
    );
    server.psql(url, sql);
    await filled(own);
    expect((await auditDatabase(own)).faults).toEqual([]);

    // Another hub with a user of its own, who does not own the tables.
    const other = server.urlFor(url, "clerk");
    await expect(Store.open({ path: "unused", url: other, role: "local" })).rejects.toThrow(/TO clerk;/);
    server.psql(url, "GRANT glucohub_local, glucohub_sync TO clerk");
    const store = await Store.open({ path: "unused", url: other, role: "local" });
    await editRecord(store, id, { note: "by the clerk" }, nurse);
    await store.close();
    expect(() => server.psql(own, "UPDATE glucohub.records SET version = version + 1")).toThrow(/glucohub rule/);
    expect(() => server.psql(other, "UPDATE glucohub.history SET why = 'x'")).toThrow(/permission denied/);
    server.psql(url, 'DROP SCHEMA glucohub CASCADE; DROP OWNED BY "night nurse"; DROP ROLE "night nurse", clerk');
  });
});

describe.skipIf(!postgres.available)("a dump of the database", () => {
  test("made and restored by PostgreSQL's own programs is the store as it was, rules and all", async () => {
    await filled();
    const programs = postgresPrograms() ?? "";
    const dump = join(place.folder, "glucohub.dump");
    execFileSync(join(programs, "pg_dump"), ["--format=custom", `--file=${dump}`, url]);
    const before = place.witness(
      "SELECT * FROM records ORDER BY id; SELECT * FROM history ORDER BY seq; SELECT * FROM facts",
    );
    const store = await place.open("local");
    await editRecord(store, id, { note: "after the dump" }, nurse);
    await store.close();
    execFileSync(join(programs, "pg_restore"), ["--clean", "--if-exists", `--dbname=${url}`, dump]);
    expect(
      place.witness("SELECT * FROM records ORDER BY id; SELECT * FROM history ORDER BY seq; SELECT * FROM facts"),
    ).toBe(before);
    expect((await auditDatabase(url)).faults).toEqual([]);
    const again = await place.open("local");
    await editRecord(again, id, { note: "again" }, nurse);
    expect((await getRecord(again, id)).record.note).toBe("again");
    await again.close();
  });
});
