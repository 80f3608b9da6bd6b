import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { blank } from "./blank.js";

const SERIAL = "RTKW5530871264";
const TOLD = `200 hello STAR-EX\r200 serial ${SERIAL}\r200 gluunit mg/dL\r`;
const RECORDS = "200 2024 5 6 8 8 41\r200 glucount 1865\r200 glurec 1 0 104 0 2024 5 6 7 31 5\r";

function blanked(text: string): string {
  return latin1(blank(latin1Bytes(text), maskText));
}

describe("blanking", () => {
  test("masks the serial number and nothing else, letters and digits keeping their places", () => {
    expect(blanked(`${TOLD}${RECORDS}`)).toBe(`${TOLD.replace(SERIAL, "XXXX0000000000")}${RECORDS}`);
  });

  test("masks a serial number that lost the zeros before it", () => {
    expect(blanked("200 serial 712\r200 glucount 712\r")).toBe("200 serial 000\r200 glucount 712\r");
  });

  test("masks what came of a serial number before the stream was cut, wherever that was", () => {
    const start = TOLD.indexOf(SERIAL);
    for (let length = start; length <= start + SERIAL.length; length += 1) {
      const result = blanked(TOLD.slice(0, length));
      expect(result.slice(0, start)).toBe(TOLD.slice(0, start));
      expect(result.slice(start)).toBe("XXXX0000000000".slice(0, length - start));
    }
  });

  test("masks the serial number with any bit of the stream turned over", () => {
    const bytes = latin1Bytes(`${TOLD}${TOLD}`);
    let ran = 0;
    for (const [at, byte] of bytes.entries()) {
      for (let bit = 0; bit < 8; bit += 1) {
        const faulty = Uint8Array.from(bytes);
        faulty[at] = byte ^ (1 << bit);
        const result = latin1(blank(faulty, maskText));
        expect(result).toHaveLength(bytes.length);
        expect(result).not.toContain(SERIAL);
        expect(result).not.toContain(SERIAL.slice(0, 10));
        ran += 1;
      }
    }
    expect(ran).toBe(bytes.length * 8);
  });

  test("gives of any bytes as many, and records unchanged", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const stream = Uint8Array.from([...noise, ...latin1Bytes(`\r${RECORDS}`)]);
        const result = blank(stream, maskText);
        expect(result).toHaveLength(stream.length);
        expect(latin1(result).endsWith(RECORDS)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
