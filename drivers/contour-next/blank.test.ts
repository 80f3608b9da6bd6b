import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { readFrame } from "../shared/astm/frame.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";
import { blank } from "./blank.js";
import { readReport } from "./reports.js";
import { END, HEADER, reportsOf, resultOf } from "./scripted-meter.js";

const SERIAL = "7410-2046813";
const RECORDS = [HEADER, "P|1||Ann Other", resultOf(1), END];
const FRAMES = RECORDS.map((text, index) => simulatedFrame(index + 1, text, text === END));
const REPORTS = [Uint8Array.of(5), ...FRAMES, Uint8Array.of(4)].flatMap(reportsOf);

/** The frames in reports, each checked. */
function framesOf(reports: readonly Uint8Array[]): readonly string[] {
  const stream = latin1(concat(reports.map((report) => readReport(report) ?? new Uint8Array())));
  return stream
    .split(/(?<=\n)/)
    .filter((line) => line.includes("\u0002"))
    .map((line) => readFrame(latin1Bytes(line.slice(line.indexOf("\u0002")))).text);
}

const lengths = (reports: readonly Uint8Array[]): readonly number[] => reports.map(({ length }) => length);

describe("blanked reports", () => {
  test("name neither the meter nor its owner, also across reports, and every checksum is right", () => {
    const blanked = blank(REPORTS, maskText);
    expect(lengths(blanked)).toEqual(lengths(REPORTS));
    expect(framesOf(blanked)).toEqual([
      HEADER.replace(SERIAL, "0000-0000000").replace("^7411-", "^0000-").replace("w3Kp9d", "X0XX0X"),
      "P|1||XXX XXXXX",
      resultOf(1),
      END,
    ]);
  });

  test("mask the serial number in a conversation that was cut at any report", () => {
    for (let count = 0; count <= REPORTS.length; count += 1) {
      const blanked = blank(REPORTS.slice(0, count), maskText);
      expect(blanked).toHaveLength(count);
      expect(latin1(concat(blanked))).not.toMatch(/7410-2|2046813|Ann|w3Kp9d/);
    }
    expect(REPORTS).toHaveLength(7);
  });

  test("mask it where any byte of a report was turned over, its length among them, and leave damaged what was", () => {
    let [ran, damaged] = [0, 0];
    for (let number = 1; number < 3; number += 1) {
      for (let place = 0; place < 64; place += 1) {
        const turned = REPORTS.map((report, at) =>
          at === number ? report.map((byte, index) => (index === place ? byte ^ 0x08 : byte)) : report,
        );
        const blanked = blank(turned, maskText);
        expect(lengths(blanked)).toEqual(lengths(REPORTS));
        // A turned digit of the number itself may stand as it was turned: it tells nothing.
        expect(latin1(concat(blanked)), `report ${number}, byte ${place}`).not.toMatch(/2046813|Ann Other/);
        try {
          expect(framesOf(blanked).length).toBeLessThanOrEqual(4);
        } catch {
          damaged += 1;
        }
        ran += 1;
      }
    }
    expect(ran).toBe(128);
    expect(damaged).toBeGreaterThan(90);
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
