import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { readFrame } from "../shared/astm/frame.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";
import { blank } from "./blank.js";
import { AVERAGE, END, HEADER, resultOf } from "./scripted-meter.js";

const SERIAL = "7150-1234567";
const RECORDS = [HEADER, "P|1||Ann Other", AVERAGE, resultOf(1), END];
const FRAMES = RECORDS.map((text, index) => simulatedFrame(index + 1, text, text === END));
const STREAM = concat([Uint8Array.of(5), ...FRAMES, Uint8Array.of(4)]);

/** The frames of a stream, each checked. */
function framesOf(stream: Uint8Array): readonly string[] {
  return latin1(stream)
    .split(/(?<=\n)/)
    .filter((line) => line.includes("\u0002"))
    .map((line) => readFrame(latin1Bytes(line.slice(line.indexOf("\u0002")))).text);
}

describe("a blanked stream", () => {
  test("names neither the meter nor its owner, and every checksum is right", () => {
    const blanked = blank(STREAM, maskText);
    expect(blanked).toHaveLength(STREAM.length);
    expect(framesOf(blanked)).toEqual([
      HEADER.replace(SERIAL, "0000-0000000").replace("e5iMFo", "X0XXXX"),
      "P|1||XXX XXXXX",
      AVERAGE,
      resultOf(1),
      END,
    ]);
  });

  test("masks further components of the product, such as a second serial number", () => {
    const header = HEADER.replace(SERIAL, `${SERIAL}^7160-^BG7654321B`);
    const [text] = framesOf(blank(simulatedFrame(1, header, false), maskText));
    expect(text).toContain("^0000-0000000^0000-^XX0000000X|");
  });

  test("masks the serial number in a header that was cut at any byte", () => {
    for (let bytes = 0; bytes <= STREAM.length; bytes += 1) {
      const blanked = blank(STREAM.slice(0, bytes), maskText);
      expect(blanked).toHaveLength(bytes);
      expect(latin1(blanked)).not.toMatch(/7150-1|1234567|Ann|e5iMFo/);
    }
    expect(STREAM.length).toBeGreaterThan(200);
  });

  test("masks it where any one byte of the header was turned over, and leaves damaged what was damaged", () => {
    const [first = new Uint8Array()] = FRAMES;
    let ran = 0;
    for (let place = 1; place < first.length - 2; place += 1) {
      const turned = first.map((byte, at) => (at === place ? byte ^ 0x08 : byte));
      const blanked = blank(concat([turned, first, ...FRAMES.slice(1)]), maskText);
      const [head = ""] = latin1(blanked).split(/(?<=\n)/);
      expect(head, `byte ${place}`).not.toContain(SERIAL.slice(5));
      expect(() => readFrame(latin1Bytes(head.slice(0, first.length))), `byte ${place}`).toThrow();
      ran += 1;
    }
    expect(ran).toBe(first.length - 3);
  });

  test("is as long as before and itself again when blanked twice, whatever it holds", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constantFrom(...FRAMES)), { maxLength: 8 }),
        (parts) => {
          const once = blank(concat(parts), maskText);
          expect(once).toHaveLength(concat(parts).length);
          expect(blank(once, maskText)).toEqual(once);
        },
      ),
      { numRuns: 300 },
    );
  });
});
