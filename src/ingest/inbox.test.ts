import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { sampleExport } from "../../drivers/healthkit/simulator.js";
import { DRIVERS } from "../../drivers/index.js";
import { look, NOW_MS, storeWith, tempFolder, tempStore, until } from "../../test/helpers/ingest.js";
import { silentLog } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import type { Store } from "../store/store.js";
import { type ImportReport, importFile } from "./import-file.js";
import { startInbox } from "./inbox.js";
import { ownerBySerial } from "./owner.js";

const XML = sampleExport({ seed: 5, days: 5, endMs: NOW_MS, zone: "Europe/London" });

function importer(store: Store) {
  return (path: string, signal: AbortSignal): Promise<ImportReport> =>
    importFile({
      file: path,
      drivers: DRIVERS,
      store,
      clock: new VirtualClock(NOW_MS),
      ownerOf: ownerBySerial([], "Europe/London"),
      signal,
    });
}

/** An inbox whose time the test moves; `calls` are the names imported so far. */
function bench(folder: string, importOne: (path: string, signal: AbortSignal) => Promise<ImportReport>) {
  const clock = new VirtualClock(NOW_MS);
  const calls: string[] = [];
  const ending = new AbortController();
  const inbox = startInbox({
    folder,
    clock,
    log: silentLog,
    signal: ending.signal,
    scanEveryMs: 10_000,
    importOne: (path, signal) => {
      calls.push(path.slice(folder.length + 1));
      return importOne(path, signal);
    },
  });
  onTestFinished(() => inbox.stop());
  /** Moves the time on, alarm by alarm, until the condition holds. */
  const pass = (what: string, condition: () => boolean): Promise<void> =>
    until(what, () => {
      if (condition()) return true;
      clock.advanceToNext();
      return false;
    });
  const asleep = (): Promise<void> => until("the inbox sleeps", () => clock.nextDue() !== null);
  return { clock, calls, inbox, ending, pass, asleep };
}

const names = (...path: string[]): string[] => (existsSync(join(...path)) ? readdirSync(join(...path)).sort() : []);
const count = (store: Store): number => look(store, "SELECT 1 FROM records").length;

describe("a dropped file", () => {
  test("is imported and moved to done, under another name if that is taken", async () => {
    const store = await tempStore();
    const folder = join(tempFolder(), "inbox");
    const { pass } = bench(folder, importer(store));
    await until("the folder is made", () => existsSync(folder));
    writeFileSync(join(folder, "export.xml"), XML);
    await pass("it is done", () => names(folder, "done").length === 1);
    const first = count(store);
    expect(first).toBeGreaterThan(20);

    writeFileSync(join(folder, "export.xml"), XML);
    await pass("it is done again", () => names(folder, "done").length === 2);
    expect(names(folder, "done")).toEqual(["export-2.xml", "export.xml"]);
    expect(count(store)).toBe(first);
    expect(names(folder)).toEqual(["done"]);
  });

  test("that was there before the hub is imported too, one after the other", async () => {
    const store = await tempStore();
    const folder = tempFolder();
    for (const name of ["b.xml", "a.xml", "c.xml"]) writeFileSync(join(folder, name), XML);
    let running = 0;
    const { calls, pass } = bench(folder, async (path, signal) => {
      running += 1;
      expect(running).toBe(1);
      const report = await importer(store)(path, signal);
      running -= 1;
      return report;
    });
    await pass("all are done", () => names(folder, "done").length === 3);
    expect(calls).toEqual(["a.xml", "b.xml", "c.xml"]);
  });

  test("that is of no known kind is refused with a text that says why and what to do", async () => {
    const store = await tempStore();
    const folder = tempFolder();
    writeFileSync(join(folder, "holiday.txt"), "beach");
    const { pass } = bench(folder, importer(store));
    await pass("it is refused", () => names(folder).join() === "refused");
    expect(names(folder, "refused")).toEqual(["holiday.txt", "holiday.txt.txt"]);
    const text = readFileSync(join(folder, "refused", "holiday.txt.txt"), "utf8");
    expect(text).toMatch(/holiday\.txt could not be imported\./);
    expect(text).toMatch(/Why: .*a text file.*\(IMPORT_UNKNOWN_FORMAT\)/);
    expect(text).toMatch(/What to do: Drop the file as the app exported it/);
    expect(text).toMatch(/Kept: nothing\./);
  });

  test("that breaks off is refused with how many readings were kept, and they are", async () => {
    const store = await tempStore();
    const folder = tempFolder();
    writeFileSync(join(folder, "cut.xml"), XML.slice(0, XML.length / 2));
    const { pass } = bench(folder, importer(store));
    await pass("it is refused", () => names(folder).join() === "refused");
    const text = readFileSync(join(folder, "refused", "cut.xml.txt"), "utf8");
    expect(count(store)).toBeGreaterThan(5);
    expect(text).toContain(`Kept: ${count(store)} readings (${count(store)} new, 0 known before).`);
    expect(text).toMatch(/could not be imported to its end/);
  });
});

