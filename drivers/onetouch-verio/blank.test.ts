import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1 } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { letters, spoken } from "../shared/lifescan/simulated.js";
import { blank } from "./blank.js";
import { frameIn } from "./mailbox.js";
import { simulate } from "./simulator.js";

function block(bytes: Uint8Array): Uint8Array {
  const filled = new Uint8Array(512);
  filled.set(bytes);
  return filled;
}

const spelt = (text: string): number[] => [...letters(text).flatMap((letter) => [letter, 0]), 0, 0];
const answer = (text: string, prefix = 3): Uint8Array => block(spoken([prefix, 6, ...spelt(text)]));

/** What the blocks hold, without zeros. */
const lettersIn = (blocks: readonly Uint8Array[]): string => latin1(concat(blocks)).replaceAll("\0", "");

const NAME = answer("B27KQM41");
const UNIT = block(spoken([3, 6, 0, 0, 0, 0]));
const MODEL = answer("Select Plus Flex");
const FIRMWARE = answer("SPF_01.00.02");
const RECORD = block(spoken([3, 6, 0, 0, 0, 0x41, 0x42, 0x43, 0x31, 0x69, 0, 100, 0, 0, 0, 0, 0x0b, 0]));
const ALL = [NAME, UNIT, MODEL, FIRMWARE, RECORD, NAME];

test("the serial number is masked wherever it is told, its frame is sound again, and nothing else changes", () => {
  const masked = answer("X00XXX00");
  expect(blank(ALL, maskText)).toEqual([masked, UNIT, MODEL, FIRMWARE, RECORD, masked]);
  expect(blank([answer("B27KQM41", 4)], maskText)).toEqual([answer("X00XXX00", 4)]);
});

test("another meter's name that answers later is masked like the first one", () => {
  expect(blank([NAME, answer("D09TRX2L")], maskText)).toEqual([answer("X00XXX00"), answer("X00XXX0X")]);
});

test("the volume's own number in the first block is replaced, and its label stays", () => {
  const meter = simulate({ count: 0, seed: 1, clock: new VirtualClock(0), zone: "UTC" });
  const first = meter.readBlock(0);
  const [blanked = new Uint8Array()] = blank([first], maskText);
  expect(first.slice(0x27, 0x2b).some((byte) => byte !== 0)).toBe(true);
  expect([...blanked.slice(0x27, 0x2b)]).toEqual([0, 0, 0, 0]);
  expect(latin1(blanked.slice(0x2b, 0x3b))).toBe("LIFESCAN   FAT16");
  expect(blanked.filter((byte, at) => byte !== first[at]).length).toBe(4);
});

test("what is left of an earlier answer behind a frame is masked too", () => {
  const stale = Uint8Array.from(NAME);
  stale.set(spoken([3, 6, 1, 0]));
  const [blanked = new Uint8Array()] = blank([stale, NAME], maskText);
  expect(frameIn(blanked)?.bytes).toEqual(spoken([3, 6, 1, 0]));
  expect(lettersIn([blanked])).not.toMatch(/[1-9A-WYZ]/);
});

test("of a conversation that is cut at any byte no part of the serial number is left", () => {
  let ran = 0;
  for (let length = 0; length < 64; length += 1) {
    const cut = block(NAME.slice(0, length));
    const [blanked = new Uint8Array()] = blank([cut], maskText);
    expect(blanked).toHaveLength(512);
    // Two letters alone tell nothing yet.
    if (length >= 5 + 2 * 3) expect(/B2|27|7K|KQ|QM|M4|41/.test(lettersIn([blanked])), `${length}`).toBe(false);
    ran += 1;
  }
  expect(ran).toBe(64);
});

test("with any bit of its answer turned over, nothing of the serial number is left", () => {
  const length = NAME[1] ?? 0;
  let ran = 0;
  for (let bit = 0; bit < length * 8; bit += 1) {
    const flipped = NAME.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    for (const blocks of [
      [flipped, NAME],
      [NAME, flipped],
    ]) {
      const text = lettersIn(blank(blocks, maskText));
      expect(/B27|27K|7KQ|KQM|QM4|M41/.test(text), `bit ${bit}`).toBe(false);
      ran += 1;
    }
  }
  expect(ran).toBe(length * 16);
});

test("a damaged record stays as it came", () => {
  const damaged = RECORD.map((byte, at) => (at === 6 ? byte ^ 1 : byte));
  expect(blank([NAME, damaged], maskText)[1]).toEqual(damaged);
});
