import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../src/domain/problem.js";
import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import { answerLength, readAnswer } from "./answer.js";
import { fieldsOf, numberAt } from "./fields.js";
import { readLog } from "./log.js";
import { Pile } from "./pile.js";
import { readReport, reportOf } from "./report.js";
import { accepted, logOf, reportOf as sentReport } from "./scripted-reader.js";

/** The code of the problem that it throws; `none` if it throws none. */
function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "none";
}

/** Text as these meters send it: printable, and no line ends but its own. */
const line = fc.string({
  maxLength: 70,
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
});

describe("a report", () => {
  test("is what its length says, and nothing of the stale bytes beyond it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.integer({ min: 0, max: 62 }), (bytes, length) => {
        bytes[1] = length;
        const { type, content } = readReport(bytes);
        expect(type).toBe(bytes[0]);
        expect([...content]).toEqual([...bytes.slice(2, 2 + length)]);
      }),
      { numRuns: 300 },
    );
  });

  test("of another size than 64 bytes came damaged, and so did one that says it holds more than 62", () => {
    for (const size of [0, 1, 2, 63, 65])
      expect(codeOf(() => readReport(new Uint8Array(size)))).toBe("FRAME_TRUNCATED");
    for (const length of [63, 64, 255]) {
      expect(codeOf(() => readReport(Uint8Array.from({ length: 64 }, (_, at) => (at === 1 ? length : 0))))).toBe(
        "FRAME_MALFORMED",
      );
    }
  });

  test("to send has the id 0 in front and 64 bytes behind, and takes no more than fits", () => {
    const report = reportOf(0x60, latin1Bytes("$sn?"));
    expect([...report.slice(0, 8)]).toEqual([0, 0x60, 4, 0x24, 0x73, 0x6e, 0x3f, 0]);
    expect(report).toHaveLength(65);
    expect(() => reportOf(0x60, new Uint8Array(63))).toThrow(RangeError);
    expect(reportOf(0x60, new Uint8Array(62))).toHaveLength(65);
  });
});

describe("an answer", () => {
  test("of any text is read back whole, in pieces of any size", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.integer({ min: 1, max: 62 }), (lines, size) => {
        const message = lines.map((one) => `${one}\r\n`).join("");
        const bytes = latin1Bytes(accepted(message));
        const pile = new Pile();
        let length = 0;
        for (let at = 0; at < bytes.length; at += size) {
          const searched = pile.length;
          pile.add(bytes.subarray(at, at + size));
          length = answerLength(pile.bytes, searched);
          // It is over when its last line is, and not before.
          expect(length).toBe(at + size >= bytes.length ? bytes.length : 0);
        }
        expect(latin1(readAnswer(pile.bytes).message)).toBe(message);
      }),
      { numRuns: 300 },
    );
  });

  test("with any single bit turned over is never read as another one", () => {
    const message = logOf(["7,61,9,14,23,16,20,1,127,0,1,0,0,0,0,0,0,0,0", "9,60,9,14,23,15,2,1,13,1,0"]);
    const bytes = latin1Bytes(accepted(message));
    let refused = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const faulty = bytes.map((byte, place) => (place === at ? byte ^ (1 << bit) : byte));
        if (answerLength(faulty) !== bytes.length || codeOf(() => readAnswer(faulty)) !== "none") refused += 1;
      }
    }
    expect(refused).toBe(bytes.length * 8);
  });

  test("holds no zeros: they do not change the sum, and may be padding that a damaged length let in", () => {
    const bytes = latin1Bytes(accepted("1,2\0\0,3\r\n"));
    expect(codeOf(() => readAnswer(bytes))).toBe("FRAME_MALFORMED");
    expect(readAnswer(latin1Bytes(accepted("1,2,3\r\n"))).accepted).toBe(true);
  });

  test.each([
    ["one too great", "8,5\r\nCKSM:0000010F\r\nCMD OK\r\n", "FRAME_CHECKSUM"],
    ["in small letters", "x\r\nCKSM:0000008f\r\nCMD OK\r\n", "FRAME_CHECKSUM"],
    ["in capitals", "x\r\nCKSM:0000008F\r\nCMD OK\r\n", "none"],
    ["missing", "3.4.5\r\nCMD OK\r\n", "FRAME_CHECKSUM"],
    ["of seven digits", "3.4.5\r\nCKSM:0000111\r\nCMD OK\r\n", "FRAME_CHECKSUM"],
    ["that of zeros, but accepted", "3.4.5\r\nCKSM:00000000\r\nCMD OK\r\n", "FRAME_CHECKSUM"],
    ["that of zeros, and declined", "why\r\nCKSM:00000000\r\nCMD Fail!\r\n", "none"],
  ])("whose checksum is %s comes to what it should", (_, text, code) => {
    expect(codeOf(() => readAnswer(latin1Bytes(text)))).toBe(code);
  });

  test("whose custom comment is cut in the middle of a character is summed on its bytes, before any reading", () => {
    const message = '12,2,"Tr\xc3\xa8s long\xc3",""\r\n';
    expect(latin1(readAnswer(latin1Bytes(accepted(message))).message)).toBe(message);
  });
});

