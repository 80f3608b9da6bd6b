import { describe, expect, test } from "vitest";
import type { SourceReading } from "../../src/domain/reading.js";
import type { GlucoRecord } from "../../src/domain/record.js";
import { type ImportReport, importFile } from "../../src/ingest/import-file.js";
import { ownerBySerial } from "../../src/ingest/owner.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import type { Store } from "../../src/store/store.js";
import { tempStore } from "../../test/helpers/ingest.js";
import { filesOf, hearFile } from "../../test/helpers/report-file.js";
import { inMemoryWords } from "../../test/helpers/simulated-line.js";
import { accuChekMobile as driver } from "./index.js";
import { sampleReport } from "./simulator.js";

const NOW_MS = Date.parse("2016-03-12T10:20:00Z");
const NAMES = "Date;Time;Result;Unit;Temperature warning;Out of target range;Other;Before meal;After meal;Control test";
const HEAD = `Accu-Chek Mobile\r\n00012345;12.03.2016;10:20;;;;;;;\r\n${NAMES}${" ".repeat(197)}\r\n`;
const THREE = [
  "12.03.2016;09:58;HI;mg/dl;;X;;;;",
  "11.03.2016;21:05;129;mg/dl;;;;;X;",
  "11.03.2016;07:55;97;mg/dl;;;;X;;X",
];

const report = (rows: readonly string[], head = HEAD): string => head + rows.map((row) => `${row}\r\n`).join("");

function sample(count: number, seed: number, unit: "mg/dL" | "mmol/L" = "mg/dL") {
  return sampleReport({ count, seed, clock: new VirtualClock(NOW_MS), zone: "Europe/London", unit });
}

const plain = (reading: SourceReading): string =>
  JSON.stringify({ ...reading, raw: Buffer.from(reading.raw).toString() });

