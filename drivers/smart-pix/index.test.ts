import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ImportReport, importFile } from "../../src/ingest/import-file.js";
import { ownerBySerial } from "../../src/ingest/owner.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import type { Store } from "../../src/store/store.js";
import { tempStore } from "../../test/helpers/ingest.js";
import { filesOf, hearFile } from "../../test/helpers/report-file.js";
import { inMemoryWords } from "../../test/helpers/simulated-line.js";
import { healthkit } from "../healthkit/index.js";
import { smartPix as driver } from "./index.js";
import { sampleXml } from "./simulator.js";

const NOW_MS = Date.parse("2016-03-12T10:20:00Z");
const DEVICE = '<DEVICE SN="00054321" Name="Aviva" BGUnit="mg/dL" CarbUnit="g" Dt="2016-03-12" Tm="10:20"/>';
const AT = 'Dt="2016-03-11" Tm="21:05"';

const report = (rows: readonly string[], device = DEVICE): string =>
  `<?xml version="1.0" encoding="ISO-8859-1"?>\r\n<IMPORT>\r\n${device}\r\n<BGDATA>\r\n${rows.join("\r\n")}\r\n</BGDATA>\r\n</IMPORT>\r\n`;

function sample(count: number, seed: number, unit: "mg/dL" | "mmol/L" = "mg/dL") {
  return sampleXml({ count, seed, clock: new VirtualClock(NOW_MS), zone: "Europe/London", unit });
}

/** What the only entry of a report gives. */
async function entry(row: string, device = DEVICE) {
  const { readings, unreadable, problem } = await hearFile(driver, report([row], device));
  expect(problem).toBeNull();
  return { readings, unreadable };
}

describe("a report", () => {
  test.each([
    [0, 1],
    [1, 2],
    [50, 3],
    [500, 4],
  ])("of %i tests is told as it stands (seed %i), in both units and any pieces", async (count, seed) => {
    for (const unit of ["mg/dL", "mmol/L"] as const) {
      const { text, serial, readings } = sample(count, seed, unit);
      for (const pieceBytes of [65_536, 997, ...(count < 100 ? [1, 7] : [])]) {
        const heard = await hearFile(driver, text, { pieceBytes });
        expect([heard.problem, heard.unreadable]).toEqual([null, []]);
        expect(heard.readings.map(inMemoryWords)).toEqual(readings);
        expect(heard.readings).toHaveLength(count);
        expect(heard.events.slice(0, 2)).toEqual([
          {
            type: "identity",
            identity: { manufacturer: "Roche", model: "Aviva", serial, firmware: null, displayUnit: unit },
            source: "file",
            sourceName: "Smart Pix report",
          },
          { type: "clock", deviceTime: null },
        ]);
      }
    }
  });

  test("of a full memory is told whole", async () => {
    const { text } = sample(500, 5);
    expect((await hearFile(driver, text)).readings).toHaveLength(500);
  });

  test("cut short at any byte gives the entries that are whole, and says so", async () => {
    const text = report([`<BG Val="129" ${AT}/>`, `<BG Val="97" ${AT} Ctrl="1"></BG>`, `<BG Val="HI" ${AT}/>`]);
    const whole = (await hearFile(driver, text)).readings.map(({ asSent, control }) => `${asSent} ${control}`);
    expect(whole).toEqual(["129 mg/dL false", "97 mg/dL true", "HI mg/dL false"]);
    let ran = 0;
    const end = text.lastIndexOf(">");
    for (let length = 0; length <= end; length += 1) {
      const { readings, problem } = await hearFile(driver, text.slice(0, length));
      const told = readings.map(({ asSent, control }) => `${asSent} ${control}`);
      expect(told, `cut after ${length}`).toEqual(whole.slice(0, told.length));
      expect(told).toHaveLength((text.slice(0, length).match(/<BG [^>]*>/g) ?? []).length);
      expect(problem?.code, `cut after ${length}`).toBe("IMPORT_TRUNCATED");
      ran += 1;
    }
    expect(ran).toBe(end + 1);
  });

  test("gives only the kinds that are wanted", async () => {
    const text = report([`<BG Val="129" ${AT} Carb="40"/>`]);
    const kindsOf = async (kind: "glucose" | "carbs"): Promise<string[]> =>
      (await hearFile(driver, text, { kinds: new Set([kind]) })).readings.map((reading) => reading.kind);
    expect([await kindsOf("glucose"), await kindsOf("carbs")]).toEqual([["glucose"], ["carbs"]]);
  });

  test.each([
    ["no device", report([`<BG Val="129" ${AT}/>`], ""), "IMPORT_MALFORMED"],
    ["no serial number", report([], DEVICE.replace("00054321", " ")), "IMPORT_MALFORMED"],
    ["two devices", report([`<BG Val="129" ${AT}/>`], DEVICE + DEVICE.replace("00054321", "1")), "IMPORT_MALFORMED"],
    ["a tag that is not closed", report([`<BG Val="129" ${AT}`, `<BG Val="97" ${AT}/>`]), "IMPORT_MALFORMED"],
    ["text where only tags may stand", report([`BG Val="129" ${AT}/>`]), "IMPORT_MALFORMED"],
    ["another root", "<EXPORT></EXPORT>", "IMPORT_TRUNCATED"],
  ])("with %s tells nothing that it is not sure of, and why", async (_, text, code) => {
    const { readings, problem } = await hearFile(driver, text);
    expect([readings, problem?.code]).toEqual([[], code]);
  });

  test("with an insulin pump's data, or what nobody has described, tells so once for each section and reads on", async () => {
    const text = report([`<BG Val="129" ${AT}/>`, "<KETONE Val='1.2'/>"])
      .replace("</IMPORT>", "<IP><BOLUS amount='2.0'/><BASAL/></IP><MOOD><DAY Val='5'/></MOOD></IMPORT>")
      .replace("<BGDATA>", '<READER Ver="3"/><BGDATA>');
    const { readings, unreadable, problem } = await hearFile(driver, text);
    expect(problem).toBeNull();
    expect(readings.map(({ value }) => value)).toEqual([129]);
    expect(unreadable.map(({ raw }) => Buffer.from(raw).toString())).toEqual(["<KETONE Val='1.2'/>", "<IP>", "<MOOD>"]);
    expect(unreadable[1]?.detail).toContain("insulin pump");
  });
});

