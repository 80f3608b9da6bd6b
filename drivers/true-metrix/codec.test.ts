import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { memorySum, modelOf, readAnswer, readClock, readResult, WORDS } from "./codec.js";
import { command, pieceEnd, readFrame, trueMetrixReports } from "./frame.js";
import { framed, RESULTS, reportsOf, STAMPS } from "./scripted-meter.js";

const read = (cells: string) => readResult(cells, latin1Bytes(cells));

/** A result of those fields, put together apart from the codec. */
function cellsOf({ month = 5, day = 6, year = 24, time = 731, value = "068", unknown = "0", control = "0" }): string {
  const digits = (number: number): string => number.toString(16).toUpperCase().padStart(3, "0");
  return `${month.toString(16).toUpperCase()}${digits(day * 100 + year)}${digits(time)}${value}${unknown}${control}`;
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "nothing";
}

describe("a frame", () => {
  test("has the sums that the sheet gives for every word to the meter", () => {
    const sheet = ["(_)B0", "(^)AF", "(I)9A", "(Z1)DC", "(V)A7", "(T)A5", "(G)98"];
    expect(Object.values(WORDS).map((word) => latin1(command(word)))).toEqual(sheet);
    // The word for ACK is in the sheet too, and never said.
    expect(framed("*")).toBe("(*)7B");
  });

  test("is refused with any bit turned over, and never read as another text", () => {
    const raw = latin1Bytes(framed(`g5${RESULTS[0]}`));
    let ran = 0;
    for (let bit = 0; bit < raw.length * 8; bit += 1) {
      const turned = raw.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(
        codeOf(() => readFrame(turned)),
        `bit ${bit}`,
      ).toMatch(/^FRAME_/);
      ran += 1;
    }
    expect(ran).toBe(raw.length * 8);
    expect(readFrame(raw)).toBe(`g5${RESULTS[0]}`);
  });

  test("is found in a stream behind noise, cut off by the next one, and not before its digits are there", () => {
    const bytes = latin1Bytes(`#~${framed("iBLU")}(z1TM4${framed("v1.07")}`);
    const pieces: string[] = [];
    for (let rest = bytes; rest.length > 0; ) {
      const end = pieceEnd(rest);
      expect(end).toBeGreaterThan(0);
      pieces.push(latin1(rest.slice(0, end)));
      rest = rest.slice(end);
    }
    expect(pieces).toEqual(["#~", framed("iBLU"), "(z1TM4", framed("v1.07")]);
    for (const part of ["(", "(iBLU", "(iBLU)", "(iBLU)2"]) expect(pieceEnd(latin1Bytes(part)), part).toBe(0);
    expect(pieceEnd(latin1Bytes(`(${"x".repeat(200)}`))).toBe(201);
  });

  test("never makes the cutting stand still or go too far, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.boolean(), (bytes, opened) => {
        const stream = opened ? Uint8Array.of(0x28, ...bytes) : bytes;
        const end = pieceEnd(stream);
        expect(end).toBeLessThanOrEqual(stream.length);
        if (stream[0] !== 0x28) expect(end).toBeGreaterThan(0);
        if (end > 0) expect(codeOf(() => readFrame(stream.slice(0, end)))).toMatch(/^(?:nothing|FRAME_)/);
      }),
    );
  });
});

describe("a report", () => {
  test("carries as many characters as it says, and is of no use if it says more than it can", () => {
    const [report = new Uint8Array()] = reportsOf("(I)9A");
    expect(latin1(trueMetrixReports.payloadOf(report) ?? new Uint8Array())).toBe("(I)9A");
    for (const length of [64, 200, 255]) {
      expect(trueMetrixReports.payloadOf(report.map((byte, at) => (at === 0 ? length : byte)))).toBeNull();
    }
    expect(trueMetrixReports.payloadOf(Uint8Array.of(5, 40, 73))).toBeNull();
    expect(trueMetrixReports.payloadOf(new Uint8Array())).toBeNull();
    expect(trueMetrixReports.payloadOf(new Uint8Array(64))).toEqual(new Uint8Array());
  });

  test("to the meter begins with its id, A0 and the length", () => {
    expect(trueMetrixReports.reportsOf(command("I"))).toEqual([Uint8Array.of(0, 0xa0, 5, ...latin1Bytes("(I)9A"))]);
  });
});

