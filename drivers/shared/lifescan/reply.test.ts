import fc from "fast-check";
import { expect, test } from "vitest";
import { isProblem } from "../../../src/domain/problem.js";
import { latin1Bytes, unhex } from "../../../src/kit/bytes.js";
import { measured } from "./glucose.js";
import { demandLength, readSerial, readText, readUnit, replyData, u16, u32, u32Bytes } from "./reply.js";
import { EPOCH_2000_SECONDS, secondsOf, wallOf } from "./wall.js";

/** The code of the problem that it throws. */
function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "none";
}

test("data stands behind a known prefix and the status 06, and nothing is read behind another status", () => {
  expect(replyData(unhex("04 06 01 02"), [3, 4])).toEqual(unhex("01 02"));
  expect(replyData(unhex("05 06"), [5])).toEqual(new Uint8Array());
  for (const refusal of ["03 07", "03 08 03", "03 09", "03 42 01 02"]) {
    expect(codeOf(() => replyData(unhex(refusal), [3, 4]))).toBe("METER_REFUSED");
  }
  for (const other of ["", "03", "05 06 01", "0f 01 00"]) {
    expect(codeOf(() => replyData(unhex(other), [3, 4]))).toBe("FRAME_MALFORMED");
  }
});

test("numbers are read low byte first, and never beyond the end", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
      expect(u32(u32Bytes(value), 0)).toBe(value);
      expect(u16(u32Bytes(value), 0)).toBe(value % 65_536);
    }),
  );
  expect(codeOf(() => u32(unhex("01 02 03"), 0))).toBe("FRAME_MALFORMED");
  expect(codeOf(() => u16(unhex("01 02"), 1))).toBe("FRAME_MALFORMED");
  expect(codeOf(() => demandLength(unhex("01 02"), 1, 4))).toBe("FRAME_MALFORMED");
});

test("a serial number is letters and digits, never what a record begins with", () => {
  expect(readSerial(latin1Bytes("C417KQ2M9"))).toBe("C417KQ2M9");
  expect(readSerial(latin1Bytes("C417KQ2M9\0\0"))).toBe("C417KQ2M9");
  // A record whose five first bytes all look like letters.
  for (const other of ["ABC1b\0\0\0\0\0", "ABC1b\0\0\0", "C417 KQ2M9", "", "C417KQ2M9\0X"]) {
    expect(codeOf(() => readSerial(latin1Bytes(other)))).toBe("FRAME_MALFORMED");
  }
});

test("a text is as long as its first byte says, and only zeros may follow", () => {
  expect(readText(latin1Bytes("\x03abc"))).toBe("abc");
  expect(readText(latin1Bytes("\x03abc\0"))).toBe("abc");
  for (const other of ["", "\0", "\x04abc", "\x03abcd", "\x03ab\x07"]) {
    expect(codeOf(() => readText(latin1Bytes(other)))).toBe("FRAME_MALFORMED");
  }
});

test("a unit is 0 or 1", () => {
  expect([readUnit(unhex("00")), readUnit(unhex("01 00 00 00"))]).toEqual(["mg/dL", "mmol/L"]);
  expect(codeOf(() => readUnit(unhex("02")))).toBe("FRAME_MALFORMED");
});

test("a value is itself within the display's bounds, a bound and a flag beyond them, and none at 0 or from 1000 on", () => {
  for (let mgDl = 1; mgDl < 1_000; mgDl += 1) {
    const { value, outOfRange } = measured(mgDl);
    expect(value).toBe(Math.max(20, Math.min(600, mgDl)));
    expect(outOfRange).toBe(mgDl < 20 ? "low" : mgDl > 600 ? "high" : null);
  }
  for (const nonsense of [0, 1_000, 0xfffe, 0xffff, 0x10069]) {
    expect(codeOf(() => measured(nonsense))).toBe("FRAME_MALFORMED");
  }
});

test("seconds and wall-clock times turn into each other, from the epoch to the end of 2099", () => {
  for (const epoch of [0, EPOCH_2000_SECONDS]) {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_799 - epoch }), (seconds) => {
        expect(secondsOf(wallOf(seconds, epoch), epoch)).toBe(seconds);
      }),
    );
    expect(codeOf(() => wallOf(4_102_444_800 - epoch, epoch))).toBe("FRAME_MALFORMED");
    expect(codeOf(() => wallOf(0xffffffff, epoch))).toBe("FRAME_MALFORMED");
  }
  // By hand: 2000 and its leap day, from either epoch.
  expect(wallOf(951_782_400, 0)).toBe("2000-02-29T00:00:00");
  expect(wallOf(59 * 86_400 + 1, EPOCH_2000_SECONDS)).toBe("2000-02-29T00:00:01");
  expect(codeOf(() => secondsOf("1999-12-31T23:59:59", EPOCH_2000_SECONDS))).toBe("METER_REFUSED");
  expect(codeOf(() => secondsOf("2100-01-01T00:00:00", 0))).toBe("METER_REFUSED");
});
