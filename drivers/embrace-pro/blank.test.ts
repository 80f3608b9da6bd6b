import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1 } from "../../src/kit/bytes.js";
import { blank } from "./blank.js";
import { readPacket } from "./packet.js";
import { framed, RECORDS, SERIAL } from "./scripted-meter.js";

/** A report of 64 bytes. */
function report(packet: Uint8Array): Uint8Array {
  const whole = new Uint8Array(64);
  whole.set(packet);
  return whole;
}

const NAMED = report(framed(9, [...Buffer.from(SERIAL, "latin1")]));
const REPORTS = [NAMED, report(framed(0, [0, 3])), ...RECORDS.map((record) => report(framed(1, record)))];
const lengths = (reports: readonly Uint8Array[]): readonly number[] => reports.map(({ length }) => length);

describe("blanked reports", () => {
  test("do not name the meter, and their check bytes are right; all else stays", () => {
    const [first = new Uint8Array(), ...rest] = blank(REPORTS, maskText);
    const { command, data } = readPacket(first);
    expect([command, latin1(data)]).toEqual([9, "X000000"]);
    expect(rest).toEqual(REPORTS.slice(1));
  });

  test("do not name it where any bit was turned over or the report was cut, and stay damaged", () => {
    let ran = 0;
    for (let bit = 0; bit < 13 * 8; bit += 1) {
      const turned = NAMED.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      const [blanked = new Uint8Array()] = blank([turned], maskText);
      expect(latin1(blanked), `bit ${bit}`).not.toMatch(/4410|1035/);
      expect(() => readPacket(blanked), `bit ${bit}`).toThrow();
      ran += 1;
    }
    expect(ran).toBe(104);
    for (let end = 0; end <= 13; end += 1) {
      const [blanked = new Uint8Array()] = blank([NAMED.slice(0, end)], maskText);
      expect(blanked).toHaveLength(end);
      expect(latin1(blanked)).not.toMatch(/A4|441/);
    }
  });

  test("are as many and as long as before, and themselves again when blanked twice, whatever they hold", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.constantFrom(...REPORTS)), { maxLength: 8 }),
        (reports) => {
          const once = blank(reports, maskText);
          expect(lengths(once)).toEqual(lengths(reports));
          expect(blank(once, maskText)).toEqual(once);
          expect(concat(once)).toHaveLength(concat(reports).length);
        },
      ),
      { numRuns: 300 },
    );
  });
});
