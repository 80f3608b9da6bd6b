import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { auditStore } from "../../src/store/audit.js";
import { connect } from "../../src/store/connection.js";
import { Store } from "../../src/store/store.js";
import { dirtyPage } from "../../src/store/sync-records.js";
import { rounds } from "./cycle.js";
import { filledStore } from "./filled-store.js";
import { installPeers, versionOf } from "./install-peers.js";
import { DEBOUNCE_MS } from "./latency.js";
import { multipliedStore } from "./multiplied-store.js";
import { pulledPages } from "./page.js";
import { repositoryFile } from "./repository-file.js";
import { watchStatements } from "./statement-time.js";
import { walCommits } from "./wal-commits.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glucohub-bench-parts-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A store of so many records made out of one of 30. */
async function multiplied(count: number, pushed: boolean): Promise<string> {
  const source = await filledStore({ records: 30, readings: 1, folder, say() {} }, "source");
  const path = join(folder, "multiplied.db");
  await multipliedStore(path, source, count, pushed);
  return path;
}

describe("a multiplied store", () => {
  test("has the schema of any new one, and stands an audit", async () => {
    const path = await multiplied(100, true);
    const fresh = join(folder, "fresh.db");
    await (await Store.open({ path: fresh, role: "local" })).close();
    const schemaOf = (file: string): unknown[] => {
      const db = new Database(file, { readonly: true });
      const rows = db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").all();
      db.close();
      return rows;
    };
    expect(schemaOf(path)).toEqual(schemaOf(fresh));
    expect(schemaOf(path).length).toBeGreaterThan(40);
    expect(auditStore(path).faults).toEqual([]);
  });

  test.each([true, false])(
    "has the records that were asked for, each once, with its history (pushed: %s)",
    async (pushed) => {
      const path = await multiplied(100, pushed);
      const db = new Database(path, { readonly: true });
      const count = (sql: string): unknown => db.prepare(sql).pluck().get();
      expect(count("SELECT count(DISTINCT id) FROM records")).toBe(100);
      expect(count("SELECT count(DISTINCT record) FROM history")).toBe(100);
      expect(count("SELECT count(*) FROM records WHERE version > version_synced")).toBe(pushed ? 0 : 100);
      expect(count("SELECT count(DISTINCT fields) FROM records")).toBe(30);
      db.close();
    },
  );
});

