import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../../src/domain/problem.js";
import { VirtualClock } from "../../../../src/kit/virtual-clock.js";
import { hearHid } from "../../../../test/helpers/simulated-hid.js";
import { inMemoryWords } from "../../../../test/helpers/simulated-line.js";
import { freestyleLibre2 } from "../../../freestyle-libre2/index.js";
import { SIMULATED_KEYS } from "../../../freestyle-libre2/simulator.js";
import { bytesOf, cmac } from "./cmac.js";
import { derivedKey } from "./keys.js";
import { SecureReports } from "./secure-report.js";
import { simulatedKey, simulatedMac, simulatedSpeck, simulatedStream } from "./simulated-cipher.js";
import { speck64 } from "./speck.js";
import { ivOf, stream } from "./stream.js";

const KEY = Uint8Array.from({ length: 16 }, (_, at) => 7 * at + 3);
const keyNumber = KEY.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);

/** Reads a virtual reader of which each report goes through `change`. */
async function hearThrough(change: (report: Uint8Array, number: number) => readonly Uint8Array[]) {
  const clock = new VirtualClock(Date.parse("2024-05-06T07:08:09Z"));
  const meter = freestyleLibre2.simulate({ count: 12, seed: 4, clock, zone: "Europe/London" });
  let number = 0;
  const answerer = {
    receive: (report: Uint8Array, send: (one: Uint8Array) => void) =>
      meter.receive(report, (answer) => {
        number += 1;
        for (const one of change(answer, number)) send(one);
      }),
  };
  return { meter, heard: await hearHid(freestyleLibre2, answerer, clock, { keys: SIMULATED_KEYS }) };
}

test("cipher, check, keys and stream agree with those of the simulated reader for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ minLength: 7, maxLength: 7 }), (data, iv) => {
      const block = ivOf(iv);
      const number = (BigInt(block.x) << 32n) | BigInt(block.y);
      const { x, y } = speck64(KEY)(block);
      expect((BigInt(x) << 32n) | BigInt(y)).toBe(simulatedSpeck(keyNumber, number));
      expect([...cmac(KEY)(data)]).toEqual(simulatedMac(keyNumber, [...data]));
      expect([...stream(KEY)(block, data)]).toEqual(simulatedStream(keyNumber, number, [...data]));
      const derived = derivedKey(KEY, "SessnMAC", data).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
      expect(derived).toBe(simulatedKey(keyNumber, "SessnMAC", [...data]));
    }),
  );
  expect(() => speck64(KEY.slice(1))).toThrow(RangeError);
  expect([...bytesOf({ x: 0x01020304, y: 0x05060708 })]).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
});

test("a counter that runs over its lower half goes on in the upper one", () => {
  const iv = { x: 0xffffffff, y: 0 };
  const data = new Uint8Array(24);
  expect([...stream(KEY)(iv, data)]).toEqual(simulatedStream(keyNumber, 0xffffffff00000000n, [...data]));
});

test("a report with any bit turned over does not prove itself, and one that is too full is not sent", () => {
  const reports = new SecureReports({ enc: KEY, mac: KEY });
  const sealed = reports.seal(
    Uint8Array.from({ length: 64 }, (_, at) => (at === 0 ? 0x60 : at === 1 ? 4 : at < 6 ? 0x41 : 0)),
  );
  let ran = 0;
  for (let bit = 0; bit < 512; bit += 1) {
    const damaged = sealed.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    try {
      reports.open(damaged);
      expect.unreachable();
    } catch (error) {
      expect(isProblem(error, "FRAME_CHECKSUM")).toBe(true);
      ran += 1;
    }
  }
  expect(ran).toBe(512);
  expect(() => reports.open(sealed.slice(1))).toThrow(expect.objectContaining({ code: "FRAME_TRUNCATED" }));
  expect(() => reports.seal(Uint8Array.of(0x60, 55))).toThrow(RangeError);
});

describe("between reader and text", () => {
  const isSealed = (report: Uint8Array): boolean => report[0] === 0x60;

  test("a report that comes twice is taken once", async () => {
    const { meter, heard } = await hearThrough((report) => (isSealed(report) ? [report, report] : [report]));
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  });

  test("two reports that change places, which no sum of theirs would show, are not read that way", async () => {
    let held: Uint8Array | null = null;
    let swapped = 0;
    const { meter, heard } = await hearThrough((report, number) => {
      if (!isSealed(report) || number < 14 || swapped > 0) return [report];
      if (held === null) {
        held = report;
        return [];
      }
      swapped += 1;
      return [report, held];
    });
    expect(swapped).toBe(1);
    const truth = meter.memory.map((one) => JSON.stringify(one));
    for (const reading of heard.readings) expect(truth).toContain(JSON.stringify(inMemoryWords(reading)));
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(12);
  });

  test("one damaged report costs a second question, and nothing of the memory", async () => {
    const { meter, heard } = await hearThrough((report, number) => [
      number === 18 ? report.map((byte, at) => (at === 9 ? byte ^ 1 : byte)) : report,
    ]);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  });

  test("a handshake of which a report is lost or damaged is begun again; one that is never right proves nothing", async () => {
    for (const lost of [1, 2, 3]) {
      const once = await hearThrough((report, number) => (number === lost ? [] : [report]));
      expect(once.heard.reason, `report ${lost}`).toBeNull();
      expect(once.heard.readings).toHaveLength(12);
    }
    const never = await hearThrough((report) => [
      report[0] === 0x33 && report[2] === 0x18 ? report.map((byte, at) => (at === 20 ? byte ^ 1 : byte)) : report,
    ]);
    expect([never.heard.code, never.heard.events]).toEqual(["FRAME_MALFORMED", []]);
  });

  test("a reader that goes at any report ends as gone or stopped, and what was told is true", async () => {
    let ran = 0;
    for (let last = 0; last < 24; last += 1) {
      const { meter, heard } = await hearThrough((report, number) => (number > last ? [] : [report]));
      expect(["METER_TIMEOUT", "METER_STALLED", "FRAME_TRUNCATED", "FRAME_MALFORMED"]).toContain(heard.code);
      const truth = meter.memory.map((one) => JSON.stringify(one));
      for (const reading of heard.readings) expect(truth).toContain(JSON.stringify(inMemoryWords(reading)));
      ran += 1;
    }
    expect(ran).toBe(24);
  });
});
