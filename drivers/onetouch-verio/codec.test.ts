import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { concat, hex, unhex } from "../../src/kit/bytes.js";
import { WORDS } from "./codec.js";
import { blockOf, contentOf, frameIn } from "./mailbox.js";
import { textIn } from "./text.js";

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "none";
}

interface Parts {
  readonly place?: number;
  readonly mark?: number;
  readonly counter?: number;
  readonly seconds?: number;
  readonly value?: number;
  readonly meal?: number;
  readonly tail?: readonly number[];
}

/** Sixteen bytes of a record. */
function record(parts: Parts): Uint8Array {
  const { place = 7, mark = 0, counter = 1_300, seconds = 800_000_000, value = 105, meal = 0 } = parts;
  const data = Uint8Array.from([0, 0, mark, 0, 0, 0, 0, 0, 0, 0, 0, meal, ...(parts.tail ?? [0, 0, 0x0b, 0])]);
  const view = new DataView(data.buffer);
  view.setUint16(0, place, true);
  view.setUint16(3, counter, true);
  view.setUint32(5, seconds, true);
  view.setUint16(9, value, true);
  return data;
}

/** What a record with that data tells. */
function recordOf(data: Uint8Array): SourceReading {
  return WORDS.read(WORDS.record(0).read(concat([Uint8Array.of(3, 6), data])), data);
}

/** A text as the meter sends it, behind the prefix and the status. */
function spelt(text: string, prefix = 3): Uint8Array {
  return Uint8Array.from([prefix, 6, ...[...text].flatMap((letter) => [letter.charCodeAt(0), 0]), 0, 0]);
}

describe("a block", () => {
  const message = fc.uint8Array({ maxLength: 506 });

  test("holds a frame of up to 512 bytes, whose length has two bytes, and gives its message back", () => {
    fc.assert(
      fc.property(message, (sent) => {
        const block = blockOf(sent);
        expect(block).toHaveLength(512);
        expect(frameIn(block)).toMatchObject({ message: sent, bytes: block.slice(0, sent.length + 6) });
        expect([block[1], block[2]]).toEqual([(sent.length + 6) % 256, Math.floor((sent.length + 6) / 256)]);
        expect(block.slice(sent.length + 6).every((byte) => byte === 0)).toBe(true);
      }),
    );
    expect(() => blockOf(new Uint8Array(507))).toThrow(RangeError);
  });

  test("is no frame with any one or two bits of it turned over, nor cut short", () => {
    const sound = contentOf(blockOf(concat([Uint8Array.of(3, 6), record({})])));
    let ran = 0;
    for (let one = 0; one < sound.length * 8; one += 1) {
      for (let other = one; other < sound.length * 8; other += 1) {
        const bytes = Uint8Array.from(sound);
        for (const bit of new Set([one, other])) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const block = new Uint8Array(512);
        block.set(bytes);
        if (frameIn(block) !== null) throw new Error(`bits ${one} and ${other}`);
        ran += 1;
      }
    }
    for (let length = 0; length < sound.length; length += 1) expect(frameIn(sound.slice(0, length))).toBeNull();
    expect(ran).toBe(18_528);
  });

  test("must begin with its frame: what stands elsewhere in it, or has no message, is none", () => {
    const block = new Uint8Array(512);
    block.set(contentOf(blockOf(Uint8Array.of(3, 6))), 1);
    expect(frameIn(block)).toBeNull();
    expect(frameIn(new Uint8Array(512))).toBeNull();
    expect(frameIn(new Uint8Array())).toBeNull();
    expect(frameIn(Uint8Array.of(2, 0xff, 0xff))).toBeNull();
  });
});

test("the requests are those of the sheets, with either prefix, each for its block", () => {
  const asked = [WORDS.serial, WORDS.modelName, WORDS.firmware, WORDS.unit, WORDS.clock, WORDS.count];
  expect([...asked, WORDS.record(0x0123)].map((question) => question.messages().map(hex))).toEqual([
    ["03 e6 02 00", "04 e6 02 00"],
    ["03 e6 02 01", "04 e6 02 01"],
    ["03 e6 02 02", "04 e6 02 02"],
    ["03 04", "04 04 00"],
    ["03 20 02", "04 20 02"],
    ["03 27 00", "04 27 00"],
    ["03 31 02 23 01 00", "04 31 02 23 01 00"],
  ]);
  expect(asked.map((question) => ("lba" in question ? question.lba : null))).toEqual([3, 3, 3, 4, 3, 3]);
  // 2018-01-07 16:30:15 is 568657815 seconds after 2000: 21E50797.
  const set = WORDS.setClock(() => "2018-01-07T16:30:15");
  expect(set.messages().map(hex)).toEqual(["03 20 01 97 07 e5 21", "04 20 01 97 07 e5 21"]);
  expect(set.read(unhex("03 06"))).toEqual(new Uint8Array());
  expect(codeOf(() => set.read(unhex("03 08")))).toBe("METER_REFUSED");
  expect(codeOf(() => WORDS.setClock(() => "1999-12-31T23:59:59").messages())).toBe("METER_REFUSED");
});

