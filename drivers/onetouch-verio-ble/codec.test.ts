import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { concat, hex, unhex } from "../../src/kit/bytes.js";
import { cursorIn, cursorText, isEmpty, readRecord, recordQuestion, setClockQuestion, WORDS } from "./codec.js";
import { acknowledgementOf, damageIn, frameOf, packetIn, packetOf } from "./packet.js";

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
  readonly seconds?: number;
  readonly value?: number;
  readonly mark?: number;
  readonly rest?: readonly number[];
}

/** The eleven bytes of a record. */
function record({ seconds = 800_000_000, value = 105, mark = 0, rest = [0, 0, 0, 0] }: Parts): Uint8Array {
  const data = Uint8Array.from([0, 0, 0, 0, 0, 0, mark, ...rest]);
  const view = new DataView(data.buffer);
  view.setUint32(0, seconds, true);
  view.setUint16(4, value, true);
  return data;
}

const recordOf = (parts: Parts): SourceReading => readRecord(record(parts), 7, Uint8Array.of(1));

/** What the one packet of a message carries, if it is the first and only one and its frame is sound. */
function messageIn(packet: Uint8Array): Uint8Array {
  const found = packetIn(packet);
  if (found.type !== "first" || found.count !== 1) throw new Error("no single packet");
  return frameOf(found.bytes)?.message ?? new Uint8Array();
}

describe("a packet", () => {
  test("holds a message of up to 13 bytes in one frame, and gives it back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 13 }), (sent) => {
        const packet = packetOf(sent);
        expect(packet.length).toBeLessThanOrEqual(20);
        expect([packet[0], packet[1], packet[2], packet[3]]).toEqual([1, 2, sent.length + 6, 0]);
        expect(messageIn(packet)).toEqual(sent);
      }),
    );
    expect(() => packetOf(new Uint8Array(14))).toThrow(RangeError);
  });

  test("is told by the two upper bits of its first byte: a message's beginning, its continuation, an acknowledgement", () => {
    expect(packetIn(unhex("01 aa"))).toEqual({ type: "first", count: 1, bytes: unhex("aa") });
    expect(packetIn(unhex("3f aa bb"))).toEqual({ type: "first", count: 63, bytes: unhex("aa bb") });
    expect(packetIn(unhex("41 aa"))).toEqual({ type: "more", count: 1, bytes: unhex("aa") });
    expect(packetIn(unhex("81"))).toEqual({ type: "acknowledgement" });
    for (const none of ["", "00", "00 aa", "01", "40 aa", "81 81", "82", "80", "c1", "c0 02"]) {
      expect(packetIn(unhex(none)), none).toEqual({ type: "noise" });
    }
    expect(hex(acknowledgementOf(1))).toBe("81");
    expect(hex(acknowledgementOf(3))).toBe("83");
  });

  test("carries no frame with any one or two bits of it turned over, nor cut short, nor with a byte more", () => {
    const sound = packetOf(unhex("03 b3 23 01")).slice(1);
    let ran = 0;
    for (let one = 0; one < sound.length * 8; one += 1) {
      for (let other = one; other < sound.length * 8; other += 1) {
        const bytes = Uint8Array.from(sound);
        for (const bit of new Set([one, other])) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        if (frameOf(bytes) !== null) throw new Error(`bits ${one} and ${other}`);
        ran += 1;
      }
    }
    for (let length = 0; length < sound.length; length += 1) expect(frameOf(sound.slice(0, length))).toBeNull();
    expect(frameOf(concat([sound, Uint8Array.of(0)]))).toBeNull();
    expect(ran).toBe(3_240);
  });

  test("may be longer than 255 bytes, by its second byte of length", () => {
    const long = new Uint8Array(300);
    long.set([2, 0x2c, 1, 3, 6]);
    long[297] = 3;
    // The CRC of 298 zeros but these, by an independent calculation (binascii.crc_hqx of Python): 8491.
    long.set([0x91, 0x84], 298);
    expect(frameOf(long)?.message).toHaveLength(294);
    expect(frameOf(long.map((byte, at) => (at === 2 ? 0 : byte)))).toBeNull();
  });

  test("that is damaged says how", () => {
    const sound = packetOf(unhex("03 27 00")).slice(1);
    expect(damageIn(sound.slice(0, 6)).code).toBe("FRAME_TRUNCATED");
    expect(damageIn(sound.map((byte, at) => byte ^ (at === 5 ? 1 : 0))).code).toBe("FRAME_CHECKSUM");
    for (const none of ["", "02 09", "07 09 00 03", `${hex(sound)} 00`]) {
      expect(damageIn(unhex(none)).code, none).toBe("FRAME_MALFORMED");
    }
  });
});

test("the requests are those of the sheets, byte by byte", () => {
  const asked = [WORDS.clock, WORDS.newest, WORDS.count, recordQuestion(10)];
  expect(asked.flatMap((question) => question.messages().map((message) => hex(packetOf(message))))).toEqual([
    "01 02 09 00 03 20 02 03 d4 92",
    "01 02 0a 00 03 0a 02 06 03 0a 3f",
    "01 02 09 00 03 27 00 03 26 71",
    "01 02 0a 00 03 b3 0a 00 03 ab 3e",
  ]);
  expect(WORDS.greeting.messages()).toEqual(WORDS.count.messages());
  expect(recordQuestion(0xfedc).messages().map(hex)).toEqual(["03 b3 dc fe"]);
});