describe("a file that is still being copied", () => {
  test("is left until it has rested for a second", async () => {
    const store = await tempStore();
    const folder = tempFolder();
    const path = join(folder, "export.xml");
    const { clock, calls, asleep, pass } = bench(folder, importer(store));
    let at = 0;
    for (let piece = 0; piece < 6; piece += 1) {
      const end = Math.ceil(((piece + 1) * XML.length) / 6);
      appendFileSync(path, XML.slice(at, end));
      // Even where the file system's clock is coarse, a write shows.
      utimesSync(path, piece, piece);
      at = end;
      await asleep();
      clock.advanceToNext();
    }
    expect(calls).toEqual([]);
    await pass("it is done", () => names(folder, "done").length === 1);
    expect(readFileSync(join(folder, "done", "export.xml"), "utf8")).toBe(XML);
    expect(calls).toEqual(["export.xml"]);
  });

  test("under a name for unfinished files, a hidden one, a folder or a link is never touched", async () => {
    const store = await tempStore();
    const folder = tempFolder();
    for (const name of ["a.xml.part", "b.crdownload", ".c.xml", ".DS_Store"]) writeFileSync(join(folder, name), XML);
    mkdirSync(join(folder, "folder"));
    const elsewhere = join(tempFolder(), "secret.xml");
    writeFileSync(elsewhere, XML);
    symlinkSync(elsewhere, join(folder, "link.xml"));
    writeFileSync(join(folder, "z.xml"), XML);
    const { calls, pass } = bench(folder, importer(store));
    await pass("the plain one is done", () => names(folder, "done").length === 1);
    expect(calls).toEqual(["z.xml"]);
    expect(names(folder)).toEqual([".DS_Store", ".c.xml", "a.xml.part", "b.crdownload", "done", "folder", "link.xml"]);
  });

  test("and grows while it is imported is imported again when it rests", async () => {
    const store = await tempStore();
    const folder = tempFolder();
    const path = join(folder, "export.xml");
    writeFileSync(path, XML.slice(0, XML.length / 2));
    let first = true;
    const { calls, pass } = bench(folder, async (file, signal) => {
      const report = await importer(store)(file, signal);
      if (first) appendFileSync(path, XML.slice(XML.length / 2));
      first = false;
      return report;
    });
    await pass("it is done", () => names(folder, "done").length === 1);
    expect(calls).toEqual(["export.xml", "export.xml"]);
    expect(names(folder)).toEqual(["done"]);
  });
});

describe("when the hub can't take it", () => {
  test("because the disk is full the file stays, and is taken when there is room", async () => {
    const store = await tempStore();
    const folder = tempFolder();
    writeFileSync(join(folder, "export.xml"), XML);
    let full = true;
    const tight = storeWith(store, 1, (write) => (full ? Promise.reject(new Problem("STORE_FULL")) : write()));
    const { clock, calls, pass } = bench(folder, importer(tight));
    await pass("it was tried twice", () => calls.length === 2);
    expect(clock.now() - NOW_MS).toBeGreaterThanOrEqual(60_000);
    expect(names(folder)).toEqual(["export.xml"]);
    full = false;
    await pass("it is done", () => names(folder, "done").length === 1);
    expect(count(store)).toBeGreaterThan(20);
  });

  test("because it is stopped in the middle the file stays, and is imported at the next start without doubles", async () => {
    const store = await tempStore();
    const folder = tempFolder();
    writeFileSync(join(folder, "export.xml"), XML);
    const stop = new AbortController();
    const first = bench(folder, (path) =>
      importFile({
        file: path,
        drivers: DRIVERS,
        store,
        clock: new VirtualClock(NOW_MS),
        ownerOf: ownerBySerial([], "Europe/London"),
        signal: stop.signal,
        onRecord: () => {
          first.ending.abort();
          stop.abort(new Problem("TRANSPORT_CANCELED"));
        },
      }),
    );
    await first.pass("it was begun", () => first.ending.signal.aborted);
    await first.inbox.stop();
    expect(names(folder)).toEqual(["export.xml"]);
    const kept = count(store);
    expect(kept).toBeGreaterThan(0);

    const second = bench(folder, importer(store));
    await second.pass("it is done", () => names(folder, "done").length === 1);
    const ids = look<{ id: string }>(store, "SELECT id FROM records").map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const fresh = await tempStore();
    await importer(fresh)(join(folder, "done", "export.xml"), new AbortController().signal);
    expect(ids.sort()).toEqual(
      look<{ id: string }>(fresh, "SELECT id FROM records")
        .map(({ id }) => id)
        .sort(),
    );
  });

  test("because the import itself breaks the inbox goes on with the next file", async () => {
    const store = await tempStore();
    const folder = tempFolder();
    writeFileSync(join(folder, "a.xml"), XML);
    writeFileSync(join(folder, "b.xml"), XML);
    const { pass } = bench(folder, (path, signal) =>
      path.endsWith("a.xml") ? Promise.reject(new Error("a defect")) : importer(store)(path, signal),
    );
    await pass("the other is done", () => names(folder, "done").length === 1);
    expect(names(folder)).toEqual(["a.xml", "done"]);
  });
});
