import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, hex, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import {
  attributeList,
  beginning,
  counted,
  four,
  spoken,
  timeBytes,
  two,
} from "../shared/ieee11073/simulated-device.js";
import { blank } from "./blank.js";
import { guideAttributes } from "./simulator.js";

const SERIAL = "92517304468";
const BEGINNING = beginning([0x11, 0x22, 0x33, 0x44, 0x55]);

function answer(serial: string): Uint8Array {
  return spoken(0x12, 0x0203, [0, 0, ...attributeList(guideAttributes(serial, "2024-05-06T08:30:39"))]);
}

const WHO = answer(SERIAL);
const EVENT = spoken(0x20, 0x0101, [
  ...[0, 5, ...four(0xffffffff), 0x0d, 0x21],
  ...counted([
    ...two(0),
    ...four(0),
    ...four(1),
    0xc0,
    0x00,
    ...counted([...timeBytes("2024-05-05T07:31:05"), 0, 104, 0, 0]),
  ]),
]);
const STREAM = concat([BEGINNING, WHO, WHO, EVENT]);

/** No piece of the serial number that tells more than chance. */
const PIECES = /9251|2517|5173|1730|7304|3044|0446|4468/;

test("the serial number and the system ids are masked wherever they are told, and nothing else changes", () => {
  const out = blank(STREAM, maskText);
  const bare = (bytes: Uint8Array): string =>
    hex(bytes).replaceAll("00 60 19 00 01 02 03 04", "00 60 19 00 00 00 00 00");
  expect(hex(out.subarray(0, 54))).toBe(hex(BEGINNING).replace("11 22 33 44 55", "00 00 00 00 00"));
  expect(hex(out.subarray(54, 54 + WHO.length))).toBe(bare(answer("00000000000")));
  expect(hex(out.subarray(54 + WHO.length))).toBe(bare(concat([answer("00000000000"), EVENT])));
});

test("of a stream that is cut anywhere no part of the serial number is left, and as many bytes come back", () => {
  let ran = 0;
  for (let length = 0; length <= STREAM.length; length += 1) {
    const out = blank(STREAM.slice(0, length), maskText);
    expect(out).toHaveLength(length);
    expect(PIECES.test(latin1(out)), `cut after ${length}`).toBe(false);
    ran += 1;
  }
  expect(ran).toBe(STREAM.length + 1);
});

test("with any bit turned over no long part of the serial number is left, and what came sound is as it was", () => {
  let ran = 0;
  for (let bit = 0; bit < WHO.length * 8; bit += 1) {
    const damaged = WHO.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    const out = blank(concat([BEGINNING, damaged, EVENT]), maskText);
    expect(/9251730|517304|730446|304468/.test(latin1(out)), `bit ${bit}`).toBe(false);
    // Only a length that was made longer swallows what follows.
    if (bit >= 48) expect(hex(out.subarray(-EVENT.length))).toBe(hex(EVENT));
    ran += 1;
  }
  expect(ran).toBe(WHO.length * 8);
});

test("a serial number that is known is masked in other messages and in noise too, with letters", () => {
  const letters = answer("AB-12345678");
  const stream = concat([letters, latin1Bytes("#AB-12345678#"), EVENT]);
  const text = latin1(blank(stream, maskText));
  expect(text).not.toContain("AB-1");
  expect(text).toContain("#XX-00000000#");
  expect(text).toContain("serial-number: XX-00000000");
});

test("noise without digits stays as it is", () => {
  const noise = latin1Bytes("no meter at all, e7 \x00\xe7");
  expect(blank(noise, maskText)).toEqual(noise);
  expect(blank(new Uint8Array(), maskText)).toEqual(new Uint8Array());
});