test("setting the clock is a word with the seconds since 2000, made anew each time, and is never longer than a packet", () => {
  // 2018-01-07T16:30:15 is 568657815 seconds after 2000: 21E50797.
  const walls = ["2018-01-07T16:30:15", "2018-01-07T16:30:16"];
  const question = setClockQuestion(() => walls.shift() ?? "2100-01-01T00:00:00");
  expect(question.messages().map(hex)).toEqual(["03 20 01 97 07 e5 21"]);
  expect(question.messages().map(hex)).toEqual(["03 20 01 98 07 e5 21"]);
  expect(codeOf(() => question.messages())).toBe("METER_REFUSED");
  expect(codeOf(() => setClockQuestion(() => "1999-12-31T23:59:59").messages())).toBe("METER_REFUSED");
  expect(packetOf(unhex("03 20 01 97 07 e5 21"))).toHaveLength(14);
});

test("an answer is read only if it is as long as what was asked for", () => {
  expect(WORDS.count.read(unhex("03 06 2a 00"))).toBe(42);
  expect(WORDS.newest.read(unhex("03 06 23 01 00 00"))).toBe(291);
  expect(WORDS.clock.read(unhex("03 06 97 07 e5 21"))).toBe(568_657_815);
  expect(recordQuestion(1).read(unhex("03 06 97 07 e5 21 62 00 00 00 00 00 00"))).toHaveLength(11);
  const answers = ["2a 00", "23 01 00 00", "97 07 e5 21 62 00 00 00 00 00 00", "", "01", "01 02 03"];
  const fitting = { count: [0], newest: [1], clock: [1], record: [2, 3] };
  for (const [at, data] of answers.entries()) {
    const message = unhex(`03 06 ${data}`);
    expect(codeOf(() => WORDS.count.read(message)) === "none", data).toBe(fitting.count.includes(at));
    expect(codeOf(() => WORDS.greeting.read(message)) === "none", data).toBe(fitting.count.includes(at));
    expect(codeOf(() => WORDS.newest.read(message)) === "none", data).toBe(fitting.newest.includes(at));
    expect(codeOf(() => WORDS.clock.read(message)) === "none", data).toBe(fitting.clock.includes(at));
    expect(codeOf(() => recordQuestion(1).read(message)) === "none", data).toBe(fitting.record.includes(at));
  }
  expect(codeOf(() => WORDS.count.read(unhex("04 06 2a 00")))).toBe("FRAME_MALFORMED");
});

test("the status 07 means that they are not paired, every other one but 06 that the meter declines", () => {
  expect(codeOf(() => WORDS.clock.read(unhex("03 07")))).toBe("METER_UNPAIRED");
  for (const status of ["00", "05", "08", "09", "0f", "ff"]) {
    expect(
      codeOf(() => WORDS.clock.read(unhex(`03 ${status}`))),
      status,
    ).toBe("METER_REFUSED");
  }
  expect(codeOf(() => WORDS.clock.read(unhex("03")))).toBe("FRAME_MALFORMED");
});

test("a record tells value, time and number, and a control solution as one", () => {
  expect(recordOf({})).toMatchObject({
    kind: "glucose",
    value: 105,
    unit: "mg/dL",
    asSent: "105",
    deviceTime: "2025-05-08T06:13:20",
    index: 7,
    testKey: "800000000 105",
    meal: null,
    control: false,
    specimen: null,
    note: null,
    outOfRange: null,
  });
  expect(recordOf({ mark: 1 })).toMatchObject({ control: true, specimen: "control", note: null });
  expect(recordOf({ mark: 4 })).toMatchObject({ control: true, specimen: "control", note: "Control mark 4" });
});

test("what is below 20 or above 600 mg/dL is a bound and a flag, and no number that a meter can't measure is a reading", () => {
  expect(recordOf({ value: 19 })).toMatchObject({ value: 20, outOfRange: "low", asSent: "19" });
  expect(recordOf({ value: 601 })).toMatchObject({ value: 600, outOfRange: "high", asSent: "601" });
  for (const value of [20, 600]) expect(recordOf({ value })).toMatchObject({ value, outOfRange: null });
  for (const value of [1_000, 0x7fff, 0xffff]) expect(codeOf(() => recordOf({ value }))).toBe("FRAME_MALFORMED");
  expect(codeOf(() => recordOf({ seconds: 0xffffffff }))).toBe("FRAME_MALFORMED");
  expect(recordOf({ seconds: 0 }).deviceTime).toBe("2000-01-01T00:00:00");
});

test("a slot is empty if its value is 0 or the answer holds nothing", () => {
  expect(isEmpty(record({ value: 0 }))).toBe(true);
  expect(isEmpty(new Uint8Array())).toBe(true);
  expect(isEmpty(record({ value: 1 }))).toBe(false);
  expect(isEmpty(record({ value: 256 }))).toBe(false);
});