test("answers are read with either prefix", () => {
  for (const prefix of [3, 4]) {
    expect(WORDS.serial.read(spelt("B27KQM41", prefix))).toBe("B27KQM41");
    expect(WORDS.modelName.read(spelt("Verio Flex", prefix))).toBe("Verio Flex");
    expect(WORDS.firmware.read(spelt("VF_01.02.00 ", prefix))).toBe("VF_01.02.00");
    expect(WORDS.unit.read(Uint8Array.of(prefix, 6, 1, 0, 0, 0))).toBe("mmol/L");
    expect(WORDS.count.read(Uint8Array.of(prefix, 6, 0xf4, 0x01))).toBe(500);
    expect(WORDS.wall(WORDS.clock.read(Uint8Array.of(prefix, 6, 0x97, 0x07, 0xe5, 0x21)))).toBe("2018-01-07T16:30:15");
  }
  expect(codeOf(() => WORDS.clock.read(unhex("05 06 97 07 e5 21")))).toBe("FRAME_MALFORMED");
  expect(codeOf(() => WORDS.clock.read(unhex("03 07")))).toBe("METER_REFUSED");
});

test("texts have two bytes a letter and a zero at their end, and a serial number has no others than its letters", () => {
  expect(textIn(unhex("41 00 42 00 00 00 00 00"))).toBe("AB");
  for (const bad of ["41 00 42 00", "41 42 00 00", "41 00 00", "00 00", "", "41 01 42 00 00 00", "e9 00 42 00 00 00"]) {
    expect(textIn(unhex(bad)), bad).toBeNull();
    expect(
      codeOf(() => WORDS.modelName.read(concat([Uint8Array.of(3, 6), unhex(bad)]))),
      bad,
    ).toBe("FRAME_MALFORMED");
  }
  for (const bad of ["Select Plus", "VF_01.02.00", "ABC", "A".repeat(33)]) {
    expect(
      codeOf(() => WORDS.serial.read(spelt(bad))),
      bad,
    ).toBe("FRAME_MALFORMED");
  }
  expect(codeOf(() => WORDS.modelName.read(spelt("x".repeat(65))))).toBe("FRAME_MALFORMED");
});

test("a record tells value, time, meal and its lifetime counter as index", () => {
  expect(recordOf(record({ meal: 1 }))).toMatchObject({
    kind: "glucose",
    value: 105,
    unit: "mg/dL",
    asSent: "105",
    deviceTime: "2025-05-08T06:13:20",
    index: 1_300,
    meal: "before",
    control: false,
    specimen: null,
    note: null,
    outOfRange: null,
  });
  expect(recordOf(record({ meal: 2, counter: 0xfffe }))).toMatchObject({ meal: "after", index: 65_534 });
  // Eleven bytes are all that sheet a reads.
  expect(recordOf(record({}).slice(0, 11))).toMatchObject({ value: 105, meal: null, note: null, index: 1_300 });
  for (const length of [10, 12, 15])
    expect(codeOf(() => recordOf(record({}).slice(0, length)))).toBe("FRAME_MALFORMED");
});

test("what moves with a newer test is not in a record's key, all else is", () => {
  const key = (parts: Parts): string => WORDS.key?.(record(parts)) ?? "";
  expect(key({ place: 8 })).toBe(key({ place: 7 }));
  const others = [{ mark: 1 }, { counter: 1 }, { seconds: 1 }, { value: 1 }, { meal: 1 }, { tail: [1, 0, 0x0b, 0] }];
  expect(new Set([{}, ...others].map(key)).size).toBe(7);
});

