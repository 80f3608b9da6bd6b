import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { sampleExport } from "../../drivers/healthkit/simulator.js";
import { DRIVERS } from "../../drivers/index.js";
import { look, NOW_MS, storeWith, tempFolder, tempStore } from "../../test/helpers/ingest.js";
import { Problem } from "../domain/problem.js";
import type { ImportStatus } from "../domain/status.js";
import type { FileEntry, FileTransport } from "../kit/transport.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import type { Store } from "../store/store.js";
import { type ImportOptions, importFile } from "./import-file.js";
import { ownerBySerial } from "./owner.js";
import { sniff } from "./sniff.js";

const XML = sampleExport({ seed: 5, days: 20, endMs: NOW_MS, zone: "Europe/London" });

/** How many elements of that type stand in the export, counted without any parser of ours. */
const inXml = (type: string, xml = XML): number => xml.split(`type="HKQuantityTypeIdentifier${type}"`).length - 1;

function options(store: Store | null, file: string | FileTransport, given: Partial<ImportOptions> = {}): ImportOptions {
  return {
    file,
    drivers: DRIVERS,
    store,
    clock: new VirtualClock(NOW_MS),
    ownerOf: ownerBySerial([], "Europe/London"),
    signal: new AbortController().signal,
    ...given,
  };
}

function dropped(text: string | Uint8Array, name = "export.xml"): string {
  const path = join(tempFolder(), name);
  writeFileSync(path, text);
  return path;
}

/** An archive in memory: entries by name; null for a damaged one. */
function archive(entries: Record<string, string | null>): FileTransport & { closed: boolean } {
  const file = {
    kind: "file" as const,
    name: "export.zip",
    sizeBytes: 1_000,
    archive: true,
    closed: false,
    entries: async () =>
      Object.entries(entries).map(
        ([name, text]): FileEntry => ({
          name,
          size: text?.length ?? null,
          async *open() {
            if (text === null) throw new Problem("IMPORT_NOT_A_ZIP", `${name} is damaged`);
            for (let at = 0; at < text.length; at += 1_000) yield Buffer.from(text.slice(at, at + 1_000));
          },
        }),
      ),
    position: () => 500,
    async close() {
      file.closed = true;
    },
  };
  return file;
}

/** By the program of that name, which knows nothing of our code. */
const sumOf = (text: string): string => execFileSync("sha256sum", { input: text, encoding: "utf8" }).slice(0, 64);

const count = (store: Store): number => look(store, "SELECT 1 FROM records").length;