test("whatever a record holds, it is a reading within the bounds or refused with a problem", () => {
  let readings = 0;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 11, maxLength: 11 }), fc.integer({ min: 0, max: 1_100 }), (some, value) => {
      const data = Uint8Array.from(some);
      new DataView(data.buffer).setUint16(4, value, true);
      const read = (): SourceReading => readRecord(data, 1, data);
      if (codeOf(read) !== "none") return;
      expect(read().value).toBe(Math.max(20, Math.min(600, value)));
      expect(read().control).toBe(data[6] !== 0);
      readings += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(readings).toBeGreaterThan(100);
});

test("a cursor is one line that gives itself back, and any other text is none", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffffffff }), (number, seconds) => {
      expect(cursorIn(cursorText({ number, seconds }))).toEqual({ number, seconds });
    }),
  );
  for (const other of [null, "", "291", "65536 1", "-1 5", "291 568657815 1", " 291 5", "a b"]) {
    expect(cursorIn(other), String(other)).toBeNull();
  }
});

test("ten thousand records are decoded, each with its own number", () => {
  const readings = Array.from({ length: 10_000 }, (_, at) => readRecord(record({ seconds: at }), at, record({})));
  expect(readings.map(({ index }) => index)).toEqual(Array.from({ length: 10_000 }, (_, at) => at));
});

describe("mistakes of peers that are not repeated, in the codec", () => {
  test("the reply's CRC never checked: an answer of the right length with a wrong one is no frame", () => {
    const answer = unhex("02 0c 00 03 06 23 01 00 00 03 71 7f");
    expect(frameOf(answer)?.message).toEqual(unhex("03 06 23 01 00 00"));
    expect(frameOf(answer.map((byte, at) => (at === 5 ? byte ^ 1 : byte)))).toBeNull();
  });

  test("clock and counter told apart by their size alone (over 100,000): a clock that was just lost is one, and shows it", () => {
    const justLost = unhex("03 06 10 0e 00 00");
    expect(WORDS.wall(WORDS.clock.read(justLost))).toBe("2000-01-01T01:00:00");
    // And no clock is taken for a counter.
    expect(codeOf(() => WORDS.newest.read(unhex("03 06 97 07 e5 21")))).toBe("FRAME_MALFORMED");
    expect(codeOf(() => WORDS.newest.read(unhex("03 06 00 00 01 00")))).toBe("FRAME_MALFORMED");
  });

  test("records dropped whose last bytes are not all zero: they are readings with a note", () => {
    const told = recordOf({ rest: [0, 0, 1, 0] });
    expect(told).toMatchObject({ value: 105, control: false, meal: null, note: "Unknown bytes 00 00 01 00" });
  });

  test("an epoch one second early: the times are those of the same meters over USB", () => {
    // The sample's 568657815 seconds are this time in the vectors of the USB meters.
    expect(recordOf({ seconds: 568_657_815 }).deviceTime).toBe("2018-01-07T16:30:15");
  });
});

interface Vector {
  readonly description: string;
  readonly input_hex: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

const SET_B = new URL("../../../shared/vectors/set-b/onetouch-verio-ble.json", import.meta.url);

describe.skipIf(!existsSync(SET_B))("the samples of set b", () => {
  test("are built and read as they say, all nine", () => {
    const vectors: readonly Vector[] = JSON.parse(readFileSync(SET_B, "utf8")).vectors;
    const asked = [WORDS.clock, WORDS.newest, WORDS.count, recordQuestion(0x0123)].flatMap((question) =>
      question.messages().map((message) => hex(packetOf(message)).replaceAll(" ", "")),
    );
    let ran = 0;
    for (const { description, input_hex, expected } of vectors) {
      ran += 1;
      const bytes = unhex(input_hex);
      if ("payload_hex" in expected) {
        expect(asked, description).toContain(input_hex);
        expect(hex(messageIn(bytes).subarray(1)).replaceAll(" ", "")).toBe(expected["payload_hex"]);
      } else if ("ack" in expected) {
        expect(acknowledgementOf(1)).toEqual(bytes);
        expect(packetIn(bytes)).toEqual({ type: "acknowledgement" });
      } else if ("mg_dl" in expected) {
        const data = recordQuestion(1).read(messageIn(bytes));
        expect(readRecord(data, 1, bytes)).toMatchObject({ value: expected["mg_dl"], control: expected["control"] });
        expect(data.slice(0, 4)).toEqual(unhex("97 07 e5 21"));
        expect(cursorIn(`1 ${String(expected["seconds_raw"])}`)?.seconds).toBe(0x21e50797);
      } else if ("seconds_raw" in expected) expect(WORDS.clock.read(messageIn(bytes))).toBe(expected["seconds_raw"]);
      else if ("highest_record" in expected)
        expect(WORDS.newest.read(messageIn(bytes))).toBe(expected["highest_record"]);
      else expect(WORDS.count.read(messageIn(bytes))).toBe(expected["record_count"]);
    }
    expect(ran).toBe(9);
  });
});
