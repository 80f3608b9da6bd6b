import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { blank } from "./blank.js";
import { blockOf, provenLines } from "./block.js";

const INFO = latin1(blockOf("1,0,3,   QK7204415, 2.10"));
const MEMORY = latin1(blockOf("Glu,6.1,mmol/L,02,240506,0731\r\nGlu,104, mg/dL,00,240505,2102"));

function blanked(text: string): string {
  return latin1(blank(latin1Bytes(text), maskText));
}

function linesOf(text: string): Uint8Array[] {
  return text.split(/(?<=\n)/).map(latin1Bytes);
}

describe("blanking", () => {
  test("masks the serial number, makes its checksum right again and leaves the memory as it is", () => {
    const result = blanked(`${INFO}${MEMORY}P`);
    expect(result).toContain("1,0,3,   XX0000000, 2.10\r\n");
    expect(result.endsWith(`${MEMORY}P`)).toBe(true);
    expect(provenLines(linesOf(result.slice(0, INFO.length)))).toHaveLength(1);
  });

  test("leaves a damaged block damaged", () => {
    const result = blanked(INFO.replace("1,0,3", "1,0,7"));
    expect(result).not.toContain("QK7204415");
    expect(() => provenLines(linesOf(result))).toThrow(expect.objectContaining({ code: "FRAME_CHECKSUM" }));
  });

  test("masks what came of a serial number before the stream was cut, wherever that was", () => {
    let masked = 0;
    for (let length = 0; length <= INFO.length; length += 1) {
      const result = blanked(INFO.slice(0, length));
      expect(result).toHaveLength(length);
      // None of these stands in the rest of that line.
      expect(result.split("\r\n")[1] ?? "").not.toMatch(/[QK457]/);
      if (result.includes("XX")) masked += 1;
    }
    expect(masked).toBeGreaterThan(20);
  });

  test("masks the serial number with any bit of the stream turned over", () => {
    const bytes = latin1Bytes(`${INFO}${INFO}`);
    let ran = 0;
    for (const [at, byte] of bytes.entries()) {
      for (let bit = 0; bit < 8; bit += 1) {
        const faulty = Uint8Array.from(bytes);
        faulty[at] = byte ^ (1 << bit);
        const result = latin1(blank(faulty, maskText));
        expect(result).toHaveLength(bytes.length);
        expect(result).not.toContain("QK7204415");
        ran += 1;
      }
    }
    expect(ran).toBe(bytes.length * 8);
  });

  test("gives of any bytes as many, and readings unchanged", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const stream = Uint8Array.from([...noise, ...latin1Bytes(`\r\n${MEMORY}`)]);
        const result = blank(stream, maskText);
        expect(result).toHaveLength(stream.length);
        expect(latin1(result).endsWith(MEMORY)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
