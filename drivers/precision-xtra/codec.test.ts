import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { latin1Bytes } from "../../src/kit/bytes.js";
import { readDump } from "../shared/abbott-text/frame.js";
import { readRecord } from "./codec.js";
import { readClockLine, readInfo } from "./info.js";

const VECTORS = new URL("../../../shared/vectors/set-b/freestyle-optium.json", import.meta.url);
const record = (amount: string, kind: string, status = "00") =>
  readRecord(latin1Bytes(`${amount}  May  06 2024 07:31 ${kind} 0x${status}\r\n`));

describe("a record", () => {
  test("of glucose is mg/dL as sent, within what the display shows", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), (value) => {
        expect(record(String(value).padStart(3, "0"), "G")).toMatchObject({
          kind: "glucose",
          value: Math.min(500, Math.max(20, value)),
          outOfRange: value < 20 ? "low" : value > 500 ? "high" : null,
          unit: "mg/dL",
          deviceTime: "2024-05-06T07:31:00",
        });
      }),
    );
  });

  test("of ketone gives the tenth that the display showed, whichever way the meter rounded its eighteenths", () => {
    let ran = 0;
    for (let tenths = 0; tenths <= 80; tenths += 1) {
      for (const round of [Math.floor, Math.round, Math.ceil]) {
        const sent = String(round((tenths * 18) / 10)).padStart(3, "0");
        expect(record(sent, "K")).toMatchObject({
          kind: "ketone",
          value: tenths / 10,
          unit: "mmol/L",
          outOfRange: null,
          asSent: sent,
        });
        ran += 1;
      }
    }
    expect(ran).toBe(243);
  });

  test("of ketone as both sheets saw it: 003 was shown as 0.2, 027 is 1.5", () => {
    expect([record("003", "K").value, record("027", "K").value]).toEqual([0.2, 1.5]);
  });

  test("of ketone that is HI is above 8.0: the peer stores a value of 10.0 that nobody knows", () => {
    expect(record("HI ", "K")).toMatchObject({ value: 8, outOfRange: "high", unit: "mmol/L", kind: "ketone" });
    expect(record("150", "K")).toMatchObject({ value: 8.3, outOfRange: null });
  });

  test("of ketone can't be LO, nor can a record be of a kind that nobody knows", () => {
    for (const [amount, kind] of [
      ["LO ", "K"],
      ["104", "L"],
      ["104", "g"],
      ["104", " "],
    ] as const) {
      expect(() => record(amount, kind)).toThrow(expect.objectContaining({ code: "FRAME_MALFORMED" }));
    }
  });

  test("with control solution and a lost clock is no patient's: the peer compared a character with 1", () => {
    for (const kind of ["G", "K"]) {
      expect(record("104", kind, "03")).toMatchObject({ control: true, specimen: "control", deviceTime: null });
    }
  });

  test("of any bytes is read or refused by name", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readRecord(bytes);
        } catch (error) {
          expect(isProblem(error, "FRAME_MALFORMED")).toBe(true);
        }
        expect(bytes.length).toBeLessThanOrEqual(60);
      }),
    );
  });
});

describe("what the meter says about itself", () => {
  const answer = (unit: string): string =>
    `S/N:\tKLMN456-P7890\r\nVer:\t1.07\t${unit}\r\nClock:\tJun  01 2024\t06:17:28\r\nUsage:\t4\r\nCMD OK\r\n`;
  const info = (text: string) => readInfo(latin1Bytes(text));

  test("is understood behind noise and an echo, and names the unit only where the word is known", () => {
    expect(info(`\xff$colq\r\n${answer("MMOL")}`)).toEqual({
      serial: "KLMN456-P7890",
      version: "1.07",
      displayUnit: "mmol/L",
      clock: "2024-06-01T06:17:28",
    });
    expect(["MGDL", "mg/dL", "MMOM", "X"].map((unit) => info(answer(unit)).displayUnit)).toEqual([
      "mg/dL",
      "mg/dL",
      null,
      null,
    ]);
  });

  test("without one of its lines or its end is not taken", () => {
    for (const part of ["S/N:", "Ver:", "Clock:", "CMD OK"]) {
      expect(() => info(answer("MMOL").replace(part, "?"))).toThrow(
        expect.objectContaining({ code: "FRAME_MALFORMED" }),
      );
    }
    expect(() => info("CMD Fail!\r\n")).toThrow(expect.objectContaining({ code: "FRAME_MALFORMED" }));
  });
});

interface Vector {
  readonly description: string;
  readonly input_text: string;
  readonly expected: {
    readonly local_time?: string;
    readonly error?: string;
    readonly serial?: string;
    readonly version?: string;
    readonly display_unit?: string;
    readonly readings?: readonly object[];
  };
}

describe.skipIf(!existsSync(VECTORS))("the vectors", () => {
  test("are nine, and all give what they expect", () => {
    const { vectors } = JSON.parse(readFileSync(VECTORS, "utf8")) as { vectors: Vector[] };
    let [ran, refused] = [0, 0];
    for (const { input_text, expected } of vectors) {
      if (expected.error !== undefined) {
        expect(readClockLine(input_text)).toBeNull();
        refused += 1;
      } else if (expected.readings !== undefined) {
        const dump = readDump(latin1Bytes(input_text));
        expect(dump.serial).toBe(expected.serial);
        const readings = dump.records.map((line) => {
          const { deviceTime, kind, value, outOfRange, asSent } = readRecord(line);
          const told = { local_time: deviceTime, kind };
          if (outOfRange !== null) return { ...told, out_of_range: outOfRange === "high" ? "HI" : "LO" };
          return kind === "ketone" ? { ...told, raw: Number(asSent) } : { ...told, mg_dl: value };
        });
        expect(readings).toEqual(expected.readings);
        expect(readRecord(dump.records[2] ?? new Uint8Array()).value).toBe(0.2);
      } else if (expected.serial !== undefined) {
        expect(readInfo(latin1Bytes(input_text))).toEqual({
          serial: expected.serial,
          version: expected.version,
          displayUnit: expected.display_unit,
          clock: expected.local_time,
        });
      } else {
        expect(readClockLine(input_text)).toBe(expected.local_time);
      }
      ran += 1;
    }
    expect([ran, refused]).toEqual([9, 4]);
  });
});
