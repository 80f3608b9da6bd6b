import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { blank } from "./blank.js";

const at = (service: string, characteristic: string, text: string) => ({
  from: { service, characteristic },
  bytes: latin1Bytes(text),
});

test("serial number and system id are masked in their length; maker, model, clock and records stay", () => {
  const said = [
    at("180a", "2a29", "Roche"),
    at("180a", "2a24", "925"),
    at("180a", "2a25", "AB-123456\0"),
    at("", "2a25", "AB-123456"),
    at("180a", "2a23", "\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008"),
    at("1808", "2a18", "\u00021234567"),
  ];
  expect(blank(said, maskText).map(latin1)).toEqual([
    "Roche",
    "925",
    "XX-000000\0",
    "XX-000000",
    "\0\0\0\0\0\0\0\0",
    "\u00021234567",
  ]);
});
