import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { latin1Bytes } from "../../src/kit/bytes.js";
import { readDump } from "../shared/abbott-text/frame.js";
import { clockOf } from "../shared/abbott-text/tell.js";
import { DUMP_COMMAND, readIdentity, readRecord } from "./codec.js";

const VECTORS = new URL("../../../shared/vectors/set-b/freestyle-lite.json", import.meta.url);

describe("a record", () => {
  test("of any value, digits and minute is read as it was written", () => {
    const names = ["Jan ", "Feb ", "Mar ", "Apr ", "May ", "June", "July", "Aug ", "Sep ", "Oct ", "Nov ", "Dec "];
    const when = fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), when, fc.integer({ min: 0, max: 255 }), (value, date, digits) => {
        const wall = date.toISOString();
        const day = `${names[date.getUTCMonth()]} ${wall.slice(8, 10)} ${wall.slice(0, 4)} ${wall.slice(11, 16)}`;
        const amount = String(value).padStart(3, "0");
        const line = `${amount}  ${day} ${digits.toString(16).padStart(2, "0")} 0x00\r\n`;
        expect(readRecord(latin1Bytes(line))).toMatchObject({
          kind: "glucose",
          value: Math.min(500, Math.max(20, value)),
          outOfRange: value < 20 ? "low" : value > 500 ? "high" : null,
          unit: "mg/dL",
          deviceTime: `${wall.slice(0, 16)}:00`,
          control: false,
          note: null,
          asSent: amount,
        });
      }),
    );
  });

  test("with other marks than two hex digits is not taken", () => {
    for (const mark of ["G ", " G", "1?", "zz"]) {
      const line = latin1Bytes(`104  May  06 2024 07:31 ${mark} 0x00\r\n`);
      expect(() => readRecord(line)).toThrow(expect.objectContaining({ code: "FRAME_MALFORMED" }));
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

  test("with control solution and a lost clock is no patient's: the peer compared a character with 1", () => {
    const reading = readRecord(latin1Bytes("104  May  06 2024 07:31 17 0x03\r\n"));
    expect(reading).toMatchObject({ control: true, specimen: "control", deviceTime: null });
  });
});

describe("who the meter is", () => {
  test("is told by the first letter of its serial number, where that is known", () => {
    const model = (serial: string) => readIdentity(serial, "1.43").model;
    expect(["CABC123-D4567", "DABC123-E4567", "XABC123-E4567", "A-BCDE-FGHIJ"].map(model)).toEqual([
      "FreeStyle Freedom Lite",
      "FreeStyle Lite",
      null,
      null,
    ]);
  });

  test("is its serial number alone: the peer puts model and number with a blank between into one name", () => {
    expect(readIdentity("CABC123-D4567", "").serial).toBe("CABC123-D4567");
    expect(readIdentity("CABC123-D4567", "").firmware).toBeNull();
  });
});

interface Vector {
  readonly description: string;
  readonly input_text: string;
  readonly expected: {
    readonly bytes_hex?: string;
    readonly serial?: string;
    readonly readings?: readonly {
      readonly local_time: string;
      readonly mg_dl?: number;
      readonly out_of_range?: string;
    }[];
  };
}

describe.skipIf(!existsSync(VECTORS))("the vectors", () => {
  test("are three, and all give what they expect", () => {
    const { vectors } = JSON.parse(readFileSync(VECTORS, "utf8")) as { vectors: Vector[] };
    let ran = 0;
    for (const { description, input_text, expected } of vectors) {
      if (description === "request") {
        expect(`${DUMP_COMMAND}\r\n`).toBe(input_text);
      } else if (description === "empty memory reply tail") {
        const dump = readDump(latin1Bytes(`\r\nS\r\n1.0\r\nMay  06 2024 08:08:41\r\n${input_text}`));
        expect(dump.records).toEqual(expected.readings);
      } else {
        const dump = readDump(latin1Bytes(input_text));
        expect(dump.serial).toBe(expected.serial);
        expect(clockOf(dump)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
        const readings = dump.records.map(readRecord);
        expect(
          readings.map(({ deviceTime, value, outOfRange }) =>
            outOfRange === null
              ? { local_time: deviceTime, mg_dl: value }
              : { local_time: deviceTime, out_of_range: outOfRange === "high" ? "HI" : "LO" },
          ),
        ).toEqual(expected.readings);
      }
      ran += 1;
    }
    expect(ran).toBe(3);
  });
});
