import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isProblem } from "../domain/problem.js";
import type { EntryDatabase, SqlValue } from "../kit/driver.js";
import type { FileEntry } from "../kit/transport.js";
import { type CopyOptions, MAX_VALUE_BYTES, openEntryDatabase } from "./entry-database.js";

let root = "";
let made = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "glucohub-entry-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const vector = fileURLToPath(
  new URL("../../../shared/vectors/exports/synthetic/health_connect_export.db", import.meta.url),
);
const never = new AbortController().signal;

function has(command: string): boolean {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A database file that these statements make. */
function bytesOf(fill: (db: Database.Database) => void): Buffer {
  made += 1;
  const path = join(root, `made-${made}.db`);
  const db = new Database(path);
  fill(db);
  db.close();
  return readFileSync(path);
}

const simple = (db: Database.Database): void => {
  db.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, NULL), (3, 'Ωz')");
  db.pragma("user_version = 23");
};

function entryOf(bytes: Uint8Array, size: number | null = bytes.length, during = (): void => undefined): FileEntry {
  return {
    name: "Takeout/some.db",
    size,
    async *open() {
      for (let at = 0; at < bytes.length; at += 65_536) {
        during();
        yield bytes.subarray(at, at + 65_536);
      }
    },
  };
}

/** An empty folder for copies, and the options that name it. */
function place(maxBytes = 1 << 30): CopyOptions & { readonly folder: string } {
  made += 1;
  const folder = join(root, `copies-${made}`);
  mkdirSync(folder);
  return { folder, folders: [folder], maxBytes };
}

async function withDatabase<T>(bytes: Uint8Array, use: (db: EntryDatabase) => T): Promise<T> {
  const db = await openEntryDatabase(entryOf(bytes), never, place());
  try {
    return use(db);
  } finally {
    db.close();
  }
}

