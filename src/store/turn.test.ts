import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { keepReadings } from "../../test/api/fake-hub.js";
import { tempFolder } from "../../test/helpers/ingest.js";
import { Store } from "./store.js";
import { inTurn } from "./turn.js";

const busy = (): Error => Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });

describe("a transaction's begin", () => {
  test("is tried until it may be", async () => {
    let tries = 0;
    await inTurn(async () => {
      tries += 1;
      if (tries < 6) throw busy();
    }, 60_000);
    expect(tries).toBe(6);
  });

  test("that fails otherwise is not tried again", async () => {
    let tries = 0;
    const begin = async (): Promise<void> => {
      tries += 1;
      throw Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR" });
    };
    await expect(inTurn(begin, 60_000)).rejects.toThrow("disk I/O error");
    expect(tries).toBe(1);
  });

  test("is given up after its time with what SQLite said", async () => {
    await expect(inTurn(async () => Promise.reject(busy()), 0)).rejects.toThrow("database is locked");
  });
});

test("while another program writes, the thread goes on, and what waits is written together in its order", async () => {
  const path = join(tempFolder(), "glucohub.db");
  const store = await Store.open({ path, role: "local" });
  const other = new Database(path);
  try {
    other.exec("BEGIN IMMEDIATE");
    let written = 0;
    const writes = [0, 1, 2].map((first) =>
      keepReadings(store, 1, first).then(() => {
        written += 1;
      }),
    );
    for (let turns = 0; turns < 500; turns += 1) await turn();
    expect(written).toBe(0);
    other.exec("COMMIT");
    await Promise.all(writes);
    const times = other.prepare("SELECT substr(time, 12, 5) FROM records ORDER BY row").pluck().all();
    expect(times).toEqual(["00:00", "00:01", "00:02"]);
  } finally {
    other.close();
    await store.close();
  }
});
