import fc from "fast-check";
import { expect, test } from "vitest";
import { hex, unhex } from "../../../src/kit/bytes.js";
import { abortRequest, countRequest, racpProblem, readRacpAnswer, reportRequest } from "./racp.js";

test("requests are in the profile's words", () => {
  expect(hex(countRequest("all").bytes)).toBe("04 01");
  expect(hex(reportRequest("all").bytes)).toBe("01 01");
  expect(hex(countRequest({ from: 11 }).bytes)).toBe("04 03 01 0b 00");
  expect(hex(reportRequest({ from: 40_000 }).bytes)).toBe("01 03 01 40 9c");
  expect(hex(abortRequest().bytes)).toBe("03 00");
  expect(() => reportRequest({ from: 65_536 })).toThrow(RangeError);
  expect(() => reportRequest({ from: -1 })).toThrow(RangeError);
});

test("no request that can be made deletes anything", () => {
  const ranges = fc.oneof(fc.constant("all" as const), fc.record({ from: fc.integer({ min: 0, max: 65_535 }) }));
  fc.assert(
    fc.property(ranges, (range) => {
      const words = [countRequest(range), reportRequest(range), abortRequest()].map(({ bytes }) => bytes[0]);
      expect(words).toEqual([4, 1, 3]);
    }),
  );
});

test("counts of one, two and four bytes are read without a sign", () => {
  const counts = ["05 00 d0", "05 00 88 13", "05 00 ff ff", "05 00 ff ff ff ff"].map((text) =>
    readRacpAnswer(unhex(text)),
  );
  expect(counts).toEqual([208, 5_000, 65_535, 4_294_967_295].map((count) => ({ kind: "count", count })));
});

test.each([
  ["FRAME_TRUNCATED", ""],
  ["FRAME_TRUNCATED", "06 00"],
  ["FRAME_TRUNCATED", "06 00 01"],
  ["FRAME_TRUNCATED", "05 00"],
  ["FRAME_MALFORMED", "05 00 01 02 03"],
  ["FRAME_MALFORMED", "05 01 01 02"],
  ["FRAME_MALFORMED", "06 01 01 01"],
  ["FRAME_MALFORMED", "06 00 01 01 00"],
  ["FRAME_MALFORMED", "07 00 01 01"],
  ["FRAME_MALFORMED", "01 01 01"],
])("%s is what comes of [%s]", (code, text) => {
  expect(() => readRacpAnswer(unhex(text))).toThrow(expect.objectContaining({ code }));
});

test("whatever bytes come, they are an answer or a named problem", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      try {
        const answer = readRacpAnswer(bytes);
        expect(["count", "end"]).toContain(answer.kind);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^FRAME_/) });
      }
    }),
  );
});

test("how a request ended is told by name, with what was asked and the code", () => {
  expect(racpProblem(1, 8)).toMatchObject({ code: "RACP_ABORTED", context: { op: 1, code: 8 } });
  for (const code of [2, 3, 4, 5, 7, 9, 10, 255]) {
    expect(racpProblem(4, code)).toMatchObject({ code: "RACP_REFUSED", context: { op: 4, code } });
  }
});
