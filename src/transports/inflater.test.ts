import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Inflater } from "./inflater.js";

/** Everything that comes out of these packed bytes when they are given in pieces of those sizes, in turn. */
function inflated(packed: Uint8Array, sizes: readonly number[]): Buffer {
  const inflater = new Inflater();
  try {
    const parts: Buffer[] = [];
    for (let at = 0, turn = 0; at < packed.length; turn += 1) {
      const size = sizes[turn % sizes.length] ?? 1;
      parts.push(Buffer.from(inflater.inflate(packed.subarray(at, at + size))));
      at += size;
    }
    parts.push(Buffer.from(inflater.finish()));
    return Buffer.concat(parts);
  } finally {
    inflater.close();
  }
}

describe("raw deflate data", () => {
  test("come out as they went in, in pieces of any size", () => {
    const bytes = fc.uint8Array({ maxLength: 2_000 });
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 });
    const repeats = fc.integer({ min: 1, max: 3_000 });
    fc.assert(
      fc.property(bytes, repeats, sizes, fc.integer({ min: 0, max: 9 }), (once, times, cuts, level) => {
        const whole = Buffer.concat(new Array<Uint8Array>(times).fill(once));
        expect(inflated(deflateRawSync(whole, { level }), cuts).equals(whole)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("of which a piece needs more than the shared memory come out whole", () => {
    const whole = Buffer.alloc(5_000_000, "glucose ");
    const packed = deflateRawSync(whole);
    expect(packed.length).toBeLessThan(20_000);
    expect(inflated(packed, [packed.length]).equals(whole)).toBe(true);
  });

  test("cut short anywhere are an error, not less data", () => {
    const packed = deflateRawSync(Buffer.from("104 mg/dL, 98 mg/dL, 121 mg/dL"));
    for (let length = 0; length < packed.length; length += 1) {
      expect(() => inflated(packed.subarray(0, length), [7]), `${length} bytes`).toThrow();
    }
    expect(packed.length).toBeGreaterThan(20);
  });

  test("that are none are an error each time, and nothing is told twice", () => {
    for (let round = 0; round < 50; round += 1) expect(() => inflated(new Uint8Array([6, 7, 8]), [1])).toThrow();
  });

  test("come out in the same memory, so that a piece is gone with the next", () => {
    const inflater = new Inflater();
    const packed = deflateRawSync(Buffer.from("ab".repeat(100_000)));
    const half = packed.length >> 1;
    const first = inflater.inflate(packed.subarray(0, half));
    const second = inflater.inflate(packed.subarray(half));
    expect(first.length).toBeGreaterThan(0);
    expect(second.buffer).toBe(first.buffer);
    expect(second.byteOffset).toBe(first.byteOffset);
    inflater.close();
  });
});
