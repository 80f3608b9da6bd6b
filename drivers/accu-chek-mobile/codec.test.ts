import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isWall } from "../../src/domain/written-time.js";
import { latin1Bytes } from "../../src/kit/bytes.js";
import { filesOf, hearFile } from "../../test/helpers/report-file.js";
import { readAmount, unitOf } from "../shared/roche/amount.js";
import { createNames } from "../shared/roche/names.js";
import { Unfit } from "../shared/roche/unfit.js";
import { readReportLine, readRow } from "./codec.js";
import { readColumns } from "./columns.js";
import { accuChekMobile as driver } from "./index.js";
import { cellsOf, type Line, LineCutter, MAX_LINE_BYTES } from "./lines.js";

const NAMES = "Date;Time;Result;Unit;Temperature warning;Out of target range;Other;Before meal;After meal;Control test";
const COLUMNS = readColumns(NAMES.split(";"));

function row(text: string, columns = COLUMNS) {
  return readRow(cellsOf(latin1Bytes(text)), columns, latin1Bytes(text), (called) => called);
}

describe("lines", () => {
  function linesOf(chunks: readonly string[]): { lines: Line[]; rest: Line | null } {
    const cutter = new LineCutter();
    const lines = chunks.flatMap((chunk) => [...cutter.push(latin1Bytes(chunk))]);
    return { lines, rest: cutter.rest() };
  }

  test("are the same however their bytes fall into chunks", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a;b", "", "1", ";;", "long ".repeat(20)), { maxLength: 20 }),
        fc.constantFrom("\n", "\r\n"),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (texts, end, lengths) => {
          const whole = texts.map((text) => text + end).join("");
          const chunks: string[] = [];
          for (let at = 0, turn = 0; at < whole.length; turn += 1) {
            const length = lengths[turn % lengths.length] ?? 1;
            chunks.push(whole.slice(at, at + length));
            at += length;
          }
          const { lines, rest } = linesOf(chunks);
          expect(lines.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(texts);
          expect([rest, lines.some(({ cut }) => cut)]).toEqual([null, false]);
        },
      ),
    );
  });

  test("that are too long are cut, and the next one is whole again", () => {
    const { lines, rest } = linesOf(["x".repeat(MAX_LINE_BYTES - 1), "yz\nnext\n", "rest"]);
    expect(lines.map(({ bytes, cut }) => [bytes.length, cut])).toEqual([
      [MAX_LINE_BYTES, true],
      [4, false],
    ]);
    expect(rest?.bytes.length).toBe(4);
  });

  test("have cells without the blanks around them", () => {
    expect(cellsOf(latin1Bytes("\xef\xbb\xbf a ; b;;  c d  "))).toEqual(["a", "b", "", "c d"]);
  });
});

describe("columns", () => {
  test("are found by their names in any order, with blanks behind them and others between", () => {
    const shuffled = readColumns(cellsOf(latin1Bytes(`Unit;Time;Date;Mood;Control test${" ".repeat(197)};Result`)));
    expect(row("mg/dl;07:55;11.03.2016;good;;104", shuffled)).toMatchObject({ value: 104, note: "Mood: good" });
    expect(row("mg/dl;07:55;11.03.2016;;X;104", shuffled)).toMatchObject({ control: true, note: null });
  });

  test.each([
    ["Datum;Zeit;Ergebnis;Einheit;Temperaturwarnung;Au\xdferhalb;Sonstige;Vor;Nach;Kontrolle", "Datum, Zeit, Ergebnis"],
    [NAMES.replace("Control test", ""), "there is no column Control test"],
    [NAMES.replace("Unit", "Einheit"), "there is no column Unit"],
    [NAMES.replace("Other", "Result"), "the column Result stands twice"],
  ])("of another language, or without a needed one, are refused by their names: %s", (names, said) => {
    expect(() => readColumns(names.split(";"))).toThrow(
      expect.objectContaining({ code: "IMPORT_UNKNOWN_FORMAT", message: expect.stringContaining(said) }),
    );
  });
});

