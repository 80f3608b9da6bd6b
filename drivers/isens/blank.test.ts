import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { blank } from "../shared/isens/blank.js";
import { readFlash } from "../shared/isens/flash.js";
import { readModel } from "../shared/isens/flash-model.js";
import { cutFrame, frameBytes, readFrame } from "../shared/isens/frame.js";

const SERIAL = "7K254M91358";
const FRAME = frameBytes("RSNB", latin1Bytes(`${SERIAL}\0`));
const CLOCK = frameBytes("RTIM", Uint8Array.of(24, 5, 6, 8, 8, 41));
const RECORDS = frameBytes("GLUE", Uint8Array.of(24, 5, 6, 7, 31, 5, 0xa0, 0, 104)).map((byte, at) =>
  at === 20 ? 0 : byte,
);
const FRAMED = concat([Uint8Array.of(0x2e), FRAME, CLOCK, RECORDS, FRAME]);

const flash = (data: readonly number[]): Uint8Array =>
  Uint8Array.from(data.flatMap((byte) => [0x8b, 0x10 | (byte >> 4), 0x20 | (byte & 15)]));
/** CNP42H20318 */
const BLOCK = flash([0x5e, 0x4f, 42, 0, 3, 0, 7, 0]);
/** A record of LO at 08:05:00 looks like a block with the serial number: it must stay. */
const LOOKS_ALIKE = flash([24, 5, 6, 8, 5, 0, 10, 0]);
const FLASH = concat([
  Uint8Array.of(0x20),
  BLOCK,
  BLOCK,
  LOOKS_ALIKE,
  LOOKS_ALIKE,
  flash([24, 5, 5, 7, 31, 5, 104, 0]),
]);

describe("protocol 3", () => {
  test("loses its serial number wherever it stands, its frames stay sound, all else stays", () => {
    const out = blank(FRAMED, maskText);
    const masked = frameBytes("RSNB", latin1Bytes("0X000X00000\0"));
    expect(out).toEqual(concat([Uint8Array.of(0x2e), masked, CLOCK, RECORDS, masked]));
    expect(readFrame(out.subarray(0, cutFrame(out))).proven).toBe(true);
  });

  test("keeps a damaged frame damaged, and still loses the serial number, whichever bit was turned over", () => {
    let ran = 0;
    for (let at = 0; at < FRAME.length * 8; at += 1) {
      const torn = FRAMED.map((byte, index) => (index === 1 + (at >> 3) ? byte ^ (1 << (at & 7)) : byte));
      const out = blank(torn, maskText);
      expect(out).toHaveLength(torn.length);
      expect(latin1(out)).not.toContain(SERIAL);
      expect(latin1(out)).not.toMatch(/K254M9|M91358|7K254M/);
      ran += 1;
    }
    expect(ran).toBe(FRAME.length * 8);
  });

  test("cut at any byte loses as much of the serial number as there is", () => {
    const alone = concat([Uint8Array.of(0x2e), FRAME]);
    for (let length = 0; length <= alone.length; length += 1) {
      const out = blank(alone.subarray(0, length), maskText);
      expect(out).toHaveLength(length);
      expect(latin1(out)).not.toMatch(/7K|K2|25|4M|M9|91|13|58/);
    }
  });
});

describe("protocol 1", () => {
  test("loses the counts and the letter of its serial number, and no record that looks like it", () => {
    const out = blank(FLASH, maskText);
    expect(out).toHaveLength(FLASH.length);
    expect(readModel(readFlash(out.subarray(1, 25))).serial).toBe("CNP00X00000");
    expect(out.subarray(25, 49)).toEqual(out.subarray(1, 25));
    expect(out.subarray(49)).toEqual(FLASH.subarray(49));
  });

  test("of an unknown model loses its counts and stays of an unknown model", () => {
    const block = flash([0x5e, 0x4f, 42, 0, 0x41, 0, 7, 0]);
    const out = blank(concat([Uint8Array.of(0x20), block, block]), maskText);
    const masked = flash([0, 0, 0, 0, 0x41, 0, 7, 0]);
    expect(out).toEqual(concat([Uint8Array.of(0x20), masked, masked]));
  });

  test("with any bit of the first block turned over loses the second all the same, and no record", () => {
    let ran = 0;
    for (let at = 0; at < BLOCK.length * 8; at += 1) {
      const torn = FLASH.map((byte, index) => (index === 1 + (at >> 3) ? byte ^ (1 << (at & 7)) : byte));
      const out = blank(torn, maskText);
      expect(out.subarray(25, 37), `bit ${at}`).toEqual(flash([0, 0, 0, 0]));
      expect(out.subarray(49), `bit ${at}`).toEqual(FLASH.subarray(49));
      ran += 1;
    }
    expect(ran).toBe(24 * 8);
  });

  test("cut at any byte, or with a byte lost, loses what there is of the counts", () => {
    for (let length = 0; length <= 25; length += 1) {
      const out = blank(FLASH.subarray(0, length), maskText);
      expect(out).toHaveLength(length);
      expect(out.slice(1, 13)).toEqual(flash([0, 0, 0, 0]).slice(0, Math.max(0, length - 1)));
    }
    for (let lost = 1; lost < 25; lost += 1) {
      const out = blank(concat([FLASH.subarray(0, lost), FLASH.subarray(lost + 1)]), maskText);
      expect(latin1(out)).not.toContain(latin1(BLOCK.subarray(0, 12)));
    }
  });
});

test("any bytes keep their length, and a mask that hides nothing changes nothing", () => {
  const streams = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 60 }).map((noise) => concat([noise, FRAMED, noise])),
    fc.uint8Array({ maxLength: 60 }).map((noise) => concat([noise, FLASH, noise])),
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
