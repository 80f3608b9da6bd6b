import fc from "fast-check";
import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { blank } from "./blank.js";

function packet(operation: number, payload: Uint8Array): Uint8Array {
  const body = new Uint8Array(9);
  body.set([operation, ...payload]);
  return Uint8Array.of(0xdd, ...body, body.reduce((sum, byte) => sum + byte, 0) % 256);
}

const PING = packet(0x00, Uint8Array.of(1));
const SERIAL = packet(0x0f, latin1Bytes("3716942E"));
const MASKED = packet(0x0f, latin1Bytes("0000000X"));
const CLOCK = packet(0x07, Uint8Array.of(24, 5, 6, 0x21));
const RECORD = packet(0x10, Uint8Array.of(0x98, 0x51, 0xe6, 0x7c, 0x68, 0, 0xb3, 0));
const STREAM = concat([PING, SERIAL, CLOCK, RECORD, SERIAL]);

test("the serial number is masked wherever it stands, packets stay sound, all else stays", () => {
  expect(blank(STREAM, maskText)).toEqual(concat([PING, MASKED, CLOCK, RECORD, MASKED]));
});

test("with any bit of its packet turned over it is masked all the same, and a damaged packet stays damaged", () => {
  const alone = concat([PING, SERIAL, CLOCK, RECORD]);
  let ran = 0;
  for (let bit = 0; bit < SERIAL.length * 8; bit += 1) {
    const torn = alone.map((byte, at) => (at === 11 + (bit >> 3) ? byte ^ (1 << (bit & 7)) : byte));
    const out = blank(torn, maskText);
    expect(out, `bit ${bit}`).toHaveLength(torn.length);
    expect(latin1(out), `bit ${bit}`).not.toMatch(/37169|16942|942E/);
    expect(out.subarray(22), `bit ${bit}`).toEqual(torn.subarray(22));
    ran += 1;
  }
  expect(ran).toBe(88);
});

test("cut at any byte it loses as much of the serial number as there is", () => {
  for (let length = 0; length <= 22; length += 1) {
    const out = blank(STREAM.subarray(0, length), maskText);
    expect(out).toHaveLength(length);
    expect(latin1(out)).not.toMatch(/[1-9]/);
  }
});

test("any bytes keep their length, and a mask that hides nothing changes nothing", () => {
  const streams = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 40 }).map((noise) => concat([noise, STREAM, noise])),
  );
  fc.assert(
    fc.property(streams, (stream) => {
      const before = Uint8Array.from(stream);
      expect(blank(stream, maskText)).toHaveLength(stream.length);
      expect(blank(stream, (bytes) => bytes)).toEqual(before);
      expect(stream).toEqual(before);
    }),
  );
});
