import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { concat, hex, latin1Bytes, unhex } from "../../src/kit/bytes.js";
import { crc16CcittFalse } from "../../src/kit/checksum.js";
import { damageOf, findFrame, frameAt, frameBytes } from "../shared/lifescan/frame.js";
import { CAPACITY, WORDS } from "./codec.js";

/** What a record with that data tells. */
function recordOf(data: Uint8Array): ReturnType<typeof WORDS.read> {
  return WORDS.read(WORDS.record(0).read(concat([Uint8Array.of(5, 6), data])), data);
}

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "none";
}

/** Eight bytes of a record. */
function record(seconds: number, value: number): Uint8Array {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setUint32(0, seconds, true);
  new DataView(data.buffer).setUint32(4, value, true);
  return data;
}

test("the requests are those of the sheets, in each way that they have them", () => {
  const asked = [WORDS.serial, WORDS.firmware, WORDS.unit, WORDS.clock, WORDS.count, WORDS.record(0x0102)];
  expect(asked.map((question) => question.messages().map(hex))).toEqual([
    ["05 0b 02 00 00 00 00 84 6a e8 73 00", "05 0b 02 00 00 00 00 00 00 00 00 00"],
    ["05 0d 02"],
    ["05 09 02 09 00 00 00 00"],
    ["05 20 02 00 00 00 00"],
    ["05 1f f5 01"],
    ["05 1f 02 01"],
  ]);
  // 2013-08-03 22:12:00 is 51FD8030 seconds after 1970 (sheet b's vector).
  const set = WORDS.setClock(() => "2013-08-03T22:12:00");
  expect(set.messages().map(hex)).toEqual(["05 20 01 30 80 fd 51"]);
  expect(set.read(unhex("05 06 30 80 fd 51"))).toBe(0x51fd8030);
});

test("answers are read as the sheets have them, also where they differ", () => {
  expect(WORDS.serial.read(latin1Bytes("\x05\x06C417KQ2M9"))).toBe("C417KQ2M9");
  expect(WORDS.firmware.read(latin1Bytes("\x05\x06\x11P02.00.0025/05/07"))).toBe("P02.00.00 25/05/07");
  expect(WORDS.firmware.read(latin1Bytes("\x05\x06\x03P02"))).toBe("P02");
  expect(WORDS.unit.read(unhex("05 06 01"))).toBe("mmol/L");
  expect(WORDS.unit.read(unhex("05 06 00 11 22 33"))).toBe("mg/dL");
  expect(WORDS.wall(WORDS.clock.read(unhex("05 06 30 80 fd 51")))).toBe("2013-08-03T22:12:00");
  for (const count of ["0f 03 00", "05 0f 03 00", "05 06 03 00"]) expect(WORDS.count.read(unhex(count))).toBe(3);
});

test("a count beyond the memory, and answers to other questions, are refused", () => {
  expect(CAPACITY).toBe(500);
  expect(WORDS.count.read(unhex("0f f4 01"))).toBe(500);
  for (const count of ["0f f5 01", "0f ff ff", "05 0f ff ff", "0f", "0f 01", "0f 01 00 00", "05 06 01 00 00 00"]) {
    expect(codeOf(() => WORDS.count.read(unhex(count)))).toBe("FRAME_MALFORMED");
  }
  expect(codeOf(() => WORDS.record(3).read(unhex("0f 03 00")))).toBe("FRAME_MALFORMED");
  expect(codeOf(() => WORDS.clock.read(unhex("05 06 01")))).toBe("FRAME_MALFORMED");
  expect(codeOf(() => WORDS.clock.read(unhex("05 09")))).toBe("METER_REFUSED");
});

test("a plain record is its time and value, and nothing more is made of it", () => {
  const data = record(0x51fd8030, 105);
  expect(recordOf(data)).toEqual({
    kind: "glucose",
    value: 105,
    value2: null,
    unit: "mg/dL",
    outOfRange: null,
    control: false,
    meal: null,
    specimen: null,
    delivery: null,
    note: null,
    deviceTime: "2013-08-03T22:12:00",
    instantMs: null,
    endMs: null,
    utcOffset: null,
    index: null,
    asSent: "105",
    sourceKey: null,
    device: null,
    sourceName: null,
    raw: data,
  });
});

test("LO and HI are bounds with a flag, by their marks and by their numbers", () => {
  const told = (value: number): unknown[] => {
    const { value: shown, outOfRange } = recordOf(record(1_700_000_000, value));
    return [shown, outOfRange];
  };
  expect([0xfffe, 0xffff, 19, 601].map(told)).toEqual([
    [20, "low"],
    [600, "high"],
    [20, "low"],
    [600, "high"],
  ]);
});

