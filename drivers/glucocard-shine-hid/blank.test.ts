import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, hex, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { frameBytes } from "../shared/isens/frame.js";
import { blank } from "./blank.js";

const RSNB = frameBytes("RSNB", latin1Bytes("7K204M10358\0"));
const MASKED = frameBytes("RSNB", latin1Bytes("0X000X00000\0"));
const RTIM = frameBytes("RTIM", Uint8Array.of(24, 5, 6, 8, 8, 41));
const report = (bytes: Uint8Array, padding = 0): Uint8Array =>
  Uint8Array.of(1, bytes.length, ...bytes, ...new Uint8Array(padding));

test("the serial number is masked, in one report or in many, its frame stays sound, all else stays", () => {
  const shapes: ((frame: Uint8Array) => Uint8Array[])[] = [
    (frame) => [report(frame)],
    (frame) => [report(frame, 30)],
    (frame) => [report(frame.subarray(0, 14)), report(frame.subarray(14), 5)],
    (frame) => Array.from(frame, (byte) => report(Uint8Array.of(byte), 61)),
  ];
  for (const shape of shapes) {
    const greeting = report(Uint8Array.of(0x2e));
    const out = blank([greeting, ...shape(RSNB), report(RTIM)], maskText);
    expect(out.map(hex)).toEqual([greeting, ...shape(MASKED), report(RTIM)].map(hex));
  }
  expect(shapes).toHaveLength(4);
});

test("with any bit turned over, or torn off anywhere, as much of it is lost as there is", () => {
  const sound = report(RSNB);
  let ran = 0;
  for (let bit = 0; bit < sound.length * 8; bit += 1) {
    const torn = sound.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    const out = blank([report(Uint8Array.of(0x2e)), torn], maskText);
    expect(out[1]).toHaveLength(torn.length);
    expect(latin1(concat(out)), `bit ${bit}`).not.toMatch(/K204M1|M10358|7K204M/);
    ran += 1;
  }
  for (let length = 0; length <= sound.length; length += 1) {
    expect(latin1(concat(blank([sound.subarray(0, length)], maskText)))).not.toMatch(/7K|K2|20|04|4M|M1|10|03|35|58/);
    ran += 1;
  }
  expect(ran).toBe(27 * 8 + 28);
});

test("a mask that hides nothing changes nothing", () => {
  const reports = [report(RSNB), Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 9, 9), report(RTIM, 3)];
  expect(blank(reports, (bytes) => bytes)).toEqual(reports);
});
