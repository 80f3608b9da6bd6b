import { expect, test } from "vitest";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { blank } from "./blank.js";

const mask = (bytes: Uint8Array): Uint8Array => latin1Bytes("X".repeat(bytes.length));

test("the serial number is masked in both lines that name it, their sums are right again, and nothing else changes", () => {
  const stream = '\0@ "Q7K2M94BY" 02FE\r\nP 001,"Q7K2M94BY","MG/DL " 05AE\r\nP "MON","05/06/24" 0432\r\n';
  const blanked = latin1(blank(latin1Bytes(stream), mask));
  // Sums by hand: eight X are 8 x 88 = 704 where the serial number made 513 before its Y: BF more.
  expect(blanked).toBe('\0@ "XXXXXXXXY" 03BD\r\nP 001,"XXXXXXXXY","MG/DL " 066D\r\nP "MON","05/06/24" 0432\r\n');
});
