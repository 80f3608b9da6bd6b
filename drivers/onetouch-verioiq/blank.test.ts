import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1 } from "../../src/kit/bytes.js";
import { findFrame } from "../shared/lifescan/frame.js";
import { letters, spoken } from "../shared/lifescan/simulated.js";
import { blank } from "./blank.js";

const NAME = spoken([3, 6, ...letters("B27KQM418"), 0]);
const FIRMWARE = spoken([3, 6, 11, ...letters("VQ_01.02.00"), 0]);
/** Its first five bytes look like letters. */
const RECORD = spoken([3, 6, 0x41, 0x42, 0x43, 0x31, 0x69, 0, 0, 1, 0, 0]);
const STREAM = concat([NAME, FIRMWARE, RECORD, NAME]);

test("the serial number is masked wherever it is told, its frame is sound again, and nothing else changes", () => {
  const masked = spoken([3, 6, ...letters("X00XXX000"), 0]);
  expect(blank(STREAM, maskText)).toEqual(concat([masked, FIRMWARE, RECORD, masked]));
  const other = blank(spoken([4, 6, ...letters("B27KQM418"), 0]), maskText);
  expect(other).toEqual(spoken([4, 6, ...letters("X00XXX000"), 0]));
});

test("of a stream that is cut anywhere no part of the serial number is left", () => {
  let ran = 0;
  for (let length = 0; length <= STREAM.length; length += 1) {
    const blanked = blank(STREAM.slice(0, length), maskText);
    expect(blanked).toHaveLength(length);
    expect(/B2|27|7K|KQ|QM|M4|41|18/.test(latin1(blanked)), `cut after ${length}`).toBe(false);
    ran += 1;
  }
  expect(ran).toBe(STREAM.length + 1);
});

test("with any bit turned over, no long part of the serial number is left", () => {
  let ran = 0;
  for (let bit = 0; bit < NAME.length * 8; bit += 1) {
    const name = NAME.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    const blanked = blank(concat([name, FIRMWARE, RECORD]), maskText);
    expect(blanked).toHaveLength(name.length + FIRMWARE.length + RECORD.length);
    expect(/B27K|27KQ|7KQM|KQM4|QM41|M418/.test(latin1(blanked)), `bit ${bit}`).toBe(false);
    expect(blanked.slice(-FIRMWARE.length - RECORD.length)).toEqual(concat([FIRMWARE, RECORD]));
    ran += 1;
  }
  expect(ran).toBe(144);
});

test("a serial number that is known from a sound frame is masked in damaged bytes too", () => {
  const stray = Uint8Array.from(letters("#B27KQM418#"));
  expect(latin1(blank(concat([NAME, stray]), maskText)).slice(-11)).toBe("#X00XXX000#");
  expect(findFrame(blank(NAME, maskText))?.frame.link).toBe(0);
});
