import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { hex, unhex } from "../../src/kit/bytes.js";
import { ANSWER, CHALLENGE, clockFrame, FETCH, kindOf, readCount, readRecord } from "./codec.js";
import { cutFrame, hostFrame, readFrame } from "./frame.js";

/** A frame as the meter sends it, put together here apart from the codec. */
function sent(message: readonly number[]): Uint8Array {
  return Uint8Array.of(
    0x53,
    0x20,
    message.length + 2,
    ...message,
    message.reduce((a, b) => a ^ b, 0),
    0xaa,
  );
}

/** A record's message; the two bytes before and the seven behind are nobody's knowledge. */
function record({ date = [24, 2, 29, 16, 45], value = 105, meal = 0, tail = [1, 2, 3, 4, 5, 6, 7] }) {
  return sent([0x20, 0x13, ...date, value >> 8, value & 0xff, meal, ...tail]);
}

function read(frame: Uint8Array) {
  return readRecord(frame, readFrame(frame).message);
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}

interface Vector {
  readonly input_hex: string;
  readonly description: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

const VECTORS = new URL("../../../shared/vectors/set-b/sd-codefree.json", import.meta.url);

describe.skipIf(!existsSync(VECTORS))("the samples of set b", () => {
  test("read, or are sent, as expected", () => {
    let ran = 0;
    for (const { input_hex, expected, description } of JSON.parse(readFileSync(VECTORS, "utf8")).vectors as Vector[]) {
      const bytes = unhex(input_hex);
      if (bytes[1] === 0x10) {
        const ours =
          "local_time" in expected ? clockFrame(String(expected["local_time"])) : hostFrame(bytes.slice(3, -2));
        expect(hex(ours), description).toBe(hex(bytes));
      } else {
        expect(cutFrame(bytes), description).toBe(bytes.length);
        const { frame, message } = readFrame(bytes);
        if ("message_hex" in expected) expect(hex(message).replaceAll(" ", "")).toBe(expected["message_hex"]);
        if ("record_count" in expected) expect(readCount(message)).toBe(expected["record_count"]);
        if ("ok" in expected) expect(kindOf(message)).toBe("clockSet");
        if ("mg_dl" in expected) {
          expect(readRecord(frame, message)).toMatchObject({
            deviceTime: expected["local_time"],
            value: expected["mg_dl"],
            meal: expected["meal"],
            unit: "mg/dL",
          });
        }
      }
      ran += 1;
    }
    expect(ran).toBe(9);
  });

  test("hold the challenge, the answer and the request of this driver", () => {
    const known = (JSON.parse(readFileSync(VECTORS, "utf8")).vectors as Vector[]).map(({ input_hex }) => input_hex);
    const ours = [CHALLENGE, ANSWER, FETCH].map((bytes) => hex(bytes).replaceAll(" ", ""));
    expect(ours.filter((bytes) => known.includes(bytes))).toHaveLength(3);
  });
});

describe("a record", () => {
  test("is read whatever its numbers, date and unknown bytes are", () => {
    const parts = fc.record({
      at: fc.date({ min: new Date("2000-01-01T00:00Z"), max: new Date("2099-12-31T23:59Z"), noInvalidDate: true }),
      value: fc.integer({ min: 1, max: 999 }),
      meal: fc.constantFrom(0x00, 0x10, 0x20),
      tail: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 7, maxLength: 7 }),
    });
    fc.assert(
      fc.property(parts, ({ at, value, meal, tail }) => {
        const date = [
          at.getUTCFullYear() - 2000,
          at.getUTCMonth() + 1,
          at.getUTCDate(),
          at.getUTCHours(),
          at.getUTCMinutes(),
        ];
        const frame = record({ date, value, meal, tail });
        expect(read(frame)).toMatchObject({
          deviceTime: `${at.toISOString().slice(0, 16)}:00`,
          value: Math.min(600, Math.max(10, value)),
          outOfRange: value < 10 ? "low" : value > 600 ? "high" : null,
          meal: { 0: null, 16: "before", 32: "after" }[meal],
          control: false,
          specimen: null,
          asSent: hex(Uint8Array.of(value >> 8, value & 0xff)),
          raw: frame,
        });
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["a day that does not exist", { date: [24, 2, 30, 8, 0] }],
    ["a leap day in no leap year", { date: [23, 2, 29, 8, 0] }],
    ["month 13", { date: [24, 13, 1, 8, 0] }],
    ["month 0", { date: [24, 0, 1, 8, 0] }],
    ["hour 24", { date: [24, 1, 1, 24, 0] }],
    ["minute 60", { date: [24, 1, 1, 23, 60] }],
    ["a year of three digits", { date: [100, 1, 1, 23, 0] }],
    ["a value of 0", { value: 0 }],
    ["a value that no display shows", { value: 1_000 }],
    ["all bits set in its value", { value: 0xffff }],
    ["a meal byte that might mean control solution", { meal: 0x30 }],
    ["a meal byte with a further bit", { meal: 0x11 }],
  ])("with %s is refused, not guessed at", (_, parts) => {
    expect(codeOf(() => read(record(parts)))).toBe("FRAME_MALFORMED");
  });

  test("with any single bit turned over is never read", () => {
    const frame = record({ meal: 0x10 });
    let refused = 0;
    for (const [at, byte] of frame.entries()) {
      for (let bit = 0; bit < 8; bit += 1) {
        const faulty = Uint8Array.from(frame);
        faulty[at] = byte ^ (1 << bit);
        if (codeOf(() => read(faulty)) === "FRAME_CHECKSUM") refused += 1;
      }
    }
    expect(refused).toBe(22 * 8);
  });
});

describe("a frame", () => {
  test("of a record is 22 bytes: the length counts checksum and end, and two bytes stand before the year (the document says otherwise)", () => {
    const frame = record({});
    expect(frame).toHaveLength(22);
    expect(frame[2]).toBe(0x13);
    expect(cutFrame(frame)).toBe(22);
    expect(cutFrame(frame.subarray(0, 21))).toBe(0);
    expect(read(frame).deviceTime).toBe("2024-02-29T16:45:00");
  });

  test("may have zeros before it, which are no part of it", () => {
    const bytes = Uint8Array.of(0, 0, ...CHALLENGE);
    expect(cutFrame(bytes)).toBe(9);
    expect(readFrame(bytes).frame).toEqual(CHALLENGE);
    expect(cutFrame(Uint8Array.of(0, 0, 0))).toBe(0);
  });

  test("that the hub itself sends is none of the meter's", () => {
    expect(codeOf(() => cutFrame(FETCH))).toBe("FRAME_CHECKSUM");
  });

  test("of any bytes is waited for, cut or refused as damaged", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          const end = cutFrame(bytes);
          expect(end).toBeLessThanOrEqual(bytes.length);
          if (end > 0)
            expect(["challenge", "count", "record", "clockSet", "goodbye", "other"]).toContain(
              kindOf(readFrame(bytes.slice(0, end)).message),
            );
        } catch (error) {
          expect(isProblem(error, "FRAME_CHECKSUM")).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

test("a count has its most significant byte first", () => {
  expect(readCount(Uint8Array.of(0x30, 0x03, 0xe8))).toBe(1_000);
});

test("the clock is set to the wall's minute, its seconds cut off", () => {
  expect(String.fromCharCode(...clockFrame("2026-11-23T08:15:42").slice(3, -2))).toBe("ADATE202611230815");
});

test("messages outside the sheet are nothing known", () => {
  expect(
    [
      [0x10, 0x99],
      [0x11, 0x30],
      [0x10, 0x30],
    ].map((message) => kindOf(Uint8Array.from(message))),
  ).toEqual(["other", "other", "challenge"]);
});
