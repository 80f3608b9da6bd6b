import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import type { Kind } from "../../src/domain/record.js";
import type { FileEntry } from "../../src/kit/transport.js";
import { cut, database, inMemory, type Run, run, runText } from "../../test/fixtures/healthkit/run.js";
import { healthkit } from "./index.js";

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../test/fixtures/healthkit/${name}`, import.meta.url));
const mixed = fixture("mixed.xml");
const correlations = fixture("correlations.xml");

const T = "HKQuantityTypeIdentifier";
function glucose(attributes: string, metadata = ""): string {
  const tag = `<Record type="${T}BloodGlucose" sourceName="App" unit="mg/dL" startDate="2024-07-01 08:00:00 +0000" endDate="2024-07-01 08:00:00 +0000" ${attributes}`;
  return metadata === "" ? `${tag}/>` : `${tag}>${metadata}</Record>`;
}
const doc = (...records: string[]): string => `<HealthData locale="en">\n${records.join("\n")}\n</HealthData>\n`;
const meta = (key: string, value: string): string => `<MetadataEntry key="${key}" value="${value}"/>`;

describe("recognition", () => {
  const entry: FileEntry = { name: "导出.xml", size: null, async *open() {} };
  const cases: readonly [boolean, string][] = [
    [true, '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n<!-- HealthKit Export Version: 14'],
    [true, '<HealthData locale="en_GB">'],
    [true, '\uFEFF<?xml version="1.0"?>\n<!-- a --> <!-- b -->\n<HealthData>'],
    [true, "<!DOCTYPE HealthData["],
    [false, '<?xml version="1.0"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3"><HealthData>'],
    [false, "<HealthDatabase>"],
    [false, "the file says <HealthData locale="],
    [false, `<!--${"--><!--".repeat(500)}`],
    [false, '{"data": "<HealthData"}'],
    [false, ""],
  ];
  test.each(cases)("says %s to %j", (expected, head) => {
    expect(healthkit.recognise(entry, Buffer.from(head))).toBe(expected);
  });
});

describe("the mixed export", () => {
  test("gives every record that can be read, as it was measured", async () => {
    const { readings, problem, events } = await runText(mixed);
    expect(problem).toBeNull();
    expect(events[0]).toMatchObject({ type: "identity", source: "healthkit" });
    expect(events.at(-1)).toEqual({ type: "progress", doneBytes: mixed.length, totalBytes: mixed.length });
    const at = (text: string): number => Date.parse(text);
    expect(
      readings.map((r) => [
        r.kind,
        r.value,
        r.unit,
        r.asSent,
        r.instantMs,
        r.endMs,
        r.utcOffset,
        r.outOfRange,
        r.sourceName,
      ]),
    ).toEqual([
      ["glucose", 104, "mg/dL", "104 mg/dL", at("2024-01-15T06:30:00Z"), null, 60, null, "Contour"],
      [
        "glucose",
        5.8,
        "mmol/L",
        "5.8 mmol<180.1558800000541>/L",
        at("2024-01-15T10:00:00Z"),
        null,
        null,
        null,
        "Jö“ & Co",
      ],
      ["glucose", 7.25, "mmol/L", "7.25 mmol/L", at("2024-01-15T11:00:00Z"), null, null, null, "Two Lines"],
      ["glucose", 400, "mg/dL", "400 mg/dL", at("2024-07-01T06:00:00Z"), null, null, "high", "Sensor"],
      ["glucose", 40, "mg/dL", "40 mg/dL", at("2024-07-01T06:05:00Z"), null, null, "low", "Sensor"],
      ["insulin", 0.45, "U", "0.45 IU", at("2024-07-01T06:00:00Z"), at("2024-07-01T06:30:00Z"), null, null, "Pump"],
      ["insulin", 4, "U", "4 IU", at("2024-07-01T06:31:00Z"), null, null, null, "Pump"],
      ["carbs", 45.5, "g", "45.5 g", at("2024-07-01T06:31:00Z"), null, null, null, "Diary"],
      ["heart_rate", 61, "/min", "61 count/min", at("2024-07-01T06:00:00Z"), null, null, null, "Watch"],
      ["steps", 612, "count", "612 count", at("2024-07-01T06:00:00Z"), at("2024-07-01T06:09:59Z"), null, null, "Watch"],
      ["weight", 74.2, "kg", "74.2 kg", at("2024-07-01T04:00:00Z"), null, null, null, "Scales"],
    ]);
    expect(readings.map((r) => r.meal)).toEqual(["before", null, "after", ...Array.from({ length: 8 }, () => null)]);
    expect(readings.map((r) => r.delivery).filter((d) => d !== null)).toEqual(["basal", "bolus"]);
    expect(readings.map((r) => r.device).filter((d) => d !== null)).toEqual([
      { manufacturer: null, model: 'Meter "7"', serial: null },
      { manufacturer: "Example, Inc.", model: "S1", serial: null },
    ]);
    expect(new Set(readings.map((r) => r.sourceKey)).size).toBe(11);
    for (const r of readings) {
      expect(r).toMatchObject({
        control: false,
        specimen: null,
        note: null,
        deviceTime: null,
        index: null,
        value2: null,
      });
      const raw = Buffer.from(r.raw);
      expect(mixed.includes(raw)).toBe(true);
      expect(raw.toString()).toMatch(/^<Record[\s\S]*(\/>|<\/Record>)$/);
    }
  });

  test("keeps every record that can't be read, with its reason and its bytes", async () => {
    const { unreadable } = await runText(mixed);
    expect(unreadable.map(({ code, detail }) => [code, detail.replace(/^.*read: /, "")])).toEqual([
      ["IMPORT_MALFORMED", 'its value "high" is no number.'],
      ["IMPORT_MALFORMED", 'glucose in "g/L" is not read.'],
      ["IMPORT_MALFORMED", 'its startDate "2024-02-30 08:20:00 +0200" is no date.'],
      ["IMPORT_MALFORMED", "it says two things about its value."],
      ["IMPORT_MALFORMED", 'weight in "lb" is not read.'],
    ]);
    expect(unreadable.every(({ raw }) => mixed.includes(Buffer.from(raw)))).toBe(true);
  });

  test("gives only the kinds that are wanted", async () => {
    const { readings, unreadable } = await runText(mixed, new Set<Kind>(["insulin", "weight"]));
    expect(readings.map((r) => r.kind)).toEqual(["insulin", "insulin", "weight"]);
    expect(unreadable).toHaveLength(1);
  });

  test("gives the same however it is cut into chunks", async () => {
    const whole = await runText(mixed);
    for (const size of [1, 2, 3, 5, 7, 16, 61, 64]) {
      const pieces = await run(inMemory(cut(mixed, [size])));
      expect(pieces.readings).toEqual(whole.readings);
      expect(pieces.unreadable).toEqual(whole.unreadable);
    }
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }), async (lengths) => {
        const pieces = await run(inMemory(cut(mixed, lengths)));
        expect(pieces.readings).toEqual(whole.readings);
        expect(pieces.unreadable).toEqual(whole.unreadable);
      }),
      { numRuns: 40 },
    );
  });

  test("cut short at any byte gives the readings before the cut, unchanged, and says so", async () => {
    const texts = (result: Run): string =>
      [...result.readings, ...result.unreadable]
        .map((item) => JSON.stringify({ ...item, raw: Buffer.from(item.raw).toString("latin1") }))
        .join("\n");
    const whole = await runText(mixed);
    const complete = new Set(texts(whole).split("\n"));
    expect(complete.size).toBe(16);
    const end = mixed.lastIndexOf(">");
    let gave = 0;
    for (let length = 0; length <= end; length++) {
      const part = await runText(mixed.subarray(0, length));
      if (part.problem !== "IMPORT_TRUNCATED") throw new Error(`cut at ${length}: ${part.problem}`);
      const { readings, unreadable } = part;
      const same = {
        readings: whole.readings.slice(0, readings.length),
        unreadable: whole.unreadable.slice(0, unreadable.length),
      };
      if (texts(part) !== texts({ ...whole, ...same })) throw new Error(`cut at ${length}: something was invented`);
      if (readings.length + unreadable.length < gave) throw new Error(`cut at ${length}: something was lost`);
      gave = readings.length + unreadable.length;
    }
    expect(gave).toBe(16);
  });
});

describe("damage", () => {
  const good = glucose('value="104"');
  const cases: readonly [string, string, number][] = [
    ["a tag that is not closed", `${good}\n<Record type="x" <Record value="1"/>`, 3],
    ["a missing quote", `${good}\n${glucose('value="105')}\n${good}`, 3],
    ["a wrong end tag", `${good}\n${good.replace("/>", ">")}</Correlation>`, 3],
    ["text between the tags", `${good}\n${good}\n\n garbage`, 5],
    ["a record inside a record", `${good}\n${good.replace("/>", ">")}${good}`, 3],
    ["a value without quotes", `${good}\n${glucose("value=104")}`, 3],
    ["a name without value", `${good}\n${glucose("value")}`, 3],
    ["a declaration", `${good}\n<!ELEMENT a>`, 3],
    ["a second document", `${good}</HealthData>\n<HealthData>`, 3],
    ["elements without end", `${good}\n${"<a>".repeat(100)}`, 3],
  ];
  test.each(cases)("such as %s stops the import there and keeps what came before", async (_, inside, line) => {
    const result = await runText(doc(inside));
    expect(result.problem).toBe("IMPORT_MALFORMED");
    expect(result.context).toMatchObject({ line });
    expect(result.readings.length).toBeGreaterThanOrEqual(1);
    expect(result.readings.every((r) => r.value === 104)).toBe(true);
  });

  test("is told by its byte, whatever the chunks", async () => {
    const text = Buffer.from(doc(good, good, "x"));
    for (const size of [1, 10, 1000]) {
      const result = await run(inMemory(cut(text, [size])));
      expect(result.context).toEqual({ offset: text.indexOf("\nx") + 1, line: 4 });
    }
  });

  test("by a tag or an element without end is found in bounded memory", async () => {
    const endless = `<HealthData>${good}\n<Record type="${"x".repeat(2 << 20)}`;
    expect(await runText(endless)).toMatchObject({ problem: "IMPORT_MALFORMED", readings: { length: 1 } });
    const open = good.replace("/>", ">");
    const children = inMemory(cut(Buffer.from(`<HealthData>${open}${meta("a", "b").repeat(200_000)}`), [65_536]));
    expect(await run(children)).toMatchObject({ problem: "IMPORT_MALFORMED", readings: { length: 0 } });
    const prologue = inMemory(cut(Buffer.from(`<!DOCTYPE HealthData [${" ".repeat(2 << 20)}`), [65_536]));
    expect(await run(prologue)).toMatchObject({ problem: "IMPORT_MALFORMED" });
  });

  test("such as declared entities is refused before anything is read", async () => {
    const result = await runText(`<!DOCTYPE HealthData [<!ENTITY a "104">]>\n${doc(good)}`);
    expect(result).toMatchObject({ problem: "IMPORT_MALFORMED", readings: { length: 0 } });
  });

  test("of single records is told and passed over", async () => {
    const bad = [
      glucose('value="&value;"'),
      glucose('value="1&#0;04"'),
      glucose('value="-3"'),
      glucose('value="0"'),
      glucose('value="1e999"'),
      glucose('value="104,5"'),
      glucose('value=""'),
      glucose(""),
      glucose('value="104"').replace(/type="[^"]*" /, ""),
      glucose('value="104"').replace('endDate="2024-07-01 08', 'endDate="2024-07-01 07'),
      glucose('value="104"').replace("08:00:00 +0000", "08:00:00"),
      glucose('value="104"').replace("08:00:00 +0000", "24:00:00 +0000"),
      glucose('value="104" unit="mmol/L"'),
      glucose('value="40"', meta("HKMetadataKeyQuantityClampedToLowerBound", "perhaps")),
      glucose(
        'value="40"',
        meta("HKMetadataKeyQuantityClampedToLowerBound", "1") + meta("HKMetadataKeyQuantityClampedToUpperBound", "1"),
      ),
    ];
    const result = await runText(doc(...bad, good));
    expect(result.problem).toBeNull();
    expect(result.unreadable).toHaveLength(bad.length);
    expect(result.readings.map((r) => r.value)).toEqual([104]);
  });

  test("to what no reading rests on does no harm", async () => {
    const odd = glucose(
      'value="104" device="&what;" sourceVersion="&no;" sourceVersion="2"',
      meta("k", "&no;") + meta("k", "2"),
    );
    const result = await runText(doc(`<MetadataEntry Health Mate App Version="2.6.0"/>`, odd));
    expect(result).toMatchObject({ problem: null, unreadable: { length: 0 }, readings: { length: 1 } });
  });
});