describe("an entry", () => {
  test("tells value, unit, time and bytes", async () => {
    const { readings } = await entry(`<BG Val="129" ${AT}/>`);
    expect(readings).toMatchObject([
      {
        kind: "glucose",
        value: 129,
        unit: "mg/dL",
        deviceTime: "2016-03-11T21:05:00",
        asSent: "129 mg/dL",
        control: false,
        meal: null,
        specimen: null,
        note: null,
        outOfRange: null,
        instantMs: null,
      },
    ]);
    expect(Buffer.from(readings[0]?.raw ?? []).toString()).toBe(`<BG Val="129" ${AT}/>`);
    const mmol = await entry(`<BG Tm='21:05:30' Val=' 7.2 ' Dt='2016-03-11'/>`, DEVICE.replace("mg/dL", "MMOL/L"));
    expect(mmol.readings).toMatchObject([{ value: 7.2, unit: "mmol/L", deviceTime: "2016-03-11T21:05:30" }]);
  });

  test("with HI or LO tells the bound (peer: 601 and 19, whatever the unit)", async () => {
    const mmol = DEVICE.replace("mg/dL", "mmol/L");
    expect((await entry(`<BG Val="HI" ${AT}/>`)).readings).toMatchObject([{ value: 600, outOfRange: "high" }]);
    expect((await entry(`<BG Val="LO" ${AT}/>`)).readings).toMatchObject([{ value: 20, outOfRange: "low" }]);
    expect((await entry(`<BG Val="HI" ${AT}/>`, mmol)).readings).toMatchObject([{ value: 33.3, unit: "mmol/L" }]);
    expect((await entry(`<BG Val="LO" ${AT}/>`, mmol)).readings).toMatchObject([{ value: 1.1, outOfRange: "low" }]);
  });

  test("with a control mark is told as control (peer: left out)", async () => {
    const { readings } = await entry(`<BG Val="129" ${AT} Ctrl="1"/>`);
    expect(readings).toMatchObject([{ control: true, specimen: "control", value: 129 }]);
    for (const mark of ["", "0", "no"]) {
      const { readings: none, unreadable } = await entry(`<BG Val="129" ${AT} Ctrl="${mark}"/>`);
      expect([none, unreadable.length], mark).toEqual([[], 1]);
    }
  });

  test("with carbohydrate tells it in grams as a reading of its own, in other units as a note (peer: ends with an error)", async () => {
    expect((await entry(`<BG Val="129" ${AT} Carb="40"/>`)).readings).toMatchObject([
      { kind: "glucose", value: 129, note: null },
      { kind: "carbs", value: 40, unit: "g", control: false, deviceTime: "2016-03-11T21:05:00" },
    ]);
    expect((await entry(`<BG Val="---" ${AT} Carb="40"/>`)).readings).toMatchObject([{ kind: "carbs", value: 40 }]);
    const exchanges = DEVICE.replace('CarbUnit="g"', 'CarbUnit="BE"');
    expect((await entry(`<BG Val="129" ${AT} Carb="3.5"/>`, exchanges)).readings).toMatchObject([
      { kind: "glucose", value: 129, note: "Carbohydrate 3.5 BE" },
    ]);
    expect((await entry(`<BG Val="---" ${AT} Carb="3.5"/>`, exchanges)).readings).toMatchObject([
      { kind: "note", value: null, unit: null, note: "Carbohydrate 3.5 BE" },
    ]);
    expect((await entry(`<BG Val="129" ${AT} Carb="---"/>`)).readings).toMatchObject([{ kind: "glucose", note: null }]);
    const tested = (await entry(`<BG Val="129" ${AT} Ctrl="1" Carb="40"/>`)).readings;
    expect(tested).toMatchObject([{ kind: "glucose", control: true, note: "Carbohydrate 40 g" }]);
  });

  test("with attributes that nobody has described keeps them in the note", async () => {
    const { readings } = await entry(`<BG Val="129" ${AT} Flg="M1" D="1 &amp; 2"/>`);
    expect(readings).toMatchObject([{ value: 129, note: "Flg M1; D 1 & 2" }]);
  });

  test.each([
    ['Val="---" Dt="2016-03-11" Tm="21:05"', "no value"],
    ['Dt="2016-03-11" Tm="21:05"', "no value"],
    ['Val="12x" Dt="2016-03-11" Tm="21:05"', "no number"],
    ['Val="" Carb="" Dt="2016-03-11" Tm="21:05"', "no value"],
    ['Val="601" Dt="2016-03-11" Tm="21:05"', "no meter"],
    ['Val="7.2" Dt="2016-03-11" Tm="21:05"', "no meter"],
    ['Val="129" Dt="2016-02-30" Tm="21:05"', "no date"],
    ['Val="129" Dt="11.03.2016" Tm="21:05"', "no date"],
    ['Val="129" Dt="2016-03-11" Tm="25:05"', "no date"],
    ['Val="129" Tm="21:05"', "no date"],
    ['Val="129" Val="130" Dt="2016-03-11" Tm="21:05"', "two things"],
    ['Val="&nope;129" Dt="2016-03-11" Tm="21:05"', "means nothing"],
  ])("that is no reading is told as unreadable with its bytes: %s", async (attributes, why) => {
    const row = `<BG ${attributes}/>`;
    const { readings, unreadable } = await entry(row);
    expect(readings).toEqual([]);
    expect(unreadable).toMatchObject([{ code: "IMPORT_MALFORMED", detail: expect.stringContaining(why) }]);
    expect(Buffer.from(unreadable[0]?.raw ?? []).toString()).toBe(row);
  });

  test("of a meter whose unit is not known is no reading", async () => {
    for (const device of [DEVICE.replace("mg/dL", "g/L"), DEVICE.replace('BGUnit="mg/dL"', "")]) {
      const { readings, unreadable } = await entry(`<BG Val="129" ${AT}/>`, device);
      expect([readings, unreadable.length]).toEqual([[], 1]);
    }
  });

  test("whatever its attributes hold is a reading within the bounds or told as unreadable", async () => {
    const value = fc.constantFrom("129", "7.2", "HI", "LO", "---", "", "x", "999");
    const mark = fc.constantFrom(null, "1", "", "0");
    const carb = fc.constantFrom(null, "40", "---", "much", "1.234");
    let readings = 0;
    await fc.assert(
      fc.asyncProperty(value, mark, carb, async (shown, control, carbs) => {
        const row = [
          `<BG Val="${shown}" ${AT}`,
          ...(control === null ? [] : [`Ctrl="${control}"`]),
          ...(carbs === null ? [] : [`Carb="${carbs}"`]),
        ].join(" ");
        const heard = await entry(`${row}/>`);
        expect(heard.readings.length + heard.unreadable.length).toBeGreaterThan(0);
        for (const reading of heard.readings) {
          if (reading.kind === "glucose") expect(reading.control).toBe(control === "1");
          if (reading.kind === "glucose") expect([129, 600, 20]).toContain(reading.value);
          if (reading.kind === "carbs") expect(reading.value).toBe(40);
          if (reading.kind === "note") expect(reading.note).not.toBeNull();
          readings += 1;
        }
      }),
      { numRuns: 300 },
    );
    expect(readings).toBeGreaterThan(50);
  });
});

