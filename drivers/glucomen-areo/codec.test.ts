import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { latin1, latin1Bytes, unhex } from "../../src/kit/bytes.js";
import { crc8Maxim } from "../../src/kit/checksum.js";
import { provenLines } from "./block.js";
import { clockRequest, displayUnit, REQUESTS, readInfo, readReading } from "./codec.js";

/** A block as the meter sends it, its lines' bytes, put together here apart from the codec. */
function block(...lines: readonly string[]): Uint8Array[] {
  const covered = `[\r\n${lines.map((line) => `${line}\r\n`).join("")}`;
  const check = crc8Maxim(latin1Bytes(covered)).toString(16).toUpperCase().padStart(2, "0");
  return linesOf(latin1Bytes(`${covered}${check}\r\n]\r\n`));
}

function linesOf(bytes: Uint8Array): Uint8Array[] {
  return latin1(bytes)
    .split(/(?<=\n)/)
    .map(latin1Bytes);
}

function reading({ type = "Glu", value = "105", unit = "mg/dL", mark = "00", date = "240229", time = "1645" }) {
  return latin1Bytes(`${type},${value},${unit},${mark},${date},${time}\r\n`);
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}

interface Vector {
  readonly input_text?: string;
  readonly input_hex?: string;
  readonly description: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

const VECTORS = new URL("../../../shared/vectors/set-b/glucomen-areo.json", import.meta.url);
/** What a vector's mark becomes. */
const MARKS: Readonly<Record<string, object>> = {
  none: { meal: null, note: null },
  "before-meal": { meal: "before", note: null },
  exercise: { meal: null, note: "Exercise" },
};

describe.skipIf(!existsSync(VECTORS))("the samples of set b", () => {
  test("read, or are sent, as expected", () => {
    let ran = 0;
    for (const { input_text, input_hex, expected, description } of JSON.parse(readFileSync(VECTORS, "utf8"))
      .vectors as Vector[]) {
      const bytes = input_text === undefined ? unhex(input_hex ?? "") : latin1Bytes(input_text);
      if ("crc_hex" in expected) {
        expect(crc8Maxim(bytes).toString(16), description).toBe(expected["crc_hex"]);
      } else if ("local_time" in expected) {
        expect([...clockRequest(String(expected["local_time"]))]).toEqual([0xc2, 0xa1, ...bytes]);
      } else if ("serial" in expected) {
        expect(readInfo(provenLines(linesOf(bytes)))).toEqual({
          serial: expected["serial"],
          firmware: expected["version"],
        });
      } else {
        const wanted = (expected["readings"] as Readonly<Record<string, unknown>>[]).map((each) => ({
          value: each["mmol_l"] ?? each["mg_dl"],
          unit: "mmol_l" in each ? "mmol/L" : "mg/dL",
          ...MARKS[String(each["mark"])],
          ...("local_time" in each ? { deviceTime: each["local_time"] } : {}),
        }));
        expect(provenLines(linesOf(bytes)).map(readReading), description).toMatchObject(wanted);
        expect(provenLines(linesOf(bytes))).toHaveLength(wanted.length);
      }
      ran += 1;
    }
    expect(ran).toBe(6);
  });
});

describe("a reading", () => {
  test("is read whatever its numbers, unit, mark and date are", () => {
    const parts = fc.record({
      at: fc.date({ min: new Date("2000-01-01T00:00Z"), max: new Date("2099-12-31T23:59Z"), noInvalidDate: true }),
      tenths: fc.integer({ min: 1, max: 555 }),
      unit: fc.constantFrom("mg/dL", " mg/dL", "mmol/L", " mmol/L "),
      mark: fc.integer({ min: 0, max: 15 }),
    });
    fc.assert(
      fc.property(parts, ({ at, tenths, unit, mark }) => {
        const wall = at.toISOString().slice(0, 16);
        const mmol = unit.includes("mmol");
        const value = mmol ? (tenths / 10).toFixed(1) : String(tenths);
        const [low, high] = mmol ? [1.1, 33.3] : [20, 600];
        const date = wall.slice(2, 10).replaceAll("-", "");
        const time = wall.slice(11).replace(":", "");
        const line = reading({ value, unit, date, time, mark: mark.toString(16).padStart(2, "0").toUpperCase() });
        const read = readReading(line);
        expect(read).toMatchObject({
          deviceTime: `${wall}:00`,
          unit: mmol ? "mmol/L" : "mg/dL",
          value: Math.min(high ?? 0, Math.max(low ?? 0, Number(value))),
          outOfRange: Number(value) < (low ?? 0) ? "low" : Number(value) > (high ?? 0) ? "high" : null,
          meal: [null, "before", "after", null][(mark >> 1) & 3],
          control: false,
          asSent: value,
          raw: line,
        });
        expect(read.note?.includes("Exercise") ?? false).toBe(mark >= 8);
        expect(read.note?.includes("Check mark") ?? false).toBe(mark % 2 === 1);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["HI", "mg/dL", 600, "high"],
    ["LO", "mg/dL", 20, "low"],
    ["Hi", "mmol/L", 33.3, "high"],
    ["Lo", "mmol/L", 1.1, "low"],
    ["601", "mg/dL", 600, "high"],
    ["19", "mg/dL", 20, "low"],
  ])("of %s %s is beyond the meter's limits, never that number", (value, unit, bound, outOfRange) => {
    expect(readReading(reading({ value, unit }))).toMatchObject({ value: bound, outOfRange, asSent: value });
  });

  test.each([
    ["an unknown type", { type: "Ket", value: "0.4", unit: "mmol/L" }],
    ["a type in other letters", { type: "GLU" }],
    ["an unknown unit", { unit: "g/L" }],
    ["a mark that might mean control solution", { mark: "10" }],
    ["a mark of one digit", { mark: "1" }],
    ["a fraction of mg/dL", { value: "5.6" }],
    ["a whole mg/dL value as mmol/L", { value: "105", unit: "mmol/L" }],
    ["a value of 0", { value: "0" }],
    ["a value of four digits", { value: "1050" }],
    ["a sign", { value: "-5.6", unit: "mmol/L" }],
    ["a day that does not exist", { date: "240230" }],
    ["month 13", { date: "241301" }],
    ["no date", { date: "000000" }],
    ["hour 24", { time: "2400" }],
    ["a comma too many", { value: "10,5" }],
  ])("with %s is refused, not guessed at", (_, parts) => {
    expect(codeOf(() => readReading(reading(parts)))).toBe("FRAME_MALFORMED");
  });
});

describe("a block", () => {
  test("without readings has no checksum line, and is an empty memory (the peer's program would crash)", () => {
    expect(provenLines(linesOf(unhex("5b 0d 0a 90 3d 0d 0a 5d 0d 0a")))).toEqual([]);
  });

  test.each([
    ["a checksum in small letters", block("2405060732").map(latin1).join("").toLowerCase()],
    ["no checksum", "[\r\nGlu,105,mg/dL,00,240229,1645\r\n]\r\n"],
    ["nothing in it", "[\r\n]\r\n"],
    ["the empty memory's line damaged", "[\r\n\x91=\r\n]\r\n"],
  ])("with %s is damaged", (_, text) => {
    expect(codeOf(() => provenLines(linesOf(latin1Bytes(text))))).toBe("FRAME_CHECKSUM");
  });

  test("with any single bit turned over is never taken for another one", () => {
    const lines = block("Glu,105,mg/dL,02,240229,1645", "Glu,5.6,mmol/L,00,240228,0705");
    const bytes = latin1Bytes(lines.map(latin1).join(""));
    const truth = provenLines(lines).map(latin1).join("");
    let refused = 0;
    for (const [at, byte] of bytes.entries()) {
      for (let bit = 0; bit < 8; bit += 1) {
        const faulty = Uint8Array.from(bytes);
        faulty[at] = byte ^ (1 << bit);
        try {
          // The brackets' own lines are found by the reader; here they are where they are.
          expect(provenLines(linesOf(faulty)).map(latin1).join("")).toBe(truth);
        } catch (error) {
          if (!isProblem(error, "FRAME_CHECKSUM")) throw error;
          refused += 1;
        }
      }
    }
    // All but the bits of the two brackets' lines, of which the line ends tear or join lines as well.
    expect(refused).toBeGreaterThanOrEqual((bytes.length - 6) * 8);
  });

  test("of any lines is proven or refused", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), (lines) => {
        try {
          for (const line of provenLines(lines)) codeOf(() => readReading(line));
        } catch (error) {
          expect(isProblem(error, "FRAME_CHECKSUM")).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

test.each([
  ["1,2,3,4\r\n"],
  ["1,2,3,,2.10\r\n"],
  ["a,2,3,AB1,1.02\r\n"],
  ["1,2,3,AB1,1.02,5\r\n"],
  ["1,2,3,AB 1,1.02\r\n"],
  ["1,2,3,AB1,1.02\r\n1,2,3,AB1,1.02\r\n"],
])("what the meter says of itself is not guessed from %j", (line) => {
  expect(codeOf(() => readInfo([latin1Bytes(line)]))).toBe("FRAME_MALFORMED");
});

test("blanks before the serial number and the version are no part of them", () => {
  expect(readInfo([latin1Bytes("12,0,3,   QK7204415,   2.10 b\r\n")])).toEqual({
    serial: "QK7204415",
    firmware: "2.10 b",
  });
});

test("the display's unit is that of all readings, and unknown where they differ or there are none", () => {
  expect(displayUnit(["mmol/L", "mmol/L"])).toBe("mmol/L");
  expect(displayUnit(["mmol/L", "mg/dL"])).toBeNull();
  expect(displayUnit([])).toBeNull();
});

test("a session's requests are two bytes, and neither begins the one that sets the clock", () => {
  expect(Object.values(REQUESTS).map((bytes) => [...bytes])).toEqual([[0xa2], [0x80]]);
});