describe("a row", () => {
  test("tells value, unit, time and meal as they are printed", () => {
    expect(row("11.03.2016;21:05;7.2;mmol/l;;;;;X;")).toEqual({
      kind: "glucose",
      value: 7.2,
      value2: null,
      unit: "mmol/L",
      outOfRange: null,
      control: false,
      meal: "after",
      specimen: null,
      delivery: null,
      note: null,
      deviceTime: "2016-03-11T21:05:00",
      instantMs: null,
      endMs: null,
      utcOffset: null,
      index: null,
      asSent: "7.2 mmol/l",
      sourceKey: "2016-03-11T21:05:00 7.2 mmol/l",
      device: null,
      sourceName: null,
      raw: latin1Bytes("11.03.2016;21:05;7.2;mmol/l;;;;;X;"),
    });
    expect(row("01.12.2023;00:00; 104 ; MG/DL ;;;;X;;")).toMatchObject({ value: 104, unit: "mg/dL", meal: "before" });
    expect(row("01.12.2023;00:00;5,6;mmol/L;;;;;;")).toMatchObject({ value: 5.6, asSent: "5,6 mmol/L" });
  });

  test("with marks that say nothing of the value tells them in the note", () => {
    expect(row("11.03.2016;21:05;104;mg/dl;X;X;X;;;").note).toBe("Temperature warning; Out of target range; Other");
  });

  test("marked as before and after a meal has no meal, and a note (peer: an error that ends the reading)", () => {
    expect(row("11.03.2016;21:05;104;mg/dl;;;;X;X;")).toMatchObject({
      meal: null,
      note: "Marked as before and after a meal",
      value: 104,
    });
  });

  test("with a control mark is no patient's reading (peer: taken for one)", () => {
    expect(row("11.03.2016;21:05;104;mg/dl;;;;;;X")).toMatchObject({ control: true, specimen: "control" });
    expect(row("11.03.2016;21:05;104;mg/dl;;;;;; x ")).toMatchObject({ control: true });
  });

  test("with HI or LO tells the bound and the flag (peer: ends with an error)", () => {
    expect(row("11.03.2016;21:05;HI;mg/dl;;;;;;")).toMatchObject({
      value: 600,
      outOfRange: "high",
      asSent: "HI mg/dl",
    });
    expect(row("11.03.2016;21:05;LO;mg/dl;;;;;;")).toMatchObject({ value: 20, outOfRange: "low" });
    expect(row("11.03.2016;21:05;Hi;mmol/l;;;;;;")).toMatchObject({ value: 33.3, outOfRange: "high" });
    expect(row("11.03.2016;21:05;lo;mmol/l;;;;;;")).toMatchObject({ value: 1.1, outOfRange: "low", unit: "mmol/L" });
  });

  test.each([
    ["11.03.2016;21:05;;mg/dl;;;;;;", "no result"],
    ["11.03.2016;21:05;104;;;;;;;", "is not read"],
    ["11.03.2016;21:05;104;g/l;;;;;;", "is not read"],
    ["11.03.2016;21:05;ERR;mg/dl;;;;;;", "no number"],
    ["11.03.2016;21:05;1,234;mg/dl;;;;;;", "no number"],
    ["11.03.2016;21:05;-5;mg/dl;;;;;;", "no number"],
    ["11.03.2016;21:05;7.2;mg/dl;;;;;;", "no meter"],
    ["11.03.2016;21:05;104;mmol/l;;;;;;", "no meter"],
    ["11.03.2016;21:05;601;mg/dl;;;;;;", "no meter"],
    ["11.03.2016;21:05;0;mg/dl;;;;;;", "no meter"],
    ["31.02.2016;21:05;104;mg/dl;;;;;;", "no date"],
    ["11.13.2016;21:05;104;mg/dl;;;;;;", "no date"],
    ["11.03.2016;24:05;104;mg/dl;;;;;;", "no date"],
    ["03/11/2016;21:05;104;mg/dl;;;;;;", "no date"],
    ["11.03.16;21:05;104;mg/dl;;;;;;", "no date"],
    ["11.03.2016;9:05 PM;104;mg/dl;;;;;;", "no date"],
    ["11.03.2016;;104;mg/dl;;;;;;", "no date"],
    ["11.03.1980;21:05;104;mg/dl;;;;;;", "no date"],
    ["11.03.2016;21:05;104;mg/dl;;;;;", "fewer cells"],
    ["11.03.2016;21:05;104;mg/dl;;;;;;;;X", "more cells"],
    ['"11.03.2016";21:05;104;mg/dl;;;;;;', "no date"],
  ])("that is no reading is refused: %s", (text, why) => {
    expect(() => row(text)).toThrow(Unfit);
    expect(() => row(text)).toThrow(why);
  });

  test("whatever its cells hold is a reading within the bounds or refused", () => {
    const result = fc.constantFrom("104", "7.2", "5,6", "HI", "LO", "999", "ERR", "");
    const unit = fc.constantFrom("mg/dl", "mmol/L", "", "g/l");
    const marks = fc.array(fc.constantFrom("", "X"), { minLength: 5, maxLength: 7 });
    let readings = 0;
    fc.assert(
      fc.property(result, unit, marks, (shown, printed, set) => {
        try {
          const told = row(["11.03.2016", "21:05", shown, printed, ...set].join(";"));
          const most = told.unit === "mg/dL" ? 600 : 33.3;
          expect(told.value !== null && told.value > 0 && told.value <= most && isWall(told.deviceTime)).toBe(true);
          expect(told.control).toBe(set[5] === "X");
          readings += 1;
        } catch (error) {
          if (!(error instanceof Unfit)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
    expect(readings).toBeGreaterThan(100);
  });
});

test("the second line names the meter, and when it wrote the report where that is printed as established", () => {
  expect(readReportLine(["00012345", "12.03.2016", "10:20", ""])).toEqual({
    serial: "00012345",
    writtenAt: "2016-03-12T10:20:00",
  });
  expect(readReportLine(["U100000000", "3/12/2016", "10:20"]).writtenAt).toBeNull();
  for (const serial of ["", "a b c d", "Serial number:"]) expect(() => readReportLine([serial])).toThrow(Unfit);
});

test("units are known in any case, and amounts have a bound for each", () => {
  expect(["mg/dL", "MG/DL", " mmol/l "].map(unitOf)).toEqual(["mg/dL", "mg/dL", "mmol/L"]);
  expect(unitOf("mg")).toBeNull();
  for (const [shown, unit] of [
    ["10", "mg/dl"],
    ["600", "mg/dl"],
    ["0.6", "mmol/l"],
    ["33.3", "mmol/l"],
  ] as const) {
    expect(readAmount(shown, unit)).toMatchObject({ value: Number(shown), outOfRange: null });
  }
});

test("equal readings of one minute have names of their own, the same in each report", () => {
  const [first, second] = [createNames(), createNames()];
  expect([first("a"), first("b"), first("a"), first("a")]).toEqual(["a 0", "b 0", "a 1", "a 2"]);
  expect([second("b"), second("a"), second("a")]).toEqual(["b 0", "a 0", "a 1"]);
  // Bounded: what was last seen thousands of names ago begins anew.
  for (let number = 0; number < 2_048; number += 1) first(String(number));
  expect(first("a")).toBe("a 0");
});

interface Vector {
  readonly input_text: string;
  readonly expected: {
    readonly serial: string;
    readonly unit: string;
    readonly readings: readonly { readonly local_time: string; readonly mmol_l: number; readonly meal: string }[];
  };
}

const FILE = new URL("../../../shared/vectors/set-b/accuchek-reports.json", import.meta.url);
const SYNTHETIC = new URL("../../../shared/vectors/exports/synthetic/accuchek-mobile-report.csv", import.meta.url);

async function recognised(content: string | Uint8Array): Promise<boolean> {
  const [entry] = await filesOf({ "x.csv": content }).entries();
  return entry !== undefined && driver.recognise(entry, Buffer.from(content).subarray(0, 4_096));
}

describe.skipIf(!existsSync(FILE))("the samples of set b", () => {
  test("are recognised and read as they say, the one that there is", async () => {
    const { vectors }: { vectors: readonly Vector[] } = JSON.parse(readFileSync(FILE, "utf8"));
    let ran = 0;
    for (const { input_text, expected } of vectors) {
      expect(await recognised(input_text)).toBe(true);
      const { events, readings, problem, unreadable } = await hearFile(driver, input_text);
      expect([problem, unreadable]).toEqual([null, []]);
      expect(events[0]).toMatchObject({ type: "identity", identity: { serial: expected.serial } });
      expect(readings.map(({ deviceTime, value, meal }) => ({ local_time: deviceTime, mmol_l: value, meal }))).toEqual(
        expected.readings,
      );
      expect(new Set(readings.map(({ unit }) => unit))).toEqual(new Set([expected.unit]));
      ran += 1;
    }
    expect(ran).toBe(1);
  });
});

describe.skipIf(!existsSync(SYNTHETIC))("the invented export", () => {
  test("is recognised and read", async () => {
    const bytes = readFileSync(SYNTHETIC);
    expect(await recognised(bytes)).toBe(true);
    const { events, readings, problem } = await hearFile(driver, bytes);
    expect(problem).toBeNull();
    expect(events[0]).toMatchObject({ identity: { serial: "U100000000" } });
    expect(readings.map(({ deviceTime, value, unit, meal }) => [deviceTime, value, unit, meal])).toEqual([
      ["2015-12-08T07:01:00", 5.6, "mmol/L", "before"],
      ["2015-12-08T09:01:00", 8.2, "mmol/L", "after"],
    ]);
  });
});