describe("recognition", () => {
  const cases: readonly [boolean, string][] = [
    [true, report([])],
    [true, `\uFEFF<IMPORT><DEVICE SN="1"/></IMPORT>`],
    [true, `<?xml version="1.0"?><?xml-stylesheet href="a.xsl"?><!-- a --><IMPORT Ver="1">\n<DEVICE\nSN="1"/>`],
    [false, "<IMPORT></IMPORT>"],
    [false, '<IMPORTS><DEVICE SN="1"/></IMPORTS>'],
    [false, '<HealthData><IMPORT><DEVICE SN="1"/>'],
    [false, 'the file says <IMPORT><DEVICE SN="1"/>'],
    [false, ""],
  ];
  test.each(cases)("says %s to %j", async (expected, text) => {
    const [file] = await filesOf({ "export.xml": text }).entries();
    if (file === undefined) throw new Error("no file");
    expect(driver.recognise(file, Buffer.from(text).subarray(0, 4_096))).toBe(expected);
    expect(healthkit.recognise(file, Buffer.from(text).subarray(0, 4_096))).toBe(text.startsWith("<HealthData"));
  });
});

describe("the import", () => {
  async function imported(
    text: string,
    store: Store | null,
    nowMs = NOW_MS,
  ): Promise<ImportReport & { times: string[] }> {
    const times: string[] = [];
    const done = await importFile({
      file: filesOf({ "G0012345.XML": text }),
      drivers: [driver],
      store,
      clock: new VirtualClock(nowMs),
      ownerOf: ownerBySerial([], "Europe/London"),
      signal: new AbortController().signal,
      onRecord: ({ time, timeQuality }) => times.push(`${time} ${timeQuality}`),
    });
    return { ...done, times };
  }

  test("moves no reading by how long the report lay about, whenever it is imported", async () => {
    const text = report([`<BG Val="129" ${AT}/>`, `<BG Val="97" Dt="2016-03-11" Tm="07:55"/>`]);
    for (const hours of [0, 1, 7, 25, 24 * 40]) {
      const { times, outcome } = await imported(text, null, NOW_MS + hours * 3_600_000);
      expect([outcome, times]).toEqual([
        "done",
        ["2016-03-11T21:05:00.000Z suspect", "2016-03-11T07:55:00.000Z suspect"],
      ]);
    }
  });

  test("again makes no second record, and keeps every kind that it tells", async () => {
    const store = await tempStore();
    const exchanges = DEVICE.replace('CarbUnit="g"', 'CarbUnit="BE"');
    const text = report(
      [`<BG Val="129" ${AT} Ctrl="1"/>`, `<BG Val="129" ${AT}/>`, `<BG Val="---" ${AT} Carb="3"/>`],
      exchanges,
    );
    expect(await imported(text, store)).toMatchObject({ new: 3, known: 0, unreadable: 0 });
    expect(await imported(text, store)).toMatchObject({ new: 0, known: 3, unreadable: 0 });
    expect(await imported(report([`<BG Val="97" ${AT} Carb="40"/>`]), store)).toMatchObject({ new: 2, unreadable: 0 });
  });
});
