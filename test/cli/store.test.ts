import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { connect } from "../../src/store/connection.js";
import { acquireHubLock } from "../../src/store/lock.js";
import { commandLine, hasSqlite3, jsonLines, sqlite3 } from "./run.js";

/** A store with three records, one of them edited. */
async function filled() {
  const cli = commandLine();
  for (const value of ["5.1", "5.2", "5.3"]) await cli.run("add", "glucose", value, "mmol/L");
  const [record] = jsonLines((await cli.run("records", "--json")).out);
  const id = String(record?.["id"]);
  await cli.run("edit", id, "--set", "note=before");
  return { ...cli, id };
}

/** Changes a store's file as no rule would let anyone. */
function tamper(path: string, sql: string): void {
  const { raw } = connect(path, "migrate");
  raw.exec(sql);
  raw.close();
}

const epochOf = (path: string): unknown => {
  const raw = new Database(path, { readonly: true });
  const epoch = raw.prepare("SELECT value FROM facts WHERE name = 'epoch'").pluck().get();
  raw.close();
  return epoch;
};

describe("verify", () => {
  test("finds a sound store sound, and counts", async () => {
    const cli = await filled();
    const { code, out } = await cli.run("verify", "--json");
    expect(code).toBe(0);
    const sound = { ok: true, faults: [], records: 3, history: 4, conflicts: 0, captures: 0, quarantine: 0 };
    expect(jsonLines(out)).toMatchObject([sound]);
    expect((await cli.run("verify")).out).toMatch(/^Sound: 3 records, 4 history/);
  });

  const harm: [string, string, RegExp][] = [
    ["a rule that is gone", "DROP TRIGGER records_guard_update", /trigger records_guard_update is missing/],
    [
      "a rule that says something else",
      "DROP TRIGGER records_guard_delete; CREATE TRIGGER records_guard_delete BEFORE DELETE ON records BEGIN SELECT 1; END",
      /trigger records_guard_delete is not as it should be/,
    ],
    ["a table of somebody else's", "CREATE TABLE mine (x)", /table mine does not belong here/],
    ["an index that is gone", "DROP INDEX records_dirty", /index records_dirty is missing/],
    [
      "a history that was rewritten",
      "UPDATE history SET fields = json_set(fields, '$.value', 9) WHERE seq = 1",
      /not what the newest state/,
    ],
    ["a record without history", "DELETE FROM history WHERE record = 2", /has no history/],
    [
      "a value that no record may have",
      "UPDATE records SET fields = json_set(fields, '$.value', -1), version = version + 1 WHERE row = 1",
      /value must be/,
    ],
    [
      "fields that are no JSON object",
      "UPDATE records SET fields = '7', version = version + 1 WHERE row = 1",
      /no JSON object/,
    ],
    [
      "a capture whose bytes were changed",
      "INSERT INTO captures (id, kind, driver, started_at, ended_at, outcome, device, records, counts, sha256, bytes) VALUES ('c', 'session', 'd', '', '', 'done', '{}', '[]', '{}', 'x', x'00')",
      /capture c: its bytes are not/,
    ],
    [
      "a reference to nothing",
      "PRAGMA foreign_keys = OFF; INSERT INTO history (record, version, origin, at, by, why, deleted, fields) VALUES (99, 1, 'local', '', '', '', 0, '{}')",
      /refers to nothing/,
    ],
  ];

  test.each(harm)("finds %s, and ends with 1", async (_, sql, fault) => {
    const cli = await filled();
    tamper(cli.store, sql);
    const { code, out, err } = await cli.run("verify", "--json");
    expect(code).toBe(1);
    const [report] = jsonLines<{ ok: boolean; faults: string[] }>(out);
    expect(report?.ok).toBe(false);
    expect(report?.faults.join("\n")).toMatch(fault);
    expect(err).toContain("restore-backup");
  });

  test("there are ten kinds of harm, and a store must be there", async () => {
    expect(harm.length).toBe(10);
    expect(await commandLine().run("verify")).toMatchObject({ code: 1, out: "" });
  });
});