test("a value with bits that nobody has described, or a date beyond all calendars, is no reading", () => {
  const rest = [record(1_700_000_000, 0x10069), record(1_700_000_000, 0xfffd), record(0xffffffff, 105)];
  for (const data of rest) expect(codeOf(() => recordOf(data))).toBe("FRAME_MALFORMED");
});

test("whatever a record holds, it is a reading within the bounds or refused with a problem", () => {
  let readings = 0;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 70_000 }), (seconds, value) => {
      if (codeOf(() => recordOf(record(seconds, value))) !== "none") return;
      const reading = recordOf(record(seconds, value));
      expect(reading.value).toBeGreaterThanOrEqual(20);
      expect(reading.value).toBeLessThanOrEqual(600);
      expect(reading.asSent).toBe(String(value));
      readings += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(readings).toBeGreaterThan(3);
});

test("whatever the answer, each question is answered or refused with a problem", () => {
  const questions = [WORDS.serial, WORDS.firmware, WORDS.unit, WORDS.clock, WORDS.count, WORDS.record(0)];
  const beginning = fc.constantFrom([5, 6], [5, 15], [15], [5, 9], []);
  fc.assert(
    fc.property(beginning, fc.uint8Array({ maxLength: 24 }), (start, rest) => {
      for (const question of questions) {
        const code = codeOf(() => question.read(concat([Uint8Array.from(start), rest])));
        expect(["none", "FRAME_MALFORMED", "METER_REFUSED"]).toContain(code);
      }
    }),
    { numRuns: 1_000 },
  );
});

interface Vector {
  readonly description: string;
  readonly input_hex: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

const FOLDER = new URL("../../../shared/vectors/", import.meta.url);
const FILES = ["set-a/onetouch-ultramini.json", "set-b/onetouch-ultraeasy.json"].map((name) => new URL(name, FOLDER));

function holds({ description, input_hex, expected }: Vector): void {
  const bytes = unhex(input_hex);
  const wire = expected["crc_bytes_on_wire"] ?? expected["crc_little_endian"];
  if ("crc16" in expected || "crc_hex" in expected) {
    const crc = crc16CcittFalse(bytes);
    const sent = String(expected["crc16"] ?? expected["crc_hex"]).replace("0x", "");
    expect(crc, description).toBe(Number.parseInt(sent, 16));
    if (wire !== undefined) {
      const whole = frameBytes(new Uint8Array(), bytes[2]);
      expect(hex(whole.slice(-2)).replace(" ", "")).toBe(String(wire).toLowerCase());
    }
    return;
  }
  if ("error" in expected) {
    expect(findFrame(bytes), description).toBeNull();
    expect(damageOf(bytes).code).toBe("FRAME_CHECKSUM");
    return;
  }
  const frame = frameAt(bytes);
  if (frame === null) throw new Error(`no frame: ${description}`);
  expect(frame.bytes).toHaveLength(bytes.length);
  if ("length" in expected) expect(bytes).toHaveLength(Number(expected["length"]));
  const link = expected["link"];
  if (typeof link === "object" && link !== null) {
    const bits = { more: 16, disconnect: 8, ack: 4, E: 2, S: 1 };
    const shown = Object.entries(link).reduce(
      (sum, [name, set]) => sum + Number(set) * (Object.entries(bits).find(([bit]) => bit === name)?.[1] ?? 0),
      0,
    );
    expect(frame.link, description).toBe(shown);
  }
  const { message } = frame;
  if ("message_hex" in expected) {
    expect(hex(message).replaceAll(" ", "")).toBe(expected["message_hex"]);
    const asked = [WORDS.firmware, WORDS.count].flatMap((question) => question.messages().map(hex));
    if (message.length > 0) expect(asked).toContain(hex(message));
  }
  if ("record_count" in expected) expect(WORDS.count.read(message)).toBe(expected["record_count"]);
  if (!("local_time" in expected)) return;
  const reading = WORDS.read(WORDS.record(0).read(message), bytes);
  expect(reading.deviceTime).toBe(expected["local_time"]);
  if ("mg_dl" in expected) expect([reading.value, reading.outOfRange]).toEqual([expected["mg_dl"], null]);
  else expect([reading.value, reading.outOfRange, expected["out_of_range"]]).toEqual([20, "low", "LO"]);
}

describe.skipIf(!FILES.every((file) => existsSync(file)))("the samples of both sets", () => {
  test("read as they say, all twelve", () => {
    let ran = 0;
    for (const file of FILES) {
      const { vectors }: { vectors: readonly Vector[] } = JSON.parse(readFileSync(file, "utf8"));
      for (const vector of vectors) {
        holds(vector);
        ran += 1;
      }
    }
    expect(ran).toBe(12);
  });
});