test("marks that nobody has described stay in the note", () => {
  expect(recordOf(record({ meal: 9 }))).toMatchObject({ meal: null, note: "Meal mark 9", value: 105 });
  expect(recordOf(record({ tail: [0, 0x20, 0x0b, 0] }))).toMatchObject({
    note: "Unknown bytes 00 20 0b 00",
    value: 105,
  });
  expect(recordOf(record({ meal: 7, tail: [0, 0, 0, 0] })).note).toBe("Meal mark 7; Unknown bytes 00 00 00 00");
});

test("control solution taken for a reading on Verio 2015: bit 0 says so, whatever else is told", () => {
  expect(recordOf(record({ mark: 1 }))).toMatchObject({ control: true, specimen: "control", value: 105 });
  expect(recordOf(record({ mark: 1, value: 700 }))).toMatchObject({ control: true, outOfRange: "high", value: 600 });
  expect(recordOf(record({ mark: 1 }).slice(0, 11))).toMatchObject({ control: true, specimen: "control" });
  // Another bit in that byte: nobody knows of what such a value is.
  for (const mark of [2, 3, 0x80, 0xff]) expect(codeOf(() => recordOf(record({ mark })))).toBe("FRAME_MALFORMED");
});

test("the meal byte swallowed into the value: a value has two bytes, and the meal is none of them", () => {
  for (const [value, meal] of [
    [56, 1],
    [129, 2],
    [94, 1],
    [144, 2],
    [77, 0],
  ] as const) {
    const told = recordOf(record({ value, meal }));
    expect([told.value, told.asSent, told.meal]).toEqual([value, String(value), [null, "before", "after"][meal]]);
  }
});

test("a bound that is one off (peer: under 21 and over 599): 20 and 600 are numbers, 19 and 601 are not", () => {
  expect(recordOf(record({ value: 19 }))).toMatchObject({ value: 20, outOfRange: "low", asSent: "19" });
  expect(recordOf(record({ value: 601 }))).toMatchObject({ value: 600, outOfRange: "high", asSent: "601" });
  for (const value of [20, 21, 599, 600]) {
    expect(recordOf(record({ value }))).toMatchObject({ value, outOfRange: null });
  }
});

test("an empty cell, a value that no meter measures, and a date beyond all calendars are no readings", () => {
  const rest = [{ value: 0 }, { value: 0xffff }, { value: 1_000 }, { seconds: 0xffffffff }];
  for (const parts of rest) expect(codeOf(() => recordOf(record(parts)))).toBe("FRAME_MALFORMED");
  // Its own beginning of time is one: a meter whose clock was lost shows it.
  expect(recordOf(record({ seconds: 0 })).deviceTime).toBe("2000-01-01T00:00:00");
});