describe("a result", () => {
  test("has the fields of the sheet", () => {
    const [first, second, third] = RESULTS.map(read);
    expect([first?.deviceTime, second?.deviceTime, third?.deviceTime]).toEqual(STAMPS);
    expect([first?.value, second?.value, third?.value]).toEqual([104, 93, 121]);
    expect([first?.control, second?.control, third?.control]).toEqual([false, false, true]);
    expect(third?.specimen).toBe("control");
    expect(first).toMatchObject({
      kind: "glucose",
      unit: "mg/dL",
      meal: null,
      specimen: null,
      note: null,
      asSent: "068",
    });
    expect(RESULTS).toEqual([
      cellsOf({}),
      cellsOf({ day: 5, time: 1902, value: "05D" }),
      cellsOf({ day: 4, time: 1200, value: "079", control: "1" }),
    ]);
  });

  test("a hex letter in a True Metrix digit read as a number: A58 is 600 mg/dL and not 88", () => {
    expect(read(cellsOf({ value: "A58" }))).toMatchObject({ value: 600, outOfRange: null, asSent: "A58" });
    expect(read(cellsOf({ value: "258" }))).toMatchObject({ value: 600, outOfRange: null });
    const letters = [..."89ABCDEF"].map((digit, at) => {
      const { value, outOfRange, note } = read(cellsOf({ value: `${digit}40` }));
      const sent = at * 256 + 64;
      expect(value, digit).toBe(Math.min(600, sent));
      expect(outOfRange, digit).toBe(sent > 600 ? "high" : null);
      return note;
    });
    // The bit has no known meaning: it is kept, and changes no number.
    expect(new Set(letters)).toEqual(new Set(["Mark 8 on the value"]));
  });

  test("HI and LO stored as 601 or 501: numbers beyond the range are the bound with its flag", () => {
    const shown = (value: string): unknown => {
      const { value: number, outOfRange } = read(cellsOf({ value }));
      return [number, outOfRange];
    };
    expect(shown("259")).toEqual([600, "high"]);
    expect(shown("7FF")).toEqual([600, "high"]);
    expect(shown("258")).toEqual([600, null]);
    expect(shown("1F5")).toEqual([501, null]);
    expect(shown("014")).toEqual([20, null]);
    expect(shown("013")).toEqual([20, "low"]);
    expect(shown("000")).toEqual([20, "low"]);
  });

  test("of control solution is one for any digit but 0 in its place", () => {
    for (const digit of "123456789ABCDEF") expect(read(cellsOf({ control: digit })).control, digit).toBe(true);
    expect(read(cellsOf({ control: "0" })).control).toBe(false);
  });

  test("keeps the digit that nobody knows in its note", () => {
    expect(read(cellsOf({ unknown: "3" })).note).toBe("Mark 3");
    expect(read(cellsOf({ unknown: "F", value: "868" })).note).toBe("Mark 8 on the value; Mark 15");
  });

  test.each([
    ["another length", "52702DB0680"],
    ["a character that is no hex digit", "52702DB06G00"],
    ["small letters", "52702db06800"],
    ["the 30th of February", cellsOf({ month: 2, day: 30 })],
    ["month 0", cellsOf({ month: 0 })],
    ["month 13", cellsOf({ month: 13 })],
    ["hour 24", cellsOf({ time: 2400 })],
    ["minute 60", cellsOf({ time: 760 })],
    ["an erased cell", "FFFFFFFFFFFF"],
    ["an empty cell", "000000000000"],
  ])("with %s is no reading", (_, cells) => {
    expect(codeOf(() => read(cells))).toBe("FRAME_MALFORMED");
  });

  test("comes back from its digits whatever it is", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31T23:59:00"), noInvalidDate: true }),
        fc.integer({ min: 0, max: 2047 }),
        fc.boolean(),
        (date, value, control) => {
          const wall = date.toISOString();
          const cells = cellsOf({
            month: Number(wall.slice(5, 7)),
            day: Number(wall.slice(8, 10)),
            year: Number(wall.slice(2, 4)),
            time: Number(wall.slice(11, 13)) * 100 + Number(wall.slice(14, 16)),
            value: value.toString(16).toUpperCase().padStart(3, "0"),
            control: control ? "1" : "0",
          });
          const reading = read(cells);
          expect(reading.deviceTime).toBe(`${wall.slice(0, 16)}:00`);
          expect(reading.control).toBe(control);
          expect(reading.value).toBe(Math.min(600, Math.max(20, value)));
        },
      ),
    );
  });

  test("is never a number beyond the display's, whatever its digits are", () => {
    let readings = 0;
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9A-F]{12}$/), fc.nat(31), (any, day) => {
        const plausible = cellsOf({ day }).slice(0, 7) + any.slice(7);
        for (const cells of [any, plausible]) {
          if (codeOf(() => read(cells)) !== "nothing") continue;
          readings += 1;
          const { value } = read(cells);
          expect(value).toBeGreaterThanOrEqual(20);
          expect(value).toBeLessThanOrEqual(600);
        }
      }),
    );
    expect(readings).toBeGreaterThan(20);
  });
});

describe("other answers", () => {
  test("are told by what they begin with", () => {
    expect(readAnswer("iMR2")).toEqual({ is: "code", code: "MR2" });
    expect(readAnswer("z1TM4410359")).toEqual({ is: "serial", serial: "TM4410359" });
    expect(readAnswer("t090708060524")).toEqual({ is: "clock", digits: "090708060524" });
    expect(readAnswer(`g5${RESULTS[0]}`)).toEqual({ is: "result", cells: RESULTS[0] });
    expect(readAnswer("x512AB")).toEqual({ is: "sum", sum: 0x12ab });
    for (const text of ["v1.07", "", "x5", "x512ab", "t1", "i", "g6AA"])
      expect(readAnswer(text)).toEqual({ is: "other", text });
  });

  test("name the models of the sheet, and another one by its code", () => {
    expect(["MR2", "RC2", "BLU", "PRX"].map(modelOf)).toEqual([
      "True Metrix",
      "True Metrix Go",
      "True Metrix Air",
      "True Metrix PRX",
    ]);
  });

  test("hold the clock as second, minute, hour, day, month, year", () => {
    expect(readClock("090708060524")).toBe("2024-05-06T08:07:09");
    for (const digits of ["090708310624", "600708060524", "096008060524", "090724060524", "000000000000"]) {
      expect(
        codeOf(() => readClock(digits)),
        digits,
      ).toBe("FRAME_MALFORMED");
    }
  });

  test("hold the memory's sum over the characters of the results", () => {
    expect(memorySum([])).toBe(0);
    expect(memorySum(["000000000000"])).toBe(12 * 0x30);
    expect(memorySum(new Array(100).fill("FFFFFFFFFFFF"))).toBe((1_200 * 0x46) % 65_536);
  });
});
