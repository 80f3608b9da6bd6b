import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { concat, hex, latin1, latin1Bytes, unhex } from "./bytes.js";

describe("bytes as text", () => {
  test("hex prints lower-case pairs with spaces", () => {
    expect(hex(Uint8Array.of(0x11, 0x0d, 0x44, 0, 255))).toBe("11 0d 44 00 ff");
    expect(hex(new Uint8Array())).toBe("");
  });

  test("unhex reads pairs in either case, spaced or not", () => {
    expect([...unhex(" 11 0D44\tff ")]).toEqual([0x11, 0x0d, 0x44, 0xff]);
    expect([...unhex("")]).toEqual([]);
  });

  test("unhex refuses what is no pair of hex digits", () => {
    for (const text of ["1", "1 1", "11 0", "0x11", "11,22", "gg", "1 10d 4"]) {
      expect(() => unhex(text), text).toThrow(expect.objectContaining({ code: "FRAME_MALFORMED" }));
    }
  });

  test("unhex refuses a long wrong text in linear time", () => {
    const start = performance.now();
    expect(() => unhex(`${"a".repeat(200_000)}g`)).toThrow(Problem);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test("hex and latin1 lose nothing, and concat keeps order, for any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        const whole = concat(chunks);
        expect([...whole]).toEqual(chunks.flatMap((chunk) => [...chunk]));
        expect(unhex(hex(whole))).toEqual(whole);
        expect(latin1(whole)).toHaveLength(whole.length);
        expect(latin1Bytes(latin1(whole))).toEqual(whole);
      }),
    );
  });

  test("latin1Bytes refuses a character that is no single byte", () => {
    expect(() => latin1Bytes("5 µL €")).toThrow(expect.objectContaining({ code: "FRAME_MALFORMED" }));
    expect([...latin1Bytes("µ")]).toEqual([0xb5]);
  });
});