describe("an entry's database", () => {
  test("is read from a copy that only this user could open, and that is gone as soon as it is open", async () => {
    const options = place();
    const modes = new Set<string>();
    const look = (): void => {
      for (const name of readdirSync(options.folder)) {
        modes.add((statSync(join(options.folder, name)).mode & 0o777).toString(8));
        for (const file of readdirSync(join(options.folder, name))) {
          modes.add((statSync(join(options.folder, name, file)).mode & 0o777).toString(8));
        }
      }
    };
    const db = await openEntryDatabase(entryOf(bytesOf(simple), null, look), never, options);
    expect([...modes].sort()).toEqual(["600", "700"]);
    expect(readdirSync(options.folder)).toEqual([]);
    expect(db.userVersion).toBe(23);
    expect(db.tables()).toEqual(["t"]);
    expect(db.columns("t")).toEqual(["a", "b"]);
    expect(db.columns("none")).toEqual([]);
    expect([...db.rows("SELECT b, a FROM t WHERE a >= ? ORDER BY a DESC", 2)]).toEqual([
      { b: "Ωz", a: 3 },
      { b: null, a: 2 },
    ]);
    db.close();
    db.close();
  });

  test("may be asked other things while rows are being read", async () => {
    await withDatabase(bytesOf(simple), (db) => {
      const seen: unknown[] = [];
      for (const { a } of db.rows("SELECT a FROM t"))
        seen.push([a, [...db.rows("SELECT b FROM t WHERE a = ?", a ?? null)]]);
      expect(seen).toEqual([
        [1, [{ b: "x" }]],
        [2, [{ b: null }]],
        [3, [{ b: "Ωz" }]],
      ]);
    });
  });

  test("that was left in write-ahead mode is read without its log", async () => {
    const bytes = bytesOf((db) => {
      db.pragma("journal_mode = WAL");
      simple(db);
    });
    // Both of the header's format versions are 2 in that mode.
    expect([...bytes.subarray(18, 20)]).toEqual([2, 2]);
    await withDatabase(bytes, (db) => expect([...db.rows("SELECT count(*) AS n FROM t")]).toEqual([{ n: 3 }]));
  });

  test("keeps every digit of large whole numbers, and gives no value that is too long", async () => {
    const bytes = bytesOf((db) => {
      db.exec("CREATE TABLE t (a, b, c)");
      const add = db.prepare("INSERT INTO t VALUES (?, ?, ?)");
      add.run(9_223_372_036_854_775_807n, 9_007_199_254_740_991n, 0.1);
      add.run("é".repeat(MAX_VALUE_BYTES / 2), Buffer.alloc(MAX_VALUE_BYTES), "b");
      add.run("é".repeat(MAX_VALUE_BYTES / 2 + 1), Buffer.alloc(MAX_VALUE_BYTES + 1), "c");
    });
    await withDatabase(bytes, (db) => {
      const rows = [...db.rows("SELECT a, b, c FROM t")];
      expect(rows[0]).toEqual({ a: 9_223_372_036_854_775_807n, b: 9_007_199_254_740_991, c: 0.1 });
      const { a, b, c } = rows[1] ?? {};
      expect(a === "é".repeat(MAX_VALUE_BYTES / 2) && Buffer.alloc(MAX_VALUE_BYTES).equals(b as Uint8Array)).toBe(true);
      expect(c).toBe("b");
      expect(rows[2]).toEqual({ a: null, b: null, c: "c" });
    });
  });

  test("shows its stored tables and columns only: nothing that would run is read", async () => {
    const bytes = bytesOf((db) => {
      simple(db);
      db.exec(`
        CREATE VIEW endless AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n;
        CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM t; END;
        CREATE VIRTUAL TABLE words USING fts5(body);
        CREATE TABLE made (a INTEGER, b AS (a * 2), c AS (a * 3) STORED, d TEXT);
      `);
    });
    await withDatabase(bytes, (db) => {
      expect(db.tables()).toContain("t");
      expect(db.tables()).not.toContain("endless");
      expect(db.tables()).not.toContain("words");
      expect(db.columns("endless")).toEqual([]);
      expect(db.columns("made")).toEqual(["a", "d"]);
      for (const sql of [
        "SELECT x FROM endless",
        'SELECT a FROM t JOIN "endless" ON x = a',
        "SELECT body FROM words",
        "SELECT name FROM sqlite_schema",
      ]) {
        expect(() => [...db.rows(sql)]).toThrow(expect.objectContaining({ code: "IMPORT_MALFORMED" }));
      }
      for (const sql of ["DELETE FROM t", "PRAGMA query_only = OFF", "ATTACH 'x' AS y"]) {
        expect(() => [...db.rows(sql)]).toThrow(expect.objectContaining({ code: "IMPORT_MALFORMED" }));
      }
      expect([...db.rows("SELECT count(*) AS n FROM t")]).toEqual([{ n: 3 }]);
    });
  });
});