test("whatever a record holds, it is a reading within the bounds or refused with a problem", () => {
  let readings = 0;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.integer({ min: 0, max: 1_100 }), (some, value) => {
      const data = Uint8Array.from(some);
      new DataView(data.buffer).setUint16(9, value, true);
      data[2] = (data[2] ?? 0) % 3;
      if (codeOf(() => recordOf(data)) !== "none") return;
      const reading = recordOf(data);
      expect(reading.value).toBe(Math.max(20, Math.min(600, value)));
      expect(reading.control).toBe(data[2] === 1);
      readings += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(readings).toBeGreaterThan(100);
});

test("whatever the answer, each question is answered or refused with a problem", () => {
  const questions = [WORDS.serial, WORDS.modelName, WORDS.unit, WORDS.clock, WORDS.count, WORDS.record(0)];
  fc.assert(
    fc.property(fc.constantFrom([3, 6], [4, 6], [3, 8], []), fc.uint8Array({ maxLength: 40 }), (start, rest) => {
      for (const question of questions) {
        const code = codeOf(() => question.read(concat([Uint8Array.from(start), rest])));
        expect(["none", "FRAME_MALFORMED", "METER_REFUSED"]).toContain(code);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("ten thousand records are decoded, each with its own counter", () => {
  const blocks = Array.from({ length: 10_000 }, (_, at) =>
    blockOf(concat([Uint8Array.of(3, 6), record({ counter: at })])),
  );
  const readings = blocks.map((block) => {
    const frame = frameIn(block);
    return frame === null ? null : WORDS.read(WORDS.record(0).read(frame.message), frame.bytes);
  });
  expect(readings.map((reading) => reading?.index)).toEqual(Array.from({ length: 10_000 }, (_, at) => at));
});

interface Vector {
  readonly description: string;
  readonly input_hex: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

const SET_A = new URL("../../../shared/vectors/set-a/onetouch-verio-usb.json", import.meta.url);
const SET_B = new URL("../../../shared/vectors/set-b/onetouch-verio-2015-scsi.json", import.meta.url);
const vectorsOf = (file: URL): readonly Vector[] => JSON.parse(readFileSync(file, "utf8")).vectors;

/** What a whole frame holds, as it would stand in a block. */
function messageIn(frame: string): Uint8Array {
  const block = new Uint8Array(512);
  block.set(unhex(frame));
  return frameIn(block)?.message ?? new Uint8Array();
}

/** All that the driver ever asks, as hex, with the block it is for. */
function asked(): string[] {
  const set = WORDS.setClock(() => "2024-05-06T08:08:09");
  const questions = [WORDS.serial, WORDS.modelName, WORDS.firmware, WORDS.unit, WORDS.clock, WORDS.count, set];
  return [...questions, WORDS.record(0), WORDS.record(0x0123)].flatMap((question) =>
    question.messages().map((message) => `${"lba" in question ? question.lba : 3} ${hex(message).replaceAll(" ", "")}`),
  );
}

describe.skipIf(!existsSync(SET_A))("the samples of set a", () => {
  test("are built and read as they say, all fifteen", () => {
    let ran = 0;
    const ours: string[] = [];
    for (const { description, input_hex, expected } of vectorsOf(SET_A)) {
      ran += 1;
      if (description.startsWith("Host request")) {
        const frame = String(expected["link_frame_hex"]);
        expect(hex(contentOf(blockOf(unhex(input_hex)))).replaceAll(" ", "")).toBe(frame);
        expect(Number(expected["byte_offset"])).toBe(Number(expected["lba"]) * 512);
        if (asked().includes(`${expected["lba"]} ${input_hex}`)) ours.push(description.split(/[:;]/)[1]?.trim() ?? "");
        continue;
      }
      const message = messageIn(input_hex);
      const reading = WORDS.read(WORDS.record(0).read(message), unhex(input_hex));
      expect(reading).toMatchObject({
        control: expected["controlSolution"],
        index: expected["globalRecordIndex"],
        value: expected["value"],
        unit: "mg/dL",
      });
      if ("deviceTime" in expected) expect(reading.deviceTime).toBe(expected["deviceTime"]);
    }
    expect(ran).toBe(15);
    // What the driver has no use for: formats of date and time.
    expect(ours).toHaveLength(9);
  });
});

describe.skipIf(!existsSync(SET_B))("the samples of set b", () => {
  test("are built and read as they say, all thirteen", () => {
    let ran = 0;
    for (const { input_hex, expected } of vectorsOf(SET_B)) {
      ran += 1;
      const message = messageIn(input_hex);
      if ("lba" in expected) {
        expect(asked()).toContain(`${expected["lba"]} ${hex(message).replaceAll(" ", "")}`);
        expect(contentOf(blockOf(message))).toEqual(unhex(input_hex));
      } else if ("model" in expected) expect(WORDS.modelName.read(message)).toBe(expected["model"]);
      else if ("display_unit" in expected) expect(WORDS.unit.read(message)).toBe(expected["display_unit"]);
      else if ("display_mmol_l" in expected) {
        // Four bytes out of the middle of a record: value, meal, and one that is always 0.
        const [low = 0, high = 0, meal = 0, after = 0] = unhex(input_hex);
        const told = recordOf(record({ value: low + 256 * high, meal, tail: [after, 0, 0x0b, 0] }));
        expect([told.value, told.meal ?? "none", told.note]).toEqual([expected["mg_dl"], expected["meal"], null]);
        expect(Math.round(((told.value ?? 0) / 18.0156) * 10) / 10).toBe(expected["display_mmol_l"]);
      } else {
        const data = WORDS.record(0).read(message);
        const told = WORDS.read(data, message);
        expect(told.value).toBe(expected["mg_dl"]);
        expect(told.control).toBe(expected["control"] ?? false);
        if ("meal" in expected) expect(told.meal).toBe(expected["meal"]);
        if ("local_time" in expected) expect(told.deviceTime).toBe(expected["local_time"]);
        if ("lifetime_counter" in expected) expect(told.index).toBe(expected["lifetime_counter"]);
        if ("inverse_record_number" in expected) expect(data[0]).toBe(expected["inverse_record_number"]);
        if ("block_length" in expected) expect(unhex(input_hex)).toHaveLength(Number(expected["block_length"]));
      }
    }
    expect(ran).toBe(13);
  });
});