describe("a health export", () => {
  test("comes into the store whole, counted by kind, and says how far it is", async () => {
    const store = await tempStore();
    const heard: ImportStatus[] = [];
    const report = await importFile(options(store, dropped(XML), { onProgress: (status) => heard.push(status) }));
    expect(report).toMatchObject({ state: "done", outcome: "done", format: "healthkit", known: 0, unreadable: 0 });
    expect(inXml("BloodGlucose")).toBeGreaterThan(50);
    const byKind = new Map(report.byKind.map((one) => [one.kind, one.new]));
    expect(byKind.get("glucose")).toBe(inXml("BloodGlucose"));
    expect(byKind.get("insulin")).toBe(inXml("InsulinDelivery"));
    expect(byKind.get("carbs")).toBe(inXml("DietaryCarbohydrates"));
    expect(look(store, "SELECT kind, count(*) AS n FROM records GROUP BY kind ORDER BY kind")).toEqual(
      [...byKind].map(([kind, n]) => ({ kind, n })).sort((a, b) => (a.kind < b.kind ? -1 : 1)),
    );
    expect(look(store, "SELECT id, kind, driver, outcome, sha256 FROM captures")).toEqual([
      { id: report.import, kind: "import", driver: "healthkit", outcome: "done", sha256: sumOf(XML) },
    ]);
    expect(look(store, "SELECT * FROM meters")).toEqual([]);
    expect(heard.at(-1)).toMatchObject({
      state: "done",
      doneBytes: Buffer.byteLength(XML),
      totalBytes: Buffer.byteLength(XML),
    });
    expect(heard.map(({ state }) => state).filter((state) => state !== "running")).toEqual(["done"]);
    for (const [index, { doneBytes }] of heard.entries()) {
      expect(doneBytes).toBeGreaterThanOrEqual(heard[index - 1]?.doneBytes ?? 0);
    }
  });

  test("imported again brings nothing new", async () => {
    const store = await tempStore();
    const path = dropped(XML);
    const first = await importFile(options(store, path));
    const second = await importFile(options(store, path));
    expect(second).toMatchObject({ state: "done", new: 0, known: first.new });
    expect(count(store)).toBe(first.new);
  });

  test("of another week adds only what is new", async () => {
    const store = await tempStore();
    const head = XML.slice(0, XML.indexOf("<Record"));
    const elements = XML.match(/<Record [^>]*\/>|<Record [^>]*[^/]>[\s\S]*?<\/Record>/g) ?? [];
    expect(elements.length).toBeGreaterThan(100);
    const part = (list: readonly string[]): string => `${head}${list.join("\n")}</HealthData>`;
    const half = await importFile(options(store, dropped(part(elements.slice(0, 60)))));
    expect(half.new).toBe(60);
    const whole = await importFile(options(store, dropped(XML)));
    expect(whole.known).toBe(60);
    expect(count(store)).toBe(60 + whole.new);
  });

  test("tried dry counts the same and keeps nothing", async () => {
    const store = await tempStore();
    const path = dropped(XML);
    const dry = await importFile(options(null, path));
    const real = await importFile(options(store, path));
    expect({ ...dry, import: "" }).toEqual({ ...real, import: "" });
  });

  test("of chosen kinds brings only these, for the patient named", async () => {
    const store = await tempStore();
    const ownerOf = ownerBySerial([{ id: "anna", meters: [] }], "Europe/London", "anna");
    const report = await importFile(options(store, dropped(XML), { kinds: new Set(["insulin"]), ownerOf }));
    expect(report.byKind.map(({ kind }) => kind)).toEqual(["insulin"]);
    expect(look(store, "SELECT DISTINCT kind, patient FROM records")).toEqual([{ kind: "insulin", patient: "anna" }]);
  });

  test("that ends in the middle keeps what came and says that it is partial", async () => {
    const store = await tempStore();
    const cut = XML.slice(0, Math.floor(XML.length / 2));
    const report = await importFile(options(store, dropped(cut)));
    expect(report).toMatchObject({
      state: "partial",
      outcome: "IMPORT_TRUNCATED",
      problem: { code: "IMPORT_TRUNCATED" },
    });
    expect(report.new).toBeGreaterThan(50);
    expect(count(store)).toBe(report.new);
    const whole = await importFile(options(store, dropped(XML)));
    expect(whole).toMatchObject({ state: "done", known: report.new });
  });

  test("with something odd in it tells the first oddities and brings all else", async () => {
    const store = await tempStore();
    let broken = 0;
    const odd = XML.replace(/(BloodGlucose"[^>]*? unit=")mg\/dL"/g, (whole, before: string) => {
      broken += 1;
      return broken <= 7 ? `${before}furlong"` : whole;
    });
    const report = await importFile(options(store, dropped(odd)));
    expect(report).toMatchObject({ state: "done", unreadable: 7 });
    expect(report.notUnderstood).toHaveLength(5);
    expect(report.notUnderstood[0]).toMatch(/furlong/);
    expect(look(store, "SELECT DISTINCT origin FROM quarantine")).toEqual([{ origin: "healthkit" }]);
    expect(report.byKind.find(({ kind }) => kind === "glucose")?.new).toBe(inXml("BloodGlucose") - 7);
  });

  test("in an archive is found among other things, whatever it is called, and a damaged picture does not matter", async () => {
    const store = await tempStore();
    const file = archive({ "routes/a.gpx": "<gpx/>", "photo.jpg": null, "Exportación.xml": XML });
    const report = await importFile(options(store, file));
    expect(report).toMatchObject({ state: "done", format: "healthkit", damagedEntries: ["photo.jpg"] });
    expect(report.new).toBe(count(store));
    expect(file.closed).toBe(true);
  });

  test("twice in one archive is read twice and counted once", async () => {
    const store = await tempStore();
    const report = await importFile(options(store, archive({ "a.xml": XML, "b.xml": XML })));
    expect(report.state).toBe("done");
    expect(report.known).toBe(report.new);
    expect(count(store)).toBe(report.new);
  });
});