describe("a report", () => {
  test.each([
    [0, 1],
    [1, 2],
    [50, 3],
    [2_000, 4],
  ])("of %i tests is told as it stands (seed %i), in both units and any pieces", async (count, seed) => {
    for (const unit of ["mg/dL", "mmol/L"] as const) {
      const { text, serial, readings } = sample(count, seed, unit);
      for (const pieceBytes of [65_536, 997, ...(count < 100 ? [1, 7] : [])]) {
        const heard = await hearFile(driver, text, { pieceBytes });
        expect([heard.problem, heard.unreadable]).toEqual([null, []]);
        expect(heard.readings.map(inMemoryWords)).toEqual(readings);
        expect(heard.readings).toHaveLength(count);
        expect(heard.events[0]).toMatchObject({
          type: "identity",
          identity: { manufacturer: "Roche", model: "Accu-Chek Mobile", serial },
          source: "file",
        });
        expect(heard.events.at(-1)).toEqual({ type: "progress", doneBytes: text.length, totalBytes: text.length });
      }
    }
  });

  test("tells LO, HI, meals and control solution", async () => {
    const { text } = sample(400, 11);
    const { readings } = await hearFile(driver, text);
    expect(new Set(readings.map(({ outOfRange }) => outOfRange))).toEqual(new Set([null, "low", "high"]));
    expect(new Set(readings.map(({ meal }) => meal))).toEqual(new Set([null, "before", "after"]));
    expect(readings.filter(({ control }) => control).every(({ specimen }) => specimen === "control")).toBe(true);
    expect(readings.some(({ control }) => control)).toBe(true);
  });

  test("of a full memory is told whole", async () => {
    const { text } = sample(2_000, 5);
    expect((await hearFile(driver, text)).readings).toHaveLength(2_000);
  });

  test("is read on behind rows that are not understood, which are told with their lines and bytes", async () => {
    const bad = [
      "11.03.2016;21:05;ERR;mg/dl;;;;;;",
      "30.02.2016;08:00;104;mg/dl;;;;;;",
      "a note",
      `x${"y".repeat(9_000)}`,
    ];
    const { readings, unreadable, problem } = await hearFile(driver, report([...bad, "", ";;;;;;;;;", ...THREE]));
    expect(problem).toBeNull();
    expect(readings.map(({ value }) => value)).toEqual([600, 129, 97]);
    expect(unreadable.map(({ raw }) => Buffer.from(raw).toString())).toEqual([
      ...bad.slice(0, 3),
      (bad[3] ?? "").slice(0, 8_192),
    ]);
    expect(unreadable.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => "IMPORT_MALFORMED"));
    expect(unreadable.map(({ detail }) => detail.slice(0, 7))).toEqual(["Line 4 ", "Line 5 ", "Line 6 ", "Line 7 "]);
  });

  test("gives nothing of kinds that are not wanted", async () => {
    const { readings, unreadable, events } = await hearFile(driver, report(["damage", ...THREE]), {
      kinds: new Set(["insulin"]),
    });
    expect([readings, unreadable]).toEqual([[], []]);
    expect(events[0]?.type).toBe("identity");
  });

  test("cut short at any byte gives the rows that are whole, unchanged, and says so", async () => {
    const text = report(THREE);
    const whole = (await hearFile(driver, text)).readings.map(plain);
    let ran = 0;
    for (let length = 0; length < text.length; length += 1) {
      const { readings, problem } = await hearFile(driver, text.slice(0, length));
      const rows = Math.max(0, text.slice(0, length).split("\n").length - 4);
      expect(readings.map(plain), `cut after ${length}`).toEqual(whole.slice(0, rows));
      const atLineEnd = rows > 0 || length >= HEAD.length;
      if (!atLineEnd || !text.slice(0, length).endsWith("\n"))
        expect(problem?.code, `${length}`).toBe("IMPORT_TRUNCATED");
      else expect(problem).toBeNull();
      ran += 1;
    }
    expect(ran).toBe(text.length);
  });

  test("a control mark that is cut off makes no patient's reading of its row", async () => {
    const cut = report([]) + (THREE[2] ?? "").slice(0, -1);
    const { readings, unreadable, problem } = await hearFile(driver, cut);
    expect([readings, unreadable.length, problem?.code]).toEqual([[], 1, "IMPORT_TRUNCATED"]);
  });

  test("in another language is refused with its columns' names", async () => {
    const german = "Datum;Zeit;Ergebnis;Einheit;Temperaturwarnung;Bereich;Sonstige;Vor;Nach;Kontrolle";
    const { readings, problem } = await hearFile(driver, report(THREE, HEAD.replace(NAMES, german)));
    expect(readings).toEqual([]);
    expect(problem).toMatchObject({
      code: "IMPORT_UNKNOWN_FORMAT",
      message: expect.stringContaining("Datum, Zeit, Ergebnis, Einheit"),
    });
  });

  test("that does not name its meter is refused: whose the readings are hangs on it", async () => {
    const { readings, problem } = await hearFile(driver, report(THREE, HEAD.replace("00012345", "")));
    expect([readings, problem?.code]).toEqual([[], "IMPORT_MALFORMED"]);
  });

  test("ends with the reason when a person stops it", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(hearFile(driver, report(THREE), { signal })).rejects.toThrow("enough");
  });
});