describe("a log", () => {
  test("of any lines gives them back, as sent", () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
        const log = readLog(latin1Bytes(logOf(lines)));
        expect(log.count).toBe(lines.length);
        expect([...log.lines()].map(latin1)).toEqual(lines.map((one) => `${one}\r\n`));
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ["another number of records", logOf(["1,2", "3,4"]).replace("\n2,", "\n3,"), "FRAME_CHECKSUM"],
    ["another sum", logOf(["1,2"]).replace(/\n1,0{5}/, "\n1,00001"), "FRAME_CHECKSUM"],
    ["no count", "1,2\r\n", "FRAME_MALFORMED"],
    ["only a serial number", "KHGV208-R5519\r\n", "FRAME_MALFORMED"],
    ["nothing", "", "FRAME_MALFORMED"],
    ["a count with a zero in front", logOf(["1,2"]).replace("\n1,", "\n01,"), "FRAME_MALFORMED"],
  ])("with %s is refused", (_, text, code) => {
    expect(codeOf(() => readLog(latin1Bytes(text)))).toBe(code);
  });

  test("may be empty in words or in numbers", () => {
    for (const text of ["Log Empty\r\n", "0,00000000\r\n"]) expect([...readLog(latin1Bytes(text)).lines()]).toEqual([]);
    expect(readLog(latin1Bytes("Log Empty\r\n")).count).toBe(0);
  });
});

describe("fields", () => {
  test("are cut at commas, and a text between quotation marks may hold some", () => {
    expect(fieldsOf(latin1Bytes('1,,"a,b","","c"\r\n')).all).toEqual(["1", "", "a,b", "", "c"]);
    expect(fieldsOf(latin1Bytes("1,2,\r\n")).all).toEqual(["1", "2", ""]);
    expect(fieldsOf(latin1Bytes('"say "hi"",2')).all).toEqual(['say "hi"', "2"]);
    expect(fieldsOf(latin1Bytes('1,"open')).all).toEqual(["1", '"open']);
  });

  test("without quotation marks are as many as there are commas, and one more", () => {
    fc.assert(
      fc.property(line, (text) => {
        fc.pre(!text.includes('"'));
        expect(fieldsOf(latin1Bytes(text)).all.join(",")).toBe(text);
      }),
    );
  });

  test("are numbers only if they are digits", () => {
    const fields = fieldsOf(latin1Bytes("12,-3,1.5,,0x1, 7,99999999999\r\n"));
    expect(numberAt(fields, 0)).toBe(12);
    for (const place of [1, 2, 3, 4, 5, 6, 7]) expect(codeOf(() => numberAt(fields, place))).toBe("FRAME_MALFORMED");
  });
});

test("a report for tests is laid out as the sheets say", () => {
  expect([...sentReport(0x60, "$").slice(0, 4)]).toEqual([0x60, 1, 0x24, 0]);
});
