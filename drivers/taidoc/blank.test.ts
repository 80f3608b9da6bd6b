import fc from "fast-check";
import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, hex } from "../../src/kit/bytes.js";
import { blank } from "./blank.js";
import { isAnswerAt } from "./frame.js";
import { message } from "./scripted-meter.js";

const [LOW, HIGH] = [
  [0x17, 0x06, 0x18, 0x49],
  [0x51, 0x27, 0x96, 0xa5],
];
const CONNECTED = message(0x22, [0, 0, 0, 0]);
const CLOCK = message(0x23, [0xa6, 0x30, 8, 8]);
/** A record whose bytes begin as the low half does. */
const RECORD = message(0x26, [0x17, 0x06, 0x18, 0x00]);
const STREAM = [CONNECTED, message(0x28, HIGH), message(0x27, LOW), CLOCK, RECORD];
const whole = (frame: readonly number[]): Uint8Array => Uint8Array.of(frame.length, ...frame);
const bytesOf = (reports: readonly Uint8Array[]): Uint8Array => concat(reports.map((report) => report.subarray(1)));

test("both halves of the serial number become zeros, their sums are right again, all else stays", () => {
  const out = blank(STREAM.map(whole), maskText);
  // A letter among the digits is masked to no digit.
  const masked = [message(0x28, [0, 0, 0, 0]), message(0x27, [0, 0, 0, 0])];
  expect(out.map(hex)).toEqual([CONNECTED, ...masked, CLOCK, RECORD].map((frame) => hex(whole(frame))));
});

test("reports of one byte, and padded ones, are blanked as one stream", () => {
  const single = STREAM.flat().map((byte) => Uint8Array.of(1, byte, 0, 0));
  const out = blank(single, maskText);
  expect(out.every((report) => report.length === 4 && report[0] === 1 && report[2] === 0)).toBe(true);
  expect(hex(Uint8Array.from(out, ([, byte = 0]) => byte))).toBe(hex(bytesOf(blank(STREAM.map(whole), maskText))));
});

test("with any bit of any answer turned over the serial number is lost, what was sound stays so, and damage stays damage", () => {
  const bits = STREAM.length * 9 * 8;
  const sound = concat(STREAM.map(whole));
  for (let bit = 0; bit < bits; bit += 1) {
    const torn = sound.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    const reports = STREAM.map((_, at) => torn.slice(at * 9, at * 9 + 9));
    const out = blank(reports, maskText);
    expect(out.map(({ length }) => length)).toEqual(new Array(STREAM.length).fill(9));
    const text = hex(bytesOf(out));
    expect(text, `bit ${bit}`).not.toContain(hex(Uint8Array.from(LOW)));
    expect(text, `bit ${bit}`).not.toContain(hex(Uint8Array.from(HIGH)));
    for (const [at, report] of reports.entries()) {
      const was = report[0] === 8 && isAnswerAt(report, 1);
      const is = out[at]?.[0] === 8 && isAnswerAt(out[at] ?? new Uint8Array(), 1);
      expect(is, `bit ${bit}, report ${at}`).toBe(was);
      if (was && ![0x27, 0x28].includes(report[2] ?? 0)) expect(out[at]).toEqual(report);
    }
  }
  expect(bits).toBe(360);
});

test("torn off at any byte, as much of it is lost as there is", () => {
  const bytes = STREAM.slice(0, 3).flat();
  for (let length = 0; length <= bytes.length; length += 1) {
    const out = bytesOf(blank([whole(bytes.slice(0, length))], maskText));
    expect(out).toHaveLength(length);
    expect(hex(out)).not.toMatch(/51 27 96|27 96 a5|17 06|06 18|18 49/);
  }
});

test("a torn answer before a sound one does not damage that", () => {
  const torn = message(0x27, LOW).slice(0, 2);
  const out = blank([whole(torn), whole(message(0x27, LOW)), whole(CLOCK)], maskText);
  expect(out.map(hex)).toEqual([torn, message(0x27, [0, 0, 0, 0]), CLOCK].map((frame) => hex(whole(frame))));
});

test("any reports keep their number and lengths, and a mask that hides nothing changes nothing", () => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 70 }),
    fc.constantFrom(...STREAM.map(whole)),
    fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => whole([...bytes])),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (reports) => {
      const before = reports.map(hex);
      expect(blank(reports, maskText).map(({ length }) => length)).toEqual(reports.map(({ length }) => length));
      expect(blank(reports, (bytes) => bytes).map(hex)).toEqual(before);
      expect(reports.map(hex)).toEqual(before);
    }),
  );
});