describe("recognition", () => {
  const cases: readonly [boolean, string][] = [
    [true, report(THREE)],
    [true, `\uFEFF${report(THREE)}`],
    [true, report([])],
    [true, report(THREE, HEAD.replaceAll("\r", ""))],
    [
      true,
      report(THREE, HEAD.replace(NAMES, "Datum;Zeit;Ergebnis;Einheit;Warnung;Bereich;Sonstige;Vor;Nach;Kontrolle")),
    ],
    [true, report(THREE, HEAD.replace("12.03.2016", "3/12/2016"))],
    [false, ""],
    [false, "Accu-Chek Mobile\r\n"],
    [false, `${NAMES}\r\n${THREE.join("\r\n")}`],
    [false, "a;b;c\r\nd;e;f\r\ng;h;i\r\n"],
    [
      false,
      "DAY;TIME;UDT_CGMS;BG_LEVEL;CH_GR;BOLUS;REMARK\r\n11.03.2016;07:55;104;;;;\r\n12.03.2016;07:55;104;;;;\r\n",
    ],
    [false, "x\r\n1;12.03.2016;10:20\r\n11.03.2016;21:05;129;mg/dl;;;;;X;\r\n"],
    [false, '<?xml version="1.0"?><IMPORT/>'],
  ];
  test.each(cases)("says %s to %j", async (expected, text) => {
    const [entry] = await filesOf({ "export.xml": text }).entries();
    expect(entry === undefined ? null : driver.recognise(entry, Buffer.from(text).subarray(0, 4_096))).toBe(expected);
  });

  test("holds for a report of a full memory, of which it sees the beginning only", async () => {
    const { text } = sample(2_000, 6);
    const [entry] = await filesOf({ "a.bin": text }).entries();
    expect(entry === undefined ? null : driver.recognise(entry, Buffer.from(text).subarray(0, 4_096))).toBe(true);
  });
});

describe("the import", () => {
  interface Imported extends ImportReport {
    readonly records: readonly GlucoRecord[];
  }

  async function imported(files: Record<string, string>, store: Store | null, nowMs = NOW_MS): Promise<Imported> {
    const records: GlucoRecord[] = [];
    const done = await importFile({
      file: filesOf(files),
      drivers: [driver],
      store,
      clock: new VirtualClock(nowMs),
      ownerOf: ownerBySerial([{ id: "p1", zone: "Europe/London", meters: ["00012345"] }], "UTC"),
      signal: new AbortController().signal,
      onRecord: (record) => records.push(record),
    });
    return { ...done, records };
  }

  test("moves no reading by how long the report lay about, whenever it is imported", async () => {
    const text = report(THREE);
    for (const hours of [0, 1, 7, 25, 24 * 40]) {
      const { records, outcome } = await imported({ "report.csv": text }, null, NOW_MS + hours * 3_600_000);
      expect(outcome).toBe("done");
      expect(records.map(({ time }) => time)).toEqual([
        "2016-03-12T09:58:00.000Z",
        "2016-03-11T21:05:00.000Z",
        "2016-03-11T07:55:00.000Z",
      ]);
      expect(new Set(records.map(({ timeQuality }) => timeQuality))).toEqual(new Set(["suspect"]));
      expect(new Set(records.map(({ patient, serial }) => `${patient} ${serial}`))).toEqual(new Set(["p1 00012345"]));
    }
  });

  test("of the same report again, of a later one, and of several in one archive makes no second record", async () => {
    const store = await tempStore();
    const first = report(THREE);
    const later = report(["13.03.2016;08:00;104;mg/dl;;;;;;", ...THREE]);
    expect(await imported({ "report.csv": first }, store)).toMatchObject({ new: 3, known: 0 });
    expect(await imported({ "report.csv": first }, store)).toMatchObject({ new: 0, known: 3 });
    expect(await imported({ "1.csv": first, "2.csv": later }, store)).toMatchObject({
      new: 1,
      known: 6,
      unreadable: 0,
    });
  });

  test("keeps two equal tests of one minute apart, and finds both known afterwards", async () => {
    const store = await tempStore();
    const twice = report(["11.03.2016;21:05;129;mg/dl;;;;;;", "11.03.2016;21:05;129;mg/dl;;;;;;"]);
    expect(await imported({ "report.csv": twice }, store)).toMatchObject({ new: 2, known: 0 });
    expect(await imported({ "report.csv": twice }, store)).toMatchObject({ new: 0, known: 2 });
  });

  test("of two meters' reports in one archive breaks off rather than take one for the other", async () => {
    const other = report(THREE, HEAD.replace("00012345", "00099999"));
    const { outcome, records } = await imported({ "1.csv": report(THREE), "2.csv": other }, null);
    expect(outcome).toBe("METER_CHANGED");
    expect(new Set(records.map(({ serial }) => serial))).toEqual(new Set(["00012345"]));
  });
});
