import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findDelimiter } from "./delimiter.js";
import { guardFormula, unguardFormula } from "./formula.js";
import { headRows, readRows } from "./read-rows.js";
import { type CsvRow, type Delimiter, MAX_ROW_BYTES, RowCutter } from "./row-cutter.js";

const hasPython = spawnSync("python3", ["--version"]).status === 0;
const ENDS = ["\n", "\r\n", "\r"] as const;
const DELIMITERS = [",", ";", "\t"] as const;

const cell = fc.string({
  unit: fc.constantFrom("a", "1", "ä", "猫", "\u{1f600}", '"', ",", ";", "\t", "\r", "\n", " ", "'", "="),
  maxLength: 8,
});
const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 12 });
const lengths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });

/** Written by RFC 4180; what need not be quoted is so by turns. */
function written(rows: readonly (readonly string[])[], delimiter: string, end: string, always: boolean): string {
  const one = (text: string, alone: boolean): string => {
    const must = /["\r\n]/.test(text) || text.includes(delimiter) || (alone && text === "");
    return must || always ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((cells) => cells.map((text) => one(text, cells.length === 1)).join(delimiter) + end).join("");
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function rowsOf(bytes: Uint8Array, delimiter: Delimiter, sizes: readonly number[] = [65_536]): CsvRow[] {
  const cutter = new RowCutter(delimiter);
  return [...cut(bytes, sizes).flatMap((piece) => cutter.push(piece)), ...cutter.end()];
}

async function read(bytes: Uint8Array, sizes: readonly number[] = [65_536]): Promise<CsvRow[]> {
  async function* pieces(): AsyncGenerator<Uint8Array, void, void> {
    yield* cut(bytes, sizes);
  }
  const rows: CsvRow[] = [];
  for await (const some of readRows(pieces(), new AbortController().signal)) rows.push(...some);
  return rows;
}

const cellsOf = (rows: readonly CsvRow[]): (readonly string[])[] => rows.map(({ cells }) => cells);
const raws = (rows: readonly CsvRow[]): string[] => rows.map(({ raw }) => Buffer.from(raw).toString());

describe("rows", () => {
  test("of any cells are read as they were written, however their bytes fall into chunks", () => {
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(...DELIMITERS),
        fc.constantFrom(...ENDS),
        fc.boolean(),
        lengths,
        (cells, delimiter, end, always, sizes) => {
          const bytes = Buffer.from(written(cells, delimiter, end, always));
          const rows = rowsOf(bytes, delimiter, sizes);
          expect(cellsOf(rows)).toEqual(cells);
          expect(rows.every(({ damage, ended }) => damage === null && ended)).toBe(true);
          expect(raws(rows).join(end) + (rows.length > 0 ? end : "")).toBe(bytes.toString());
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("whatever bytes they are made of come to an end, and lose no byte but those of line ends", () => {
    let damaged = 0;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(34, 34, 44, 10, 13, 65, 0, 0xc3, 0xa4, 0xff), { maxLength: 60 }),
        lengths,
        (values, sizes) => {
          const bytes = Uint8Array.from(values);
          const rows = rowsOf(bytes, ",", sizes);
          expect(cellsOf(rows)).toEqual(cellsOf(rowsOf(bytes, ",")));
          damaged += rows.filter(({ damage }) => damage !== null).length;
          const strip = (text: string): string => text.replace(/[\r\n]/g, "");
          const kept = rows.map(({ raw }) => Buffer.from(raw).toString("latin1")).join("");
          expect(strip(kept)).toBe(strip(Buffer.from(bytes).toString("latin1")));
        },
      ),
      { numRuns: 2_000 },
    );
    expect(damaged).toBeGreaterThan(20);
  });

  test.skipIf(!hasPython)("have the cells that Python's csv module finds", () => {
    const samples = fc.sample(fc.tuple(table, fc.constantFrom(...DELIMITERS), fc.constantFrom(...ENDS), fc.boolean()), {
      numRuns: 300,
      seed: 11,
    });
    const texts = samples.map(([cells, delimiter, end, always]) => [
      written([["a", "b"], ...cells], delimiter, end, always),
      delimiter,
    ]);
    const script =
      "import csv,io,json,sys; print(json.dumps([[r for r in csv.reader(io.StringIO(t,newline=''),delimiter=d) if r] for t,d in json.load(sys.stdin)]))";
    const { stdout } = spawnSync("python3", ["-c", script], { input: JSON.stringify(texts), encoding: "utf8" });
    const theirs = JSON.parse(stdout) as string[][][];
    const ours = texts.map(([text = "", delimiter]) => cellsOf(rowsOf(Buffer.from(text), delimiter as Delimiter)));
    expect(theirs).toHaveLength(300);
    expect(ours).toEqual(theirs);
  });

  test("know the line on which they begin, and a last one without an end", () => {
    const rows = rowsOf(Buffer.from('a,b\r\n\r\n"1\r\n2",x\r\nlast,row'), ",");
    expect(rows.map(({ line, ended }) => [line, ended])).toEqual([
      [1, true],
      [3, true],
      [5, false],
    ]);
  });

  test("hold quotation marks inside a cell as they are", () => {
    expect(cellsOf(rowsOf(Buffer.from('5" pizza,"a"b,""\n'), ","))).toEqual([['5" pizza', "ab", ""]]);
  });

  test("behind a quotation mark that is never closed are read all the same, and its line is told with its bytes", () => {
    const rows = rowsOf(Buffer.from('a,"note\n1,2\n3,4\n'), ",", [3]);
    expect(rows.map(({ cells, damage }) => [cells, damage !== null])).toEqual([
      [[], true],
      [["1", "2"], false],
      [["3", "4"], false],
    ]);
    expect(raws(rows)[0]).toBe('a,"note');
  });

  test("between a mark that is not closed and the next cell with marks are not swallowed", () => {
    const rows = rowsOf(Buffer.from('a,"note\n1,2\n3,"x y"\n4,5\n'), ",");
    expect(rows.map(({ cells, damage }) => (damage === null ? cells : "damage"))).toEqual([
      "damage",
      ["1", "2"],
      ["3", "x y"],
      ["4", "5"],
    ]);
  });

  test.each([
    ["without quotation marks", "x"],
    ["of quotation marks", '"'],
  ])("that are too long %s are told by their beginning, and the next one is whole", (_what, sign) => {
    const giant = sign.repeat(3 * MAX_ROW_BYTES + 1);
    for (const sizes of [[65_536], [1_000_003]]) {
      const rows = rowsOf(Buffer.from(`a,b\n${giant}\n1,2\n`), ",", sizes);
      expect(rows.map(({ damage }) => damage !== null)).toEqual([false, true, false]);
      expect(rows[1]?.raw.length).toBe(8_192);
      expect(rows[2]?.cells).toEqual(["1", "2"]);
    }
  });

  test("a million tiny ones are a million rows", () => {
    expect(rowsOf(Buffer.from("1\n".repeat(1_000_000)), ",", [262_144])).toHaveLength(1_000_000);
  });
});

describe("a file", () => {
  const TEXT = 'Gerät;Zeit;Wert\r\n"ä;ö";08:00;5,6\r\n猫;\u{1f600};\r\n';
  const CELLS = [
    ["Gerät", "Zeit", "Wert"],
    ["ä;ö", "08:00", "5,6"],
    ["猫", "\u{1f600}", ""],
  ];
  const utf16be = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();

  test.each([
    ["UTF-8", Buffer.from(TEXT)],
    ["UTF-8 with its mark", Buffer.from(`\ufeff${TEXT}`)],
    ["UTF-8 with its mark twice", Buffer.from(`\ufeff\ufeff${TEXT}`)],
    ["UTF-16, little end first", Buffer.from(`\ufeff${TEXT}`, "utf16le")],
    ["UTF-16, big end first", utf16be(`\ufeff${TEXT}`)],
    ["UTF-16 without a mark, little end first", Buffer.from(`A${TEXT.slice(1)}`, "utf16le")],
    ["UTF-16 without a mark, big end first", utf16be(`A${TEXT.slice(1)}`)],
  ])("in %s gives the same cells at any chunking, and each row's own bytes", async (name, bytes) => {
    const expected = name.includes("without") ? [["Aerät", "Zeit", "Wert"], ...CELLS.slice(1)] : CELLS;
    for (const sizes of [[65_536], [1], [3], [7, 2]]) {
      const rows = await read(bytes, sizes);
      expect(cellsOf(rows)).toEqual(expected);
      for (const { raw } of rows) expect(bytes.includes(Buffer.from(raw))).toBe(true);
    }
    expect(cellsOf(headRows(bytes))).toEqual(expected);
  });

  test("in Latin-1 has its letters, cell by cell", async () => {
    const rows = await read(Buffer.from("Ger\xe4t;\xb5 10\nGer\xc3\xa4t;x\n", "latin1"));
    expect(cellsOf(rows)).toEqual([
      ["Gerät", "µ 10"],
      ["Gerät", "x"],
    ]);
  });

  test("that is empty, or nothing but marks, zeros or line ends, has no rows or rows of that", async () => {
    for (const text of ["", "\ufeff", "\n\n\r\n"]) expect(await read(Buffer.from(text))).toEqual([]);
    expect(cellsOf(await read(Buffer.alloc(5)))).toEqual([["\0\0\0\0\0"]]);
  });

  test("ends with the reason when a person stops it", async () => {
    async function* pieces(): AsyncGenerator<Uint8Array, void, void> {
      yield Buffer.from("a,b\n");
    }
    const rows = readRows(pieces(), AbortSignal.abort(new Error("enough")));
    await expect(rows.next()).rejects.toThrow("enough");
  });
});

test("the delimiter is that of the line that has most of one, outside quotation marks", () => {
  expect(findDelimiter("a,b,c\n1,2,3")).toBe(",");
  expect(findDelimiter("Name, given;Date\n1,5;2,5;3,5\n")).toBe(";");
  expect(findDelimiter("1,2,3\n4,5,6")).toBe(",");
  expect(findDelimiter('"a,b,c,d";x\n1;2')).toBe(";");
  expect(findDelimiter("a\tb\tc")).toBe("\t");
  expect(findDelimiter("")).toBe(",");
});

test("a guarded text is never a formula, and is itself again when the guard is taken off", () => {
  let guarded = 0;
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("'", "=", "+", "-", "@", "\t", "\r", " ", '"', "a") }), (text) => {
      const safe = guardFormula(text);
      expect(unguardFormula(safe)).toBe(text);
      expect(/^[\s"]*[=+\-@]|^[\t\r\n]/.test(safe)).toBe(false);
      if (safe !== text) guarded += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(guarded).toBeGreaterThan(500);
  expect(guardFormula("'=1")).toBe("''=1");
  expect(unguardFormula("'twas late")).toBe("'twas late");
});
