import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { sampleExport } from "../../drivers/healthkit/simulator.js";
import { DRIVERS } from "../../drivers/index.js";
import { look, NOW_MS, storeWith, tempFolder, tempStore, until } from "../../test/helpers/ingest.js";
import { silentLog } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { ImportStatus } from "../domain/status.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import type { Store } from "../store/store.js";
import { importFile } from "./import-file.js";
import { type ImportJob, Imports, type ImportsOptions } from "./imports.js";
import { ownerBySerial } from "./owner.js";

const XML = sampleExport({ seed: 5, days: 5, endMs: NOW_MS, zone: "Europe/London" });

function bench(store: Store, folder = join(tempFolder(), "imports"), given: Partial<ImportsOptions> = {}) {
  const clock = new VirtualClock(NOW_MS);
  const heard: ImportStatus[] = [];
  const imports = new Imports({
    folder,
    clock,
    log: silentLog,
    onStatus: (status) => heard.push(status),
    importOne: ({ path, ...job }) =>
      importFile({
        ...job,
        file: path,
        drivers: DRIVERS,
        store,
        clock,
        ownerOf: ownerBySerial([], "Europe/London"),
      }),
    ...given,
  });
  onTestFinished(() => imports.stop());
  return { imports, folder, clock, heard };
}

const names = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);
const body = (text: string): Readable => Readable.from([Buffer.from(text.slice(0, 999)), Buffer.from(text.slice(999))]);

describe("a file that is sent", () => {
  test("is imported in the background, told under its sender's name, and leaves no file", async () => {
    const store = await tempStore();
    const { imports, folder, heard } = bench(store);
    const { import: id } = await imports.start("phone export.xml", body(XML));
    expect(imports.status(id)).toMatchObject({ import: id, name: "phone export.xml" });
    await imports.idle();
    const rows = look(store, "SELECT 1 FROM records").length;
    expect(rows).toBeGreaterThan(20);
    expect(imports.status(id)).toMatchObject({ state: "done", format: "healthkit", new: rows, problem: null });
    expect(names(folder)).toEqual([]);
    expect(heard.every((status) => status.import === id)).toBe(true);
    expect(heard.map(({ state }) => state).filter((state) => state !== "running")).toEqual(["done"]);
  });

  test("is imported with the order of dates that its sender gave, also by the hub that finds it after a crash", async () => {
    const store = await tempStore();
    const folder = join(tempFolder(), "imports");
    const asked: ImportJob["dateOrder"][] = [];
    const dying = bench(store, folder, {
      importOne: ({ signal, dateOrder }) => {
        asked.push(dateOrder);
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    });
    await dying.imports.start("a.csv", body("a"), "dmy");
    await dying.imports.start("b.csv", body("b"));
    await until("the first is begun", () => asked.length === 1);
    expect(names(folder)).toHaveLength(5);
    await dying.imports.stop();

    const next = bench(store, folder, {
      importOne: async ({ dateOrder, path, signal, captureId }) => {
        asked.push(dateOrder);
        const ownerOf = ownerBySerial([], "UTC");
        return importFile({
          file: path,
          drivers: [],
          store: null,
          clock: new VirtualClock(NOW_MS),
          ownerOf,
          signal,
          captureId,
        });
      },
    });
    expect(await next.imports.resume()).toBe(2);
    await next.imports.idle();
    expect(asked.slice(1).sort()).toEqual(["dmy", null]);
    expect(names(folder)).toEqual(["refused"]);
  });

  test("and is of no known kind fails, and is kept with a text that says why", async () => {
    const store = await tempStore();
    const { imports, folder } = bench(store);
    const { import: id } = await imports.start("../../etc/passwd", body("no export"));
    await imports.idle();
    expect(imports.status(id)).toMatchObject({ state: "failed", problem: { code: "IMPORT_UNKNOWN_FORMAT" } });
    expect(names(folder)).toEqual(["refused"]);
    expect(names(join(folder, "refused"))).toEqual([id, `${id}.txt`]);
    expect(readFileSync(join(folder, "refused", `${id}.txt`), "utf8")).toMatch(/^\.\.\/\.\.\/etc\/passwd could not/);
  });

  test("and breaks off while it is sent leaves nothing and is no import", async () => {
    const store = await tempStore();
    const { imports, folder, heard } = bench(store);
    const torn = Readable.from(
      (async function* () {
        yield Buffer.from(XML.slice(0, 500));
        throw new Error("aborted");
      })(),
    );
    await expect(imports.start("a.xml", torn)).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    expect(names(folder)).toEqual([]);
    expect(heard).toEqual([]);
  });

  test("and can't be written because the disk is full is refused with that", async () => {
    const store = await tempStore();
    const { imports } = bench(store);
    const full = Readable.from(
      (async function* () {
        yield Buffer.from("x");
        throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
      })(),
    );
    await expect(imports.start("a.xml", full)).rejects.toMatchObject({ code: "STORE_FULL" });
  });
});

describe("accepted files", () => {
  test("that the hub's death left behind are imported at the next start under their names; half-sent ones go", async () => {
    const store = await tempStore();
    const folder = join(tempFolder(), "imports");
    // A hub that never comes to importing: as if it were killed right after it had answered.
    const dying = bench(store, folder, {
      importOne: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    const { import: id } = await dying.imports.start("export.xml", body(XML));
    writeFileSync(join(folder, "3b241101-e2bb-4255-8caf-4136c566a962.part"), "half");
    mkdirSync(join(folder, "refused"));
    expect(names(folder)).toHaveLength(4);

    const { imports } = bench(store, folder);
    expect(await imports.resume()).toBe(1);
    await imports.idle();
    expect(imports.status(id)).toMatchObject({ name: "export.xml", state: "done" });
    expect(look(store, "SELECT 1 FROM records").length).toBeGreaterThan(20);
    expect(names(folder)).toEqual(["refused"]);
  });

  test("wait while the disk is full, and are imported when there is room", async () => {
    const store = await tempStore();
    let full = true;
    const tight = storeWith(store, 1, (write) => (full ? Promise.reject(new Problem("STORE_FULL")) : write()));
    const { imports, clock, folder } = bench(tight);
    const { import: id } = await imports.start("export.xml", body(XML));
    await until("it waits", () => clock.nextDue() !== null);
    expect(imports.status(id)).toMatchObject({ state: "running", problem: { code: "STORE_FULL" } });
    expect(names(folder)).toEqual([`${id}.file`, `${id}.name`]);
    full = false;
    clock.advance(60_000);
    await imports.idle();
    expect(imports.status(id)).toMatchObject({ state: "done", problem: null });
    expect(names(folder)).toEqual([]);
  });

  test("are remembered when they are finished, but not for ever", async () => {
    const store = await tempStore();
    const { imports } = bench(store, undefined, { keep: 3 });
    const ids: string[] = [];
    for (let number = 0; number < 5; number += 1) ids.push((await imports.start(`${number}`, body("no"))).import);
    await imports.idle();
    expect(ids.map((id) => imports.status(id)?.name ?? null)).toEqual([null, null, "2", "3", "4"]);
    expect(imports.status("unknown")).toBeNull();
  });

  test("that break the importer fail alone", async () => {
    const store = await tempStore();
    const { imports } = bench(store, undefined, { importOne: () => Promise.reject(new Error("a defect")) });
    const { import: id } = await imports.start("a.xml", body(XML));
    await imports.idle();
    expect(imports.status(id)).toMatchObject({ state: "failed", problem: { code: "INTERNAL", detail: "a defect" } });
  });
});
