import { expect, test } from "vitest";
import { latin1Bytes, unhex } from "./bytes.js";
import { crc8Maxim, crc16CcittFalse, crc16Xmodem, sum8, sum16, xor8 } from "./checksum.js";

const CHECK = latin1Bytes("123456789");

test("each CRC gives the check value that the CRC catalogue names", () => {
  expect([crc16CcittFalse(CHECK), crc16Xmodem(CHECK), crc8Maxim(CHECK)]).toEqual([0x29b1, 0x31c3, 0xa1]);
});

test("each CRC gives what meters' documents name for a frame", () => {
  expect(crc16CcittFalse(unhex("02 06 06 03"))).toBe(0x41cd);
  expect(crc16Xmodem(unhex("02 06 06 03"))).toBe(0xc50d);
  expect(crc16Xmodem(unhex("01 06 00 0a"))).toBe(0x655e);
});

test("sums wrap and start at nothing", () => {
  expect([sum8(unhex("ff 02")), sum16(unhex("ff 02")), xor8(unhex("ff 0f 01"))]).toEqual([1, 0x101, 0xf1]);
  expect([sum8, sum16, xor8, crc16Xmodem, crc8Maxim].map((sum) => sum(new Uint8Array()))).toEqual([0, 0, 0, 0, 0]);
  expect(sum16(new Uint8Array(258).fill(0xff))).toBe((258 * 255) % 65_536);
});
