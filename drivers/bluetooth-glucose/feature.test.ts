import { expect, test } from "vitest";
import { readFeature } from "./feature.js";

test("what a meter can notice has its low byte first (a peer's mistake: the other way round)", () => {
  expect(readFeature(Uint8Array.of(0x11, 0x01))).toBe(0x0111);
});

test("one byte is not enough", () => {
  expect(() => readFeature(Uint8Array.of(0x80))).toThrow(expect.objectContaining({ code: "FRAME_TRUNCATED" }));
});
