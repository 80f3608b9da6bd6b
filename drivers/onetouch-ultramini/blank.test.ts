import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1 } from "../../src/kit/bytes.js";
import { findFrame } from "../shared/lifescan/frame.js";
import { letters, spoken } from "../shared/lifescan/simulated.js";
import { blank } from "./blank.js";

const NAME = spoken([5, 6, ...letters("C417KQ2M9")], 2);
const FIRMWARE = spoken([5, 6, 17, ...letters("P02.00.0025/05/07")], 3);
const RECORD = spoken([5, 6, 0x41, 0x42, 0x43, 0x51, 0x69, 0, 0, 0], 2);
const STREAM = concat([spoken([], 0x0c), spoken([], 6), NAME, FIRMWARE, RECORD, NAME]);

test("the serial number is masked wherever it is told, its frame is sound again, and nothing else changes", () => {
  const masked = spoken([5, 6, ...letters("X000XX0X0")], 2);
  expect(blank(STREAM, maskText)).toEqual(concat([spoken([], 0x0c), spoken([], 6), masked, FIRMWARE, RECORD, masked]));
});

test("of a stream that is cut anywhere no part of the serial number is left, and nothing else is touched", () => {
  let ran = 0;
  for (let length = 0; length <= STREAM.length; length += 1) {
    const blanked = blank(STREAM.slice(0, length), maskText);
    expect(blanked).toHaveLength(length);
    expect(/C4|41|17|7K|KQ|Q2|2M|M9/.test(latin1(blanked)), `cut after ${length}`).toBe(false);
    ran += 1;
  }
  expect(ran).toBe(STREAM.length + 1);
});

test("with any bit turned over, no long part of the serial number is left", () => {
  let ran = 0;
  for (let bit = 0; bit < NAME.length * 8; bit += 1) {
    const name = NAME.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    const stream = concat([spoken([], 6), name, FIRMWARE, RECORD]);
    const blanked = blank(stream, maskText);
    expect(blanked).toHaveLength(stream.length);
    expect(/C417|417K|17KQ|7KQ2|KQ2M|Q2M9/.test(latin1(blanked)), `bit ${bit}`).toBe(false);
    // What came sound behind it is as it was.
    expect(blanked.slice(-FIRMWARE.length - RECORD.length)).toEqual(concat([FIRMWARE, RECORD]));
    ran += 1;
  }
  expect(ran).toBe(136);
});

test("a serial number that is known from a sound frame is masked in damaged bytes too", () => {
  const stray = Uint8Array.from(letters("#C417KQ2M9#"));
  expect(latin1(blank(concat([NAME, stray]), maskText)).slice(-11)).toBe("#X000XX0X0#");
  expect(findFrame(blank(NAME, maskText))?.frame.link).toBe(2);
});
