import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { latin1Bytes } from "../../src/kit/bytes.js";
import { blank } from "./blank.js";
import { CHALLENGE } from "./codec.js";

test("a stream in which nobody is named stays as it is, in a copy, whatever it holds", () => {
  for (const stream of [CHALLENGE, CHALLENGE.slice(2, 5), latin1Bytes("A1B2"), new Uint8Array()]) {
    const blanked = blank(stream, maskText);
    expect(blanked).toEqual(stream);
    expect(blanked).not.toBe(stream);
  }
});
