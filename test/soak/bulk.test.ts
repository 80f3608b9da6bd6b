import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setApart } from "./bulk.js";
import { ask } from "./facts.js";

const hasSqlite = spawnSync("sqlite3", ["--version"]).status === 0;
/** The columns that count, as both sides' files have them. */
const HUB = `CREATE TABLE records (row INTEGER PRIMARY KEY, id TEXT UNIQUE, kind TEXT, deleted INTEGER, fields TEXT,
    version INTEGER, version_synced INTEGER, rejected_code TEXT, rev TEXT);
  CREATE TABLE history (seq INTEGER PRIMARY KEY, record INTEGER, origin TEXT, deleted INTEGER, fields TEXT);`;
const CLOUD = `CREATE TABLE records (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, kind TEXT, rev TEXT, parent TEXT,
    deleted INTEGER, fields TEXT, by TEXT);
  CREATE TABLE states (seq INTEGER PRIMARY KEY, id TEXT);`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "glucohub-bulk-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Five records that are sound, changed by these statements; the ids that are set apart. */
async function apartAfter(atHub: string, inCloud = "", answered: readonly string[] = []): Promise<unknown[]> {
  const [hub, cloud, apart] = ["hub.db", "cloud.db", "apart.db"].map((name) => join(folder, name));
  if (hub === undefined || cloud === undefined || apart === undefined) throw new Error("no names");
  for (const path of [hub, cloud]) rmSync(path, { force: true });
  const five = [1, 2, 3, 4, 5].map((row) => ({ row, fields: `{"value":${row},"note":null,"patient":null}` }));
  const rows = five.map(
    ({
      row,
      fields,
    }) => `INSERT INTO records VALUES (${row}, 'r${row}', 'glucose', 0, '${fields}', 1, 1, NULL, 'v${row}');
      INSERT INTO history VALUES (${row}, ${row}, 'local', 0, '${fields}');`,
  );
  const copies = five.map(
    ({ row, fields }) =>
      `INSERT INTO records VALUES (${row}, 'r${row}', 'glucose', 'v${row}', NULL, 0, '${fields}', 'hub');`,
  );
  execFileSync("sqlite3", [hub, `${HUB}${rows.join("\n")}${atHub}`]);
  execFileSync("sqlite3", [cloud, `${CLOUD}${copies.join("\n")}${inCloud}`]);
  const bulk = { condition: "h.kind = 'glucose'", apart, quietMs: 1_000 };
  const ledger = { acknowledged: answered.map((record) => ({ record })) };
  const file = await setApart({ hubs: [{ name: "hub", path: hub }], cloud: { path: cloud }, ledger, bulk });
  expect(file).toBe(apart);
  return (await ask(apart, "SELECT id FROM ids ORDER BY id")).map(({ id }) => id);
}

describe.skipIf(!hasSqlite)("what is set apart to be looked at one by one", () => {
  test("is nothing where every record is plain and equal on both sides", async () => {
    expect(await apartAfter("")).toEqual([]);
  });

  test("is what somebody was answered for, however plain it is, and however many that are", async () => {
    const many = Array.from({ length: 2_500 }, (_, index) => `x${index}`);
    const apart = await apartAfter("", "", ["r2", "r2", "r5", ...many]);
    expect(apart.length).toBe(2_502);
    expect(apart).toEqual(expect.arrayContaining(["r2", "r5", "x2499"]));
  });

  const other = `'{"value":9,"note":null,"patient":null}'`;
  test.each([
    ["another value at the hub", `UPDATE records SET fields = ${other} WHERE row = 3`, ""],
    ["another value in the history", `UPDATE history SET fields = ${other} WHERE record = 3`, ""],
    ["no history", "DELETE FROM history WHERE record = 3", ""],
    ["a second state", `INSERT INTO history VALUES (9, 3, 'remote', 0, ${other})`, ""],
    ["a state of other origin", "UPDATE history SET origin = 'cloud' WHERE record = 3", ""],
    ["an edit that waits", "UPDATE records SET version = 2 WHERE row = 3", ""],
    ["no confirmation", "UPDATE records SET version_synced = 0 WHERE row = 3", ""],
    ["a deletion", "UPDATE records SET deleted = 1 WHERE row = 3", ""],
    ["a refusal", "UPDATE records SET rejected_code = 'invalid' WHERE row = 3", ""],
    ["another kind, which nobody takes for the bulk", "UPDATE records SET kind = 'note' WHERE row = 3", ""],
    ["a note on both sides", `UPDATE records SET fields = json_set(fields, '$.note', '~x~') WHERE row = 3`, ""],
    ["another value in the cloud", "", `UPDATE records SET fields = ${other} WHERE seq = 3`],
    ["a deletion in the cloud", "", "UPDATE records SET deleted = 1 WHERE seq = 3"],
    ["another rev", "", "UPDATE records SET rev = 'w' WHERE seq = 3"],
    ["a state before it in the cloud", "", "INSERT INTO states VALUES (9, 'r3')"],
    ["another writer in the cloud", "", "UPDATE records SET by = 'doctor' WHERE seq = 3"],
    ["no such record in the cloud", "", "DELETE FROM records WHERE seq = 3"],
    ["no such record at the hub", "DELETE FROM records WHERE row = 3", ""],
  ])("is a record with %s", async (_what, atHub, inCloud) => {
    expect(await apartAfter(atHub, inCloud)).toEqual(["r3"]);
  });

  test("is not asked for where there is no bulk", async () => {
    expect(await setApart({ hubs: [], cloud: { path: "none" }, ledger: { acknowledged: [] }, bulk: null })).toBeNull();
  });
});
