import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1 } from "../../src/kit/bytes.js";
import { blank } from "./blank.js";
import { framed, memoryOf, RESULTS, reportsOf } from "./scripted-meter.js";

const SERIAL = "TM4410359";
const STREAM = [
  framed("iBLU"),
  framed(`z1${SERIAL}`),
  framed("v1.07"),
  framed("t090708060524"),
  memoryOf(RESULTS),
].join("");
const REPORTS = reportsOf(STREAM);

const textOf = (reports: readonly Uint8Array[]): string =>
  reports.map((report) => latin1(report.slice(1, 1 + (report[0] ?? 0)))).join("");
const lengths = (reports: readonly Uint8Array[]): readonly number[] => reports.map(({ length }) => length);

/** Reports of a few characters each, so that frames cross them everywhere. */
function shortReports(text: string, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) => {
    const piece = text.slice(index * size, (index + 1) * size);
    const report = new Uint8Array(64);
    report.set([piece.length, ...Buffer.from(piece, "latin1")]);
    return report;
  });
}

describe("blanked reports", () => {
  test("do not name the meter, wherever reports cut its number, and every sum is right", () => {
    const wanted = STREAM.replace(framed(`z1${SERIAL}`), framed("z1XX0000000"));
    for (const size of [3, 5, 7, 20, 63]) {
      const reports = shortReports(STREAM, size);
      const blanked = blank(reports, maskText);
      expect(lengths(blanked)).toEqual(lengths(reports));
      expect(textOf(blanked), `reports of ${size}`).toBe(wanted);
    }
  });

  test("do not name it in a conversation that was cut at any character", () => {
    for (let end = 0; end <= STREAM.length; end += 1) {
      const blanked = textOf(blank(reportsOf(STREAM.slice(0, end)), maskText));
      expect(blanked).toHaveLength(end);
      expect(blanked).not.toMatch(/TM4|4410|0359/);
    }
    expect(STREAM.length).toBeGreaterThan(100);
  });

  test("do not name it where any bit was turned over, the report's length among them, and stay damaged", () => {
    const [first = new Uint8Array()] = reportsOf(framed(`z1${SERIAL}`));
    let ran = 0;
    for (let bit = 0; bit < 20 * 8; bit += 1) {
      const turned = first.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      const blanked = blank([turned], maskText);
      expect(lengths(blanked)).toEqual([64]);
      expect(latin1(concat(blanked)), `bit ${bit}`).not.toMatch(/44103|10359/);
      const whole = textOf(blanked).slice(0, 16);
      if (bit >= 8 && bit < 16 * 8) expect(whole, `bit ${bit}`).not.toBe(framed("z1XX0000000"));
      ran += 1;
    }
    expect(ran).toBe(160);
  });

  test("are as many and as long as before, and themselves again when blanked twice, whatever they hold", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.constantFrom(...REPORTS)), { maxLength: 8 }),
        (reports) => {
          const once = blank(reports, maskText);
          expect(lengths(once)).toEqual(lengths(reports));
          expect(blank(once, maskText)).toEqual(once);
        },
      ),
      { numRuns: 300 },
    );
  });
});