describe("what is no database that can be read", () => {
  const failure = async (entry: FileEntry, options: CopyOptions, signal = never): Promise<unknown> => {
    try {
      (await openEntryDatabase(entry, signal, options)).close();
      return null;
    } catch (error) {
      return isProblem(error) ? error.code : error;
    }
  };

  test("is refused by what is wrong with it, and leaves nothing behind", async () => {
    const good = bytesOf(simple);
    const cases: readonly [code: string, bytes: Uint8Array, size: number | null][] = [
      ["IMPORT_UNKNOWN_FORMAT", Buffer.alloc(0), 0],
      ["IMPORT_UNKNOWN_FORMAT", good.subarray(0, 99), 99],
      ["IMPORT_UNKNOWN_FORMAT", Buffer.alloc(5_000, "x"), 5_000],
      ["IMPORT_MALFORMED", Buffer.concat([good.subarray(0, 100), Buffer.alloc(4_000, 0xee)]), null],
    ];
    for (const [code, bytes, size] of cases) {
      const options = place();
      expect(await failure(entryOf(bytes, size), options)).toBe(code);
      expect(readdirSync(options.folder)).toEqual([]);
    }
  });

  test("is refused where it is too large, by what the archive says or by what comes", async () => {
    const good = bytesOf(simple);
    for (const size of [good.length, null, 10]) {
      const options = place(good.length - 1);
      expect(await failure(entryOf(good, size), options)).toBe("IMPORT_MALFORMED");
      expect(readdirSync(options.folder)).toEqual([]);
    }
    expect(await failure(entryOf(good), place(good.length))).toBeNull();
  });

  test("tells a stop by its reason, and a damaged archive by its problem", async () => {
    const stop = new AbortController();
    const reason = new Error("stopped");
    const options = place();
    const entry = entryOf(bytesOf(simple), null, () => stop.abort(reason));
    expect(await failure(entry, options, stop.signal)).toBe(reason);
    expect(readdirSync(options.folder)).toEqual([]);
  });

  test("takes the next folder where one can't be written to, and says so where none can", async () => {
    const { folder } = place();
    const nowhere = join(folder, "missing");
    expect(await failure(entryOf(bytesOf(simple)), { folders: [nowhere, folder], maxBytes: 1 << 20 })).toBeNull();
    expect(await failure(entryOf(bytesOf(simple)), { folders: [nowhere], maxBytes: 1 << 20 })).toBe("INTERNAL");
  });

  test("says that the disk is full where it is", async (context) => {
    const { folder } = place();
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" });
    } catch {
      context.skip("only where a small disk can be mounted");
    }
    try {
      const large = bytesOf((db) => db.exec("CREATE TABLE t AS SELECT zeroblob(200000) AS a"));
      expect(await failure(entryOf(large), { folders: [folder], maxBytes: 1 << 30 })).toBe("STORE_FULL");
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      execFileSync("umount", [folder]);
    }
  });

  test("with any byte turned gives rows of its tables or a problem, never another end", async () => {
    const good = bytesOf((db) => {
      db.pragma("page_size = 512");
      simple(db);
      db.exec("CREATE INDEX i ON t (b)");
    });
    expect(good.length).toBeLessThan(4_096);
    let problems = 0;
    for (let at = 0; at < good.length; at += at < 120 ? 1 : 3) {
      const bytes = Buffer.from(good);
      bytes[at] = (bytes[at] ?? 0) ^ (at % 2 === 0 ? 0xff : 1 << (at % 8));
      const options = place();
      try {
        const db = await openEntryDatabase(entryOf(bytes), never, options);
        try {
          for (const table of db.tables()) {
            if (!/^\w+$/.test(table)) continue;
            for (const column of db.columns(table)) {
              if (/^\w+$/.test(column)) [...db.rows(`SELECT "${column}" FROM "${table}"`)].length;
            }
          }
        } finally {
          db.close();
        }
      } catch (error) {
        if (!isProblem(error, "IMPORT_MALFORMED", "IMPORT_UNKNOWN_FORMAT")) throw error;
        problems += 1;
      }
      expect(readdirSync(options.folder)).toEqual([]);
    }
    expect(problems).toBeGreaterThan(50);
  });
});

describe.skipIf(!existsSync(vector) || !has("sqlite3"))("the collected database", () => {
  test("gives what the sqlite3 command reads in it", async () => {
    const bytes = readFileSync(vector);
    const path = join(root, "vector.db");
    writeFileSync(path, bytes);
    const command = (sql: string): Record<string, SqlValue>[] => {
      const output = execFileSync("sqlite3", ["-json", path, sql], { encoding: "utf8" });
      return output.trim() === "" ? [] : JSON.parse(output);
    };
    await withDatabase(bytes, (db) => {
      expect(db.userVersion).toBe(23);
      const tables = command("SELECT name FROM sqlite_schema WHERE type = 'table'").map(({ name }) => name);
      expect([...db.tables()].sort()).toEqual([...tables].sort());
      expect(tables).toHaveLength(6);
      const sql =
        "SELECT row_id, time, zone_offset, level, specimen_source, client_record_id FROM blood_glucose_record_table";
      const rows = [...db.rows(sql)];
      expect(rows).toHaveLength(4);
      expect(rows).toEqual(command(sql));
    });
  });
});