describe("identity", () => {
  const keys = async (...records: string[]): Promise<(string | null)[]> =>
    (await runText(doc(...records))).readings.map((r) => r.sourceKey);
  const insulin = (value: string): string =>
    glucose(`value="${value}"`).replace("BloodGlucose", "InsulinDelivery").replace("mg/dL", "IU");

  test("does not change with unit, device, app version, printed offset or date of saving", async () => {
    const [first] = await keys(glucose('value="104"'));
    const again = glucose(
      'value="5.772841" sourceVersion="9" device="&lt;&lt;HKDevice: 0x1&gt;, name:x&gt;" creationDate="2025-01-01 00:00:00 +0000"',
    )
      .replace("mg/dL", "mmol&lt;180.1558800000541&gt;/L")
      .replaceAll("08:00:00 +0000", "10:00:00 +0200");
    expect(first).not.toBeNull();
    expect(await keys(again)).toEqual([first]);
  });

  test("changes with type, source and instant", async () => {
    const one = glucose('value="104"');
    const all = await keys(
      one,
      one.replace('"App"', '"App 2"'),
      one.replaceAll("08:00:00", "08:00:01"),
      one.replace("08:00:00", "07:59:59"),
      insulin("104"),
    );
    expect(new Set(all).size).toBe(5);
  });

  test("keeps two different values of one second apart, and one value that is written again together", async () => {
    const result = await runText(
      doc(
        glucose('value="104"'),
        glucose('value="97"'),
        glucose('value="104"'),
        glucose('value="97.0"'),
        glucose('value="99"'),
      ),
    );
    expect(result.readings.map((r) => r.value)).toEqual([104, 97, 99]);
    expect(new Set(result.readings.map((r) => r.sourceKey)).size).toBe(3);
    expect(result.readings[0]?.sourceKey).toBe((await keys(glucose('value="104"')))[0]);
  });

  test("counts two equal doses of one second as two", async () => {
    const all = await keys(insulin("1"), insulin("1"), insulin("2"));
    expect(new Set(all).size).toBe(3);
    expect((await keys(insulin("1")))[0]).toBe(all[0]);
  });

  test("is the writing app's own identifier where there is one, whatever the version of the sample", async () => {
    const sync = (version: string): string =>
      meta("HKMetadataKeySyncIdentifier", "S-1") + meta("HKMetadataKeySyncVersion", version);
    const [one] = await keys(glucose('value="120"', sync("1")));
    const moved = glucose('value="121"', sync("2")).replaceAll("08:00:00", "08:01:00");
    expect(await keys(moved)).toEqual([one]);
    expect(await keys(glucose('value="120"', meta("HKMetadataKeySyncIdentifier", "S-2")))).not.toEqual([one]);
    expect(await keys(glucose('value="120"', meta("HKExternalUUID", "S-1")))).not.toEqual([one]);
  });

  test("loses nothing where an app writes one external id on several samples", async () => {
    const id = meta("HKExternalUUID", "9D0C");
    const all = await keys(
      glucose('value="120"', id),
      glucose('value="121"', id).replaceAll("08:00:00", "08:05:00"),
      insulin("120").replace("/>", `>${id}</Record>`),
    );
    expect(new Set(all).size).toBe(3);
  });
});

