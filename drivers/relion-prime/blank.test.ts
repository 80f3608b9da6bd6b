import fc from "fast-check";
import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { readFrame } from "../shared/astm/frame.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";
import { blank } from "./blank.js";

const HEADER = simulatedFrame(1, "H|\\^&||pass1|PRIME^01.02^1234567A||||||||P|1|202405060807", false);
const ANSWERS = latin1Bytes("\x04\x06\x06D|240506|\x06\x06T|0807|\x06\x06\x06D|6800451629022400\x17FF|\r\n");

test("a blanked stream names the model and not the meter, its checksum is right, and answers stay as they are", () => {
  const blanked = blank(concat([Uint8Array.of(5), HEADER, ANSWERS]), maskText);
  const frame = readFrame(blanked.slice(1, HEADER.length + 1));
  expect(frame.text).toBe("H|\\^&||XXXX0|PRIME^00.00^0000000X||||||||P|1|202405060807");
  expect(latin1(blanked.slice(HEADER.length + 1))).toBe(latin1(ANSWERS));
});

test("a header that was cut at any byte shows nothing of the serial number", () => {
  for (let bytes = 0; bytes <= HEADER.length; bytes += 1) {
    const blanked = blank(HEADER.slice(0, bytes), maskText);
    expect(blanked).toHaveLength(bytes);
    expect(latin1(blanked)).not.toMatch(/\^1|1234567|pass/);
  }
  expect(HEADER.length).toBeGreaterThan(60);
});

test("a stream of any bytes is as long as before, and itself again when blanked twice", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constantFrom(HEADER, ANSWERS)), { maxLength: 8 }),
      (parts) => {
        const once = blank(concat(parts), maskText);
        expect(once).toHaveLength(concat(parts).length);
        expect(blank(once, maskText)).toEqual(once);
      },
    ),
    { numRuns: 300 },
  );
});
