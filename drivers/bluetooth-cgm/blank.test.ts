import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { latin1Bytes, unhex } from "../../src/kit/bytes.js";
import { blank } from "./blank.js";

test("the serial number is masked, the system id emptied, and what the CGM Service tells stays", () => {
  const from = (service: string, characteristic: string) => ({ service, characteristic });
  const record = { from: from("181f", "2aa7"), bytes: unhex("08 00 78 00 1e 00 34 99") };
  const notices = [
    { from: from("180a", "2a24"), bytes: latin1Bytes("Sensor 5") },
    { from: from("180a", "2a25"), bytes: latin1Bytes("A12345678") },
    { from: from("180a", "2a23"), bytes: unhex("01 02 03 ff fe 04 05 06") },
    record,
    { from: from("", "2a25"), bytes: latin1Bytes("A12345678") },
  ];
  const masked = blank(notices, maskText);
  expect(masked).toEqual([
    latin1Bytes("Sensor 5"),
    latin1Bytes("X00000000"),
    new Uint8Array(8),
    record.bytes,
    latin1Bytes("X00000000"),
  ]);
  expect(masked[3]).not.toBe(record.bytes);
});