describe("backup and restore-backup", () => {
  test("bring the store back as it was, keep the replaced one, and begin a new epoch", async () => {
    const cli = await filled();
    const before = (await cli.run("records", "--json")).out;
    expect(await cli.run("backup", "kept.db")).toMatchObject({ code: 0, out: `${join(cli.folder, "kept.db")}\n` });
    expect(statSync(join(cli.folder, "kept.db")).mode & 0o077).toBe(0);
    expect(readdirSync(cli.folder).sort()).toEqual(["data", "kept.db"]);
    const epoch = epochOf(cli.store);

    await cli.run("remove", cli.id);
    const after = (await cli.run("records", "--json")).out;
    expect(after).not.toBe(before);
    const { code, err } = await cli.run("restore-backup", "kept.db");
    expect(code).toBe(0);
    expect((await cli.run("records", "--json")).out).toBe(before);
    expect((await cli.run("verify")).code).toBe(0);
    expect(epochOf(cli.store)).not.toBe(epoch);
    expect(epochOf(join(cli.folder, "kept.db"))).toBe(epoch);

    const kept = /kept as (\S+)\.$/m.exec(err)?.[1] ?? "";
    expect(kept).toContain(`${cli.store}.before-restore-`);
    const other = commandLine();
    await other.run("records");
    copyFileSync(kept, other.store);
    expect((await other.run("records", "--json")).out).toBe(after);
    // Nothing was left over, and changes go on from there.
    expect(readdirSync(cli.data).filter((name) => name.includes("restoring"))).toEqual([]);
    expect((await cli.run("edit", cli.id, "--set", "note=again")).code).toBe(0);
  });

  test("a backup is never written over a file", async () => {
    const cli = await filled();
    writeFileSync(join(cli.folder, "kept.db"), "mine");
    expect(await cli.run("backup", "kept.db")).toMatchObject({ code: 2, out: "" });
    expect(statSync(join(cli.folder, "kept.db")).size).toBe(4);
    expect(await cli.run("backup", "no/such/folder.db")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("can't be written"),
    });
  });

  test("a backup of a store that is not sound is none", async () => {
    const cli = await filled();
    tamper(cli.store, "DROP TRIGGER history_guard_delete");
    expect(await cli.run("backup", "kept.db")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("history_guard_delete"),
    });
    expect(readdirSync(cli.folder)).toEqual(["data"]);
  });

  test("while a hub runs nothing is replaced", async () => {
    const cli = await filled();
    await cli.run("backup", "kept.db");
    const lock = acquireHubLock(cli.data);
    expect(await cli.run("restore-backup", "kept.db")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("Another hub is running"),
    });
    lock.release();
    expect((await cli.run("restore-backup", "kept.db")).code).toBe(0);
  });

  test("while another program has the store open nothing is replaced", async () => {
    const cli = await filled();
    await cli.run("backup", "kept.db");
    const before = (await cli.run("records", "--json")).out;
    const { raw } = connect(cli.store, "reader");
    raw.prepare("SELECT count(*) FROM records").get();
    expect(await cli.run("restore-backup", "kept.db")).toMatchObject({ code: 1, err: expect.stringContaining("busy") });
    raw.close();
    expect((await cli.run("records", "--json")).out).toBe(before);
    expect(readdirSync(cli.data).filter((name) => /restor/.test(name))).toEqual([]);
  });

  const bad: [string, boolean, (path: string) => void, RegExp][] = [
    ["is no store", false, (path) => writeFileSync(path, "This is a letter. ".repeat(100)), /not a database/],
    ["is something else's", false, (path) => new Database(path).exec("CREATE TABLE x (y)").close(), /version 0/],
    ["is of a newer Glucohub", true, (path) => tamper(path, "PRAGMA user_version = 99"), /newer Glucohub/],
    ["was tampered with", true, (path) => tamper(path, "DROP TRIGGER records_guard_insert"), /records_guard_insert/],
  ];
  test.each(bad)("a file that %s is refused and the store stays", async (_, fromBackup, spoil, why) => {
    const cli = await filled();
    const before = (await cli.run("records", "--json")).out;
    if (fromBackup) expect((await cli.run("backup", "kept.db")).code).toBe(0);
    spoil(join(cli.folder, "kept.db"));
    const refused = await cli.run("restore-backup", "kept.db");
    expect(refused).toMatchObject({ code: 1, out: "", err: expect.stringMatching(why) });
    expect((await cli.run("records", "--json")).out).toBe(before);
    expect(readdirSync(cli.data).filter((name) => /restor/.test(name))).toEqual([]);
  });

  test("these were four; one that is not there is refused too", async () => {
    expect(bad.length).toBe(4);
    const cli = await filled();
    expect(await cli.run("restore-backup", "none.db")).toMatchObject({ code: 1, out: "" });
  });

  test("a store too damaged to be opened is replaced, and its files are kept", async () => {
    const cli = await filled();
    const before = (await cli.run("records", "--json")).out;
    await cli.run("backup", "kept.db");
    writeFileSync(cli.store, "not a database any more ".repeat(50));
    expect((await cli.run("restore-backup", "kept.db")).code).toBe(0);
    expect((await cli.run("records", "--json")).out).toBe(before);
    const kept = readdirSync(cli.data).filter((name) => /before-restore-[\dTZ-]+$/.test(name));
    expect(kept.length).toBe(1);
    expect(readFileSync(join(cli.data, kept[0] ?? ""), "utf8")).toContain("not a database any more");
  });

  test.skipIf(!hasSqlite3)("another program reads a backup whole", async () => {
    const cli = await filled();
    await cli.run("backup", "kept.db");
    const file = join(cli.folder, "kept.db");
    expect(sqlite3(file, "PRAGMA integrity_check; SELECT count(*) FROM records; SELECT count(*) FROM history")).toBe(
      "ok\n3\n4",
    );
    expect(sqlite3(file, "PRAGMA journal_mode")).toBe("delete");
  });
});

describe("token", () => {
  test("is shown once, listed without its secret, and revoked once", async () => {
    const cli = commandLine();
    const made = await cli.run("token", "create", "tablet");
    const secret = made.out.trim();
    expect(secret).toMatch(/^[\w-]{32}$/);
    const listed = await cli.run("token", "list", "--json");
    expect(listed.out).not.toContain(secret);
    expect(jsonLines(listed.out)).toMatchObject([{ name: "tablet", revokedAt: null }]);
    expect((await cli.run("token", "revoke", "tablet")).code).toBe(0);
    expect(jsonLines((await cli.run("token", "list", "--json")).out)).toMatchObject([
      { revokedAt: expect.any(String) },
    ]);
    expect((await cli.run("token", "revoke", "tablet")).code).toBe(1);
  });
});
