import fc from "fast-check";
import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { frameBytes } from "../shared/isens/frame.js";
import { blank } from "./blank.js";

const SERIAL = "7K204M10358";
const STREAM = concat([
  Uint8Array.of(0x2e),
  frameBytes("RSNB", latin1Bytes(`${SERIAL}\0`)),
  frameBytes("RTIM", Uint8Array.of(24, 5, 6, 8, 8, 41)),
]);
const MASKED = concat([
  Uint8Array.of(0x2e),
  frameBytes("RSNB", latin1Bytes("0X000X00000\0")),
  STREAM.subarray(STREAM.length - 19),
]);

/** The stream in reports of these lengths by turns, padded to 64 bytes where that is asked for. */
function inReports(stream: Uint8Array, lengths: readonly number[], isPadded: boolean): Uint8Array[] {
  const reports: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < stream.length; turn += 1) {
    const piece = stream.subarray(at, at + (lengths[turn % lengths.length] ?? 1));
    const report = new Uint8Array(isPadded ? 64 : piece.length + 1);
    report.set([piece.length, ...piece]);
    reports.push(report);
    at += piece.length;
  }
  return reports;
}

test("the serial number is masked across any reports, frames stay sound, ids and padding stay", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 63 }), { minLength: 1, maxLength: 9 }),
      fc.boolean(),
      (lengths, pad) => {
        const reports = inReports(STREAM, lengths, pad);
        expect(blank(reports, maskText)).toEqual(inReports(MASKED, lengths, pad));
        expect(blank(reports, (bytes) => bytes)).toEqual(reports);
      },
    ),
  );
});

test("with any bit of any report turned over the serial number is lost", () => {
  const reports = inReports(STREAM, [1, 25, 19], false);
  let ran = 0;
  for (const [number, report] of reports.entries()) {
    for (let bit = 0; bit < report.length * 8; bit += 1) {
      const torn = reports.map((one, at) =>
        at === number ? one.map((byte, place) => (place === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)) : one,
      );
      const out = blank(torn, maskText);
      expect(out.map(({ length }) => length)).toEqual(torn.map(({ length }) => length));
      expect(latin1(concat(out))).not.toMatch(/K204M1|M10358|7K204M/);
      ran += 1;
    }
  }
  expect(ran).toBe((STREAM.length + 3) * 8);
});