describe("correlations", () => {
  test("give a child only where no record of the same content stands at the top level, before or after", async () => {
    const { readings, problem } = await runText(correlations);
    expect(problem).toBeNull();
    expect(readings.map((r) => r.value)).toEqual([10, 10, 25, 7, 33]);
    expect(new Set(readings.map((r) => r.sourceKey)).size).toBe(5);
  });
});

describe("a large export", () => {
  const record = (at: number): string => {
    const minute = String(at % 60).padStart(2, "0");
    const hour = String(Math.floor(at / 60) % 24).padStart(2, "0");
    const date = `20${10 + (Math.floor(at / 483_840) % 90)}-${String(1 + (Math.floor(at / 40_320) % 12)).padStart(2, "0")}-${String(1 + (Math.floor(at / 1440) % 28)).padStart(2, "0")} ${hour}:${minute}:00 +0100`;
    const [type, unit] = at % 50 === 0 ? ["BloodGlucose", "mg/dL"] : ["ActiveEnergyBurned", "kcal"];
    return ` <Record type="${T}${type}" sourceName="Jo\u2019s Apple Watch" sourceVersion="10.2" device="&lt;&lt;HKDevice: 0x3012772a0&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch6,7, software:10.2&gt;" unit="${unit}" creationDate="${date}" startDate="${date}" endDate="${date}" value="${60 + (at % 97)}"/>\n`;
  };

  test("is read in constant memory, with its progress told every few megabytes", async () => {
    const total = 60_000_000;
    let given = 0;
    let written = 0;
    const entry: FileEntry = {
      name: "export.xml",
      size: null,
      async *open() {
        [given, written] = [0, 0];
        yield Buffer.from('<HealthData locale="en">\n');
        while (given < total) {
          let text = "";
          while (text.length < 1 << 18) text += record(written++);
          const bytes = Buffer.from(text);
          given += bytes.length;
          yield bytes;
        }
        yield Buffer.from("</HealthData>");
      },
    };
    const file = { ...inMemory([]).file, sizeBytes: total, position: () => given };
    let readings = 0;
    let progress = 0;
    let highest = 0;
    const before = process.memoryUsage();
    const signal = new AbortController().signal;
    for await (const event of healthkit.session({
      file,
      entry,
      signal,
      log: silentLog,
      zone: "UTC",
      kinds: null,
      dateOrder: null,
      database,
    })) {
      if (event.type === "readings") {
        readings += event.readings.length;
        expect(event.readings.length).toBeLessThanOrEqual(500);
      }
      if (event.type === "progress") {
        progress++;
        const now = process.memoryUsage();
        highest = Math.max(highest, now.heapUsed + now.external - before.heapUsed - before.external);
      }
    }
    expect(readings).toBe(Math.ceil(written / 50));
    expect(progress).toBeGreaterThanOrEqual(14);
    // Between two collections garbage piles up; what is kept is a window of one chunk and 24 bytes a reading.
    expect(highest).toBeLessThan(48e6);
  });
});

test("a session that is cancelled stops with the reason it was given", async () => {
  const stop = new AbortController();
  const { file, entry } = inMemory(cut(mixed, [500]));
  const session = healthkit.session({
    file,
    entry,
    signal: stop.signal,
    log: silentLog,
    zone: "UTC",
    kinds: null,
    dateOrder: null,
    database,
  });
  await session.next();
  stop.abort(new Error("enough"));
  await expect(session.next()).rejects.toThrow("enough");
});
