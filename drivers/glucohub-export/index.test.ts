import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvHead, csvRecord } from "../../src/cli/csv.js";
import { EMPTY_FIELDS, FIELD_ORDER, type GlucoRecord, type RecordFields } from "../../src/domain/record.js";
import { recordFaults } from "../../src/domain/validate.js";
import { filesOf, hearFile } from "../../test/helpers/report-file.js";
import { glucohubExport as driver } from "./index.js";
import type { OwnReading } from "./own-record.js";

const ID = "6f1c1c3e-5a0b-4f4c-9a5e-2f0d7b6a4c11";
const RECORD: GlucoRecord = {
  ...EMPTY_FIELDS,
  id: ID,
  kind: "glucose",
  deleted: false,
  time: "2026-11-21T07:03:00.000Z",
  timeQuality: "device",
  utcOffset: 60,
  deviceTime: "2026-11-21T08:02:00",
  value: 5.6,
  unit: "mmol/L",
  source: "meter",
  serial: "-12,3",
  note: '=HYPERLINK("x")',
};
/** Records as JSON writes them, one a line. */
const lines = (...records: readonly unknown[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");
const csv = (...records: readonly GlucoRecord[]): string => csvHead() + records.map(csvRecord).join("");

async function records(text: string, pieceBytes = 65_536): Promise<GlucoRecord[]> {
  const { readings, unreadable, problem } = await hearFile(driver, text, { pieceBytes });
  expect([unreadable, problem]).toEqual([[], null]);
  return (readings as OwnReading[]).map(({ kind, record: { id, fields } }) => ({
    id,
    kind,
    deleted: false,
    ...fields,
  }));
}

const text = fc.string({ unit: fc.constantFrom("'", "=", "-", '"', ",", "\n", "\r", "\t", " ", "ä", "a", "猫") });
const fields: fc.Arbitrary<GlucoRecord> = fc.record({
  id: fc.uuid().map((id) => id.toLowerCase()),
  kind: fc.constant("glucose" as const),
  deleted: fc.constant(false),
  time: fc
    .date({ min: new Date("1970-01-01"), max: new Date("2199-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString()),
  endTime: fc.constant(null),
  utcOffset: fc.option(fc.integer({ min: -900, max: 900 })),
  deviceTime: fc.constantFrom(null, "2026-11-21T08:02:00"),
  timeQuality: fc.constantFrom("exact", "device", "corrected", "suspect"),
  value: fc.integer({ min: 6, max: 9_999 }).map((tenths) => tenths / 10),
  value2: fc.constant(null),
  unit: fc.constantFrom("mg/dL", "mmol/L"),
  outOfRange: fc.constantFrom(null, "low", "high"),
  control: fc.boolean(),
  meal: fc.constantFrom(null, "before", "after"),
  specimen: fc.constantFrom(null, "capillary", "interstitial"),
  delivery: fc.constant(null),
  // An empty text can't be told from none in CSV.
  note: fc.option(text.filter((note) => note !== "")),
  patient: fc.option(text.filter((note) => note !== "")),
  source: fc.constantFrom("meter", "file", "healthkit", "manual"),
  sourceName: fc.option(text.filter((note) => note !== "")),
  manufacturer: fc.constantFrom(null, "Abbott"),
  model: fc.constantFrom(null, "@Model"),
  serial: fc.option(text.filter((note) => note !== "")),
});

describe("a hub's own records", () => {
  test("come back from CSV and JSON as they were, under their ids", async () => {
    expect(FIELD_ORDER.every((name) => name in RECORD)).toBe(true);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fields, { maxLength: 5 }),
        fc.integer({ min: 1, max: 200 }),
        async (all, pieceBytes) => {
          for (const record of all) {
            const { id, kind, deleted: _deleted, ...rest } = record;
            expect(recordFaults(id, kind, rest as RecordFields as unknown as Record<string, unknown>)).toEqual([]);
          }
          expect(await records(csv(...all), pieceBytes)).toEqual(all);
          if (all.length > 0) expect(await records(lines(...all), pieceBytes)).toEqual(all);
          if (all.length > 0)
            expect(await records(JSON.stringify({ records: all, next: null }), pieceBytes)).toEqual(all);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("that were deleted are left out", async () => {
    const gone = { ...RECORD, deleted: true };
    expect(await records(csv(gone, RECORD))).toEqual([RECORD]);
    expect(await records(lines(gone, RECORD))).toEqual([RECORD]);
  });

  test("of kinds that are not asked for are not told", async () => {
    const { readings } = await hearFile(driver, csv(RECORD), { kinds: new Set(["insulin"]) });
    expect(readings).toEqual([]);
  });

  const line = csvRecord(RECORD);
  test.each([
    ["a time in a spreadsheet's own form", csvHead() + line.replace("2026-11-21T07:03:00.000Z", "21/11/2026 07:03")],
    ["a decimal comma", csvHead() + line.replace(",5.6,", ',"5,6",')],
    ["a shifted cell", csvHead() + line.replace(",5.6,", ",5,6,")],
    ["another unit", csvHead() + line.replace("mmol/L", "mmol")],
    ["an id that is none", csvHead() + line.replace(ID, "7")],
    ["no word on its deletion", csvHead() + line.replace(",false,", ",,")],
    ["a value that is text", lines(RECORD, { ...RECORD, value: "5.6" })],
    ["no JSON", `${lines(RECORD)}{"id": 5\n`],
    ["a line that is too long", lines(RECORD, { ...RECORD, note: "x".repeat(300_000) })],
    ["a list in the place of a record", `${lines(RECORD)}[]\n`],
  ])("with %s are kept as not understood", async (_what, content) => {
    const { readings, unreadable, problem } = await hearFile(driver, content);
    expect([unreadable.length, problem]).toEqual([1, null]);
    expect(readings.length).toBe(content.startsWith("{") ? 1 : 0);
  });
});

test.each([
  [true, csv(RECORD)],
  [true, csvHead()],
  [true, `\ufeff${csv(RECORD).replaceAll(",", ";")}`],
  [true, lines(RECORD)],
  [true, JSON.stringify({ records: [RECORD], next: null }, null, 2)],
  [false, '{"records":[]}'],
  [false, '{"id":"x"}'],
  [false, "id,kind,time\n"],
  [false, ""],
])("recognition says %s to %j", async (expected, content) => {
  const [entry] = await filesOf({ "x.csv": content }).entries();
  expect(entry === undefined ? null : driver.recognise(entry, Buffer.from(content).subarray(0, 4_096))).toBe(expected);
});
