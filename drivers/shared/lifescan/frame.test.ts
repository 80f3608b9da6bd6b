import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, hex, unhex } from "../../../src/kit/bytes.js";
import { crc16CcittFalse, crc16Xmodem } from "../../../src/kit/checksum.js";
import { damageOf, findFrame, frameAt, frameBytes } from "./frame.js";

const message = fc.uint8Array({ maxLength: 249 });
const link = fc.integer({ min: 0, max: 31 });

test("what is put into a frame comes out of it, whatever follows, with its link byte", () => {
  fc.assert(
    fc.property(message, link, fc.uint8Array({ maxLength: 30 }), (sent, bits, rest) => {
      const frame = frameAt(concat([frameBytes(sent, bits), rest]));
      expect(frame).toEqual({ link: bits, message: sent, bytes: frameBytes(sent, bits) });
    }),
  );
  // By hand: an empty acknowledgement, and the request for record 0 of the UltraMini's sisters.
  expect(hex(frameBytes(new Uint8Array(), 6))).toBe("02 06 06 03 cd 41");
  expect(() => frameBytes(new Uint8Array(250))).toThrow(RangeError);
});

test("a frame is found behind noise, and with it how much noise there was", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }).map((noise) => noise.map((byte) => (byte === 2 ? 0 : byte))),
      message,
      (noise, sent) => {
        const found = findFrame(concat([noise, frameBytes(sent)]));
        expect(found?.before).toBe(noise.length);
        expect(found?.frame.message).toEqual(sent);
      },
    ),
  );
});

test("a frame is found behind the start of one that never came whole", () => {
  const sound = frameBytes(Uint8Array.of(3, 6, 1, 0));
  expect(findFrame(concat([unhex("02 40 00 03 06"), sound]))).toMatchObject({ before: 5, frame: { bytes: sound } });
  expect(findFrame(concat([unhex("02 05 02 02"), sound]))).toMatchObject({ before: 4 });
});

test("no single or double bit turned over, and no cut, leaves a frame sound", () => {
  const sound = frameBytes(unhex("05 06 30 80 fd 51 69 00 00 00"), 2);
  let ran = 0;
  for (let one = 0; one < sound.length * 8; one += 1) {
    for (let other = one; other < sound.length * 8; other += 1) {
      const bytes = Uint8Array.from(sound);
      for (const bit of new Set([one, other])) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (frameAt(bytes) !== null) throw new Error(`bits ${one} and ${other}`);
      ran += 1;
    }
  }
  for (let length = 0; length < sound.length; length += 1) expect(findFrame(sound.slice(0, length))).toBeNull();
  expect(ran).toBe(8_256);
});

test.each([
  ["", "FRAME_MALFORMED"],
  ["11 0d 44", "FRAME_MALFORMED"],
  ["02 05 00 03", "FRAME_MALFORMED"],
  ["02", "FRAME_TRUNCATED"],
  ["ff 02 0a 00 03", "FRAME_TRUNCATED"],
  ["02 06 06 03 cd 40", "FRAME_CHECKSUM"],
  ["02 06 06 04 cd 41 00", "FRAME_CHECKSUM"],
])("of the bytes '%s' it is said that they are %s", (bytes, code) => {
  expect(damageOf(unhex(bytes)).code).toBe(code);
});

interface Vector {
  readonly description: string;
  readonly input_hex?: string;
  readonly expected: unknown;
}

const crcFile = new URL("../../../../shared/vectors/set-a/crc.json", import.meta.url);

describe.skipIf(!existsSync(crcFile))("the checksums of set a", () => {
  test("come out as its documents say", () => {
    const { vectors }: { vectors: readonly Vector[] } = JSON.parse(readFileSync(crcFile, "utf8"));
    let ran = 0;
    for (const { description, input_hex = "", expected } of vectors) {
      const sum = description.includes("CCITT-FALSE")
        ? crc16CcittFalse
        : description.includes("XMODEM")
          ? crc16Xmodem
          : null;
      if (sum === null) continue;
      expect(`0x${sum(unhex(input_hex)).toString(16).toUpperCase()}`).toBe(expected);
      ran += 1;
    }
    // The third is of another family's checksum.
    expect([ran, vectors.length]).toEqual([2, 3]);
  });
});
