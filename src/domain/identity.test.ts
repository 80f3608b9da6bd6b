import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { derivedId, isUuid, sha1ByObject } from "./identity.js";

test.each<[readonly (string | number | null)[], string]>([
  [
    ["meter", null, "ABC 123", "glucose", "2015-03-21T16:45:24", 7, "5.6 mmol/L", 0, 0],
    "43f90462-45e0-54a7-bdaa-70cb61cd8285",
  ],
  [
    ["healthkit", '["time","HKQuantityTypeIdentifierBloodGlucose","Jo\u2019s Watch","1 2"] 0', "glucose"],
    "bfb53362-e3b1-59f1-b069-3ab523836319",
  ],
  [["\u{1f600}"], "b4d22c59-7909-5cab-80ea-3e8559a0e77e"],
  [[""], "300e36fc-dfa7-5bc8-8e3b-7af36bd0514b"],
  [[null], "aba6bb0b-0879-59cf-824a-507e7734b07a"],
])("the id of %j is that which Python's uuid5 gives the name of these parts", (parts, id) => {
  expect(derivedId(...parts)).toBe(id);
});

test("any parts give the UUID of version 5 of their name, told byte by byte", () => {
  const part = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.integer(), fc.double(), fc.constant(null));
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 12 }), (parts) => {
      const name = parts.map((one) => (one === null ? "\u0000" : String(one))).join("\u001f");
      const namespace = Buffer.from("6f1c1c3e5a0b4f4c9a5e2f0d7b6a4c11", "hex");
      const bytes = createHash("sha1").update(namespace).update(Buffer.from(name, "utf8")).digest();
      bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
      bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
      const id = derivedId(...parts);
      expect(id.replaceAll("-", "")).toBe(bytes.toString("hex", 0, 16));
      expect(isUuid(id)).toBe(true);
    }),
  );
});

test("the sum by an object is the one that the platform's call gives", () => {
  // FIPS 180-4's example of SHA-1 for "abc".
  expect(sha1ByObject(Buffer.from("abc"))).toBe("a9993e364706816aba3e25717850c26c9cd0d89d");
});