describe("a round of the engine", () => {
  test("is a few transactions, whatever the store holds, and a few statements for each change", async () => {
    const measured = await rounds(await multiplied(500, true), 500, [0, 10]);
    expect(measured.map(({ changed, commits }) => [changed, commits])).toEqual([
      [0, 2],
      [10, 3],
    ]);
    for (const { statementsMs, commitsMs, wholeMs } of measured)
      expect(statementsMs + commitsMs).toBeLessThanOrEqual(wholeMs);
  });

  test("finds unpushed records by the index that holds only them", async () => {
    const path = await multiplied(100, true);
    const asked: string[] = [];
    const probe = {
      begin: async () => {},
      commit: async () => {},
      end: () => {},
      statement: async (sql: string) => void asked.push(sql),
    };
    const store = await Store.open({ path, role: "sync", probe });
    asked.length = 0;
    await dirtyPage(store, 0, 10);
    await store.close();
    expect(asked).toHaveLength(1);
    const { raw, close } = connect(path, "reader");
    const plan = raw.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${asked[0]}`).all(0, 10);
    await close();
    expect(plan.map(({ detail }) => detail)).toEqual(["SEARCH records USING INDEX records_dirty (row>?)"]);
  });
});

describe("pulled pages", () => {
  test("are one transaction each, as large as the engine asks for them, and hold everything", async () => {
    const { size, times } = await pulledPages(join(folder, "page.db"), 2_300);
    expect(times).toHaveLength(Math.floor(2_300 / size));
    const db = new Database(join(folder, "page.db"), { readonly: true });
    expect(db.prepare("SELECT count(*) FROM records").pluck().get()).toBe(2_300);
    db.close();
  });
});

describe("counting transactions in a write-ahead log", () => {
  test("agrees with what was committed, rolled back or left open, and forgets logs before it", () => {
    const path = join(folder, "log.db");
    const db = new Database(path);
    db.pragma("journal_mode = WAL");
    db.exec("CREATE TABLE t (a TEXT)");
    expect(walCommits(`${path}-wal`)).toBe(1);
    // Many pages, so that a transaction is many frames.
    const insert = db.prepare("INSERT INTO t VALUES (hex(randomblob(20000)))");
    for (let index = 0; index < 5; index += 1) insert.run();
    expect(walCommits(`${path}-wal`)).toBe(6);
    db.exec("BEGIN; INSERT INTO t VALUES ('x'); ROLLBACK; BEGIN; INSERT INTO t VALUES ('x')");
    expect(walCommits(`${path}-wal`)).toBe(6);
    db.exec("COMMIT");
    db.pragma("wal_checkpoint(RESTART)");
    insert.run();
    expect(walCommits(`${path}-wal`)).toBe(1);
    db.close();
  });

  test("finds none in an empty one", () => {
    writeFileSync(join(folder, "empty-wal"), "");
    expect(walCommits(join(folder, "empty-wal"))).toBe(0);
  });
});

describe("the time of statements", () => {
  test("is told apart from that of commits, until the watch ends", () => {
    const db = new Database(join(folder, "time.db"));
    db.exec("CREATE TABLE t (a INTEGER)");
    const watch = watchStatements();
    try {
      db.prepare("BEGIN").run();
      const insert = db.prepare("INSERT INTO t VALUES (?)");
      for (let index = 0; index < 10; index += 1) insert.run(index);
      db.prepare("COMMIT").run();
      expect(db.prepare("SELECT sum(a) FROM t").pluck().get()).toBe(45);
      const taken = watch.take();
      expect(taken).toMatchObject({ commits: 1, statements: 12 });
      expect(taken.commitsMs).toBeGreaterThan(0);
      expect(taken.othersMs).toBeGreaterThan(0);
    } finally {
      watch.stop();
    }
    db.prepare("DELETE FROM t").run();
    expect(watch.take()).toEqual({ commits: 0, statements: 0, commitsMs: 0, othersMs: 0 });
    db.close();
  });
});

describe("the debounce that is taken off the latency", () => {
  test("is the one that the schedule waits", () => {
    const source = readFileSync(repositoryFile("src/sync/bell/schedule.ts"), "utf8");
    expect(source).toContain(`const GATHER_MS = ${DEBOUNCE_MS};`);
  });
});

describe("the packages of peers", () => {
  const said: string[] = [];
  const lock = '{"lockfileVersion": 3}';
  const peers = (): URL => {
    said.length = 0;
    mkdirSync(join(folder, "peers"));
    writeFileSync(join(folder, "peers/package-lock.json"), lock);
    return pathToFileURL(join(folder, "peers/"));
  };

  test("that can't be installed are told of with npm's first words", async () => {
    const place = peers();
    const npm = join(folder, "npm");
    writeFileSync(npm, "#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n", { mode: 0o755 });
    expect(await installPeers(place, (line) => said.push(line), npm)).toMatch(
      /could not install.*: npm error code ENOTFOUND$/,
    );
    expect(await installPeers(place, (line) => said.push(line), join(folder, "none"))).toMatch(/ENOENT/);
    expect(said).toHaveLength(2);
  });

  test("are installed once, and anew when the lock changes", async () => {
    const place = peers();
    const npm = join(folder, "npm");
    writeFileSync(npm, '#!/bin/sh\nmkdir -p node_modules; echo "$@" >> called\n', { mode: 0o755 });
    const install = (): Promise<string | null> => installPeers(place, (line) => said.push(line), npm);
    expect([await install(), await install()]).toEqual([null, null]);
    writeFileSync(join(folder, "peers/package-lock.json"), `${lock} `);
    expect(await install()).toBeNull();
    expect(readFileSync(join(folder, "peers/called"), "utf8").trim().split("\n")).toEqual(
      Array(2).fill("ci --ignore-scripts --no-audit --no-fund --loglevel=error"),
    );
    expect(said).toHaveLength(2);
  });

  test("are pinned: the lock has the versions that package.json names", () => {
    const { dependencies } = JSON.parse(readFileSync(repositoryFile("test/bench/peers/package.json"), "utf8"));
    const { packages } = JSON.parse(readFileSync(repositoryFile("test/bench/peers/package-lock.json"), "utf8"));
    const locked = Object.keys(dependencies).map((name) => [name, packages[`node_modules/${name}`].version]);
    expect(Object.fromEntries(locked)).toEqual(dependencies);
    expect(locked).toHaveLength(10);
    // WatermelonDB takes ours: two copies of a native library in one comparison would not be one comparison.
    expect(packages).not.toHaveProperty("node_modules/better-sqlite3");
  });

  const there = existsSync(repositoryFile("test/bench/peers/node_modules/rxdb"));
  test.skipIf(!there)("tell their versions", () => {
    expect(versionOf(repositoryFile("test/bench/peers/"), "rxdb")).toBe("17.6.0");
  });
});
