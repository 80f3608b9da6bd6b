import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { latin1Bytes, unhex } from "../../src/kit/bytes.js";
import type { GattNotice } from "../../src/kit/transport.js";
import { blank } from "./blank.js";

const VERIO = "af9df7a1-e595-11e3-96b4-0002a5d5c51b";
const ANSWER = { service: VERIO, characteristic: "af9df7a3-e595-11e3-96b4-0002a5d5c51b" };
const told = (characteristic: string, text: string): GattNotice => ({
  from: { service: "180a", characteristic },
  bytes: latin1Bytes(text),
});
const record: GattNotice = {
  from: ANSWER,
  bytes: unhex("01 02 13 00 03 06 41 42 43 31 62 00 00 00 00 00 00 03 51 80"),
};

test("the serial number is masked where it is told, and nothing else changes", () => {
  const all = [told("2a29", "LifeScan"), told("2a24", "Verio Flex"), told("2a25", "B27KQM41\0"), record];
  const masked = blank(all, maskText);
  expect(masked).toEqual([latin1Bytes("LifeScan"), latin1Bytes("Verio Flex"), latin1Bytes("X00XXX00\0"), record.bytes]);
  expect(masked[3]).not.toBe(record.bytes);
});

test("a transcript without services is masked the same", () => {
  const notice = { from: { service: "", characteristic: "2a25" }, bytes: latin1Bytes("B27KQM41") };
  expect(blank([notice], maskText)).toEqual([latin1Bytes("X00XXX00")]);
});

test("the serial number is masked in other values too, also in those before it", () => {
  const all = [told("2a24", "Flex B27KQM41"), told("2a25", "B27KQM41"), told("2a26", "B27KQM41 B27KQM41")];
  expect(blank(all, maskText)).toEqual(["Flex X00XXX00", "X00XXX00", "X00XXX00 X00XXX00"].map(latin1Bytes));
});

test("without a serial number nothing changes", () => {
  expect(blank([told("2a24", "Verio Flex"), record, told("2a25", "")], maskText)).toEqual([
    latin1Bytes("Verio Flex"),
    record.bytes,
    new Uint8Array(),
  ]);
});