describe("a file that can't be taken", () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ["notes.txt", "Dear diary, glucose was 5.6", /notes\.txt is a text file/],
    ["empty.xml", "", /empty\.xml is an empty file/],
    ["report.pdf", "%PDF-1.7 secret", /is a PDF document/],
    [
      "cda.xml",
      '<?xml version="1.0"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3"/>',
      /is a document of <ClinicalDocument>/,
    ],
    ["a.json", ' {"a": 1}', /is a JSON document/],
    ["a.bin", Uint8Array.of(0, 1, 2), /is a binary file/],
  ])("because %s is of no known kind says what was seen, and not what stands in it", async (name, content, seen) => {
    const store = await tempStore();
    const report = await importFile(options(store, dropped(content, name)));
    expect(report).toMatchObject({ state: "failed", outcome: "IMPORT_UNKNOWN_FORMAT", format: null });
    expect(report.problem?.detail).toMatch(seen);
    expect(report.problem?.detail).not.toMatch(/5\.6|secret/);
    expect(look(store, "SELECT 1 FROM captures")).toEqual([]);
  });

  test("because an archive holds only other things names the first five", async () => {
    const names = Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((n) => [`${n}.gpx`, "<gpx>"]));
    const report = await importFile(options(null, archive(names)));
    expect(report.problem?.detail).toMatch(/5\.gpx is a document of <gpx>, and 2 more\.$/);
    expect((await importFile(options(null, archive({})))).problem?.detail).toMatch(/the archive is empty/);
  });

  test("because it is not there, or damaged, fails with that problem", async () => {
    expect(await importFile(options(null, "/nowhere/export.xml"))).toMatchObject({
      state: "failed",
      name: "export.xml",
      outcome: "FILE_NOT_FOUND",
    });
    const damaged = archive({ "export.xml": null });
    expect(await importFile(options(null, damaged))).toMatchObject({ state: "failed", outcome: "IMPORT_NOT_A_ZIP" });
    expect(damaged.closed).toBe(true);
  });

  test("because the disk is full claims only what is stored", async () => {
    const store = await tempStore();
    const full = storeWith(store, 2, () => Promise.reject(new Problem("STORE_FULL")));
    const twice = sampleExport({ seed: 5, days: 200, endMs: NOW_MS, zone: "Europe/London" });
    const report = await importFile(options(full, dropped(twice)));
    expect(report).toMatchObject({ state: "partial", outcome: "STORE_FULL" });
    expect(report.new).toBe(count(store));
    expect(report.new).toBeGreaterThan(0);
  });

  test("because somebody cancels it keeps what came", async () => {
    const store = await tempStore();
    const stop = new AbortController();
    const long = sampleExport({ seed: 5, days: 200, endMs: NOW_MS, zone: "Europe/London" });
    const given = { signal: stop.signal, onRecord: () => stop.abort(new Problem("TRANSPORT_CANCELED")) };
    const report = await importFile(options(store, dropped(long), given));
    expect(report).toMatchObject({ state: "partial", outcome: "TRANSPORT_CANCELED" });
    expect(report.new).toBe(count(store));
  });
});

test("what a file begins like is said for each known signature", () => {
  const heads = ["\x89PNG", "\xff\xd8\xff\xe0", "GIF89a", "SQLite format 3\0", "PK\x03\x04", "\x1f\x8b", "Rar!"];
  const said = heads.map((head) => sniff(Buffer.from(head, "latin1")));
  expect(new Set(said).size).toBe(heads.length);
  expect(said).not.toContain("a text file");
});

const SAMPLES = fileURLToPath(new URL("../../../shared/vectors/exports/apple", import.meta.url));

describe.skipIf(!existsSync(SAMPLES))("the collected Apple exports", () => {
  const files = existsSync(SAMPLES)
    ? execFileSync("find", [SAMPLES, "-size", "-2000k", "-regex", ".*[.]\\(xml\\|zip\\)"], { encoding: "utf8" })
        .trim()
        .split("\n")
        .sort()
    : [];

  test("each come in, and a second time bring nothing new", async () => {
    const store = await tempStore();
    let taken = 0;
    for (const path of files) {
      const isExport = path.endsWith(".zip") || /<HealthData/.test(readFileSync(path, "latin1").slice(0, 65_536));
      const first = await importFile(options(store, path));
      expect(first.format).toBe(isExport ? "healthkit" : null);
      if (first.format === null) continue;
      taken += 1;
      const second = await importFile(options(store, path));
      expect(second.new).toBe(0);
      expect(second.known + second.unreadable).toBe(first.new + first.known + first.unreadable);
    }
    expect({ taken, files: files.length }).toEqual({ taken: 6, files: 6 });
  });
});
