import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { concat, hex, latin1Bytes, unhex } from "../../src/kit/bytes.js";
import { frameAt } from "../shared/lifescan/frame.js";
import { WORDS } from "./codec.js";

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
  readonly control?: number;
  readonly meal?: number;
  readonly rest?: readonly number[];
}

/** Ten bytes of a record. */
function record({ seconds = 800_000_000, value = 105, control = 0, meal = 0, rest = [0, 0] }: Parts): Uint8Array {
  const data = Uint8Array.from([0, 0, 0, 0, 0, 0, control, meal, ...rest]);
  new DataView(data.buffer).setUint32(0, seconds, true);
  new DataView(data.buffer).setUint16(4, value, true);
  return data;
}

/** What a record with that data tells. */
function recordOf(data: Uint8Array): ReturnType<typeof WORDS.read> {
  return WORDS.read(WORDS.record(0).read(concat([Uint8Array.of(3, 6), data])), data);
}

test("the requests are those of the sheets, with either prefix", () => {
  const asked = [WORDS.serial, WORDS.firmware, WORDS.unit, WORDS.clock, WORDS.count, WORDS.record(0x0102)];
  expect(asked.map((question) => question.messages().map(hex))).toEqual([
    ["03 0b 01 02", "04 0b 00 02"],
    ["03 0d 01", "04 0d 01"],
    ["03 09 02 02", "04 09 02 02"],
    ["03 20 02", "04 20 02"],
    ["03 27 00", "04 27 00"],
    ["03 21 02 01", "04 21 02 01"],
  ]);
  // 2018-01-07 16:30:15 is 21E50797 seconds after 2000 (sheet b's vector).
  const set = WORDS.setClock(() => "2018-01-07T16:30:15");
  expect(set.messages().map(hex)).toEqual(["03 20 01 97 07 e5 21", "04 20 01 97 07 e5 21"]);
  expect(set.read(unhex("03 06"))).toEqual(new Uint8Array());
  expect(codeOf(() => set.read(unhex("03 08")))).toBe("METER_REFUSED");
});

test("answers are read with either prefix", () => {
  for (const prefix of ["\x03\x06", "\x04\x06"]) {
    expect(WORDS.serial.read(latin1Bytes(`${prefix}B27KQM418\0`))).toBe("B27KQM418");
    expect(WORDS.firmware.read(latin1Bytes(`${prefix}\x0bVQ_01.02.00\0`))).toBe("VQ_01.02.00");
    expect(WORDS.unit.read(latin1Bytes(`${prefix}\x01\0\0\0`))).toBe("mmol/L");
    expect(WORDS.count.read(latin1Bytes(`${prefix}\xee\x02`))).toBe(750);
  }
  expect(WORDS.wall(WORDS.clock.read(unhex("03 06 97 07 e5 21")))).toBe("2018-01-07T16:30:15");
  expect(codeOf(() => WORDS.clock.read(unhex("05 06 97 07 e5 21")))).toBe("FRAME_MALFORMED");
});

test("control solution and meals are told, and a record may end behind the control mark", () => {
  expect(recordOf(record({ control: 1 }))).toMatchObject({ control: true, specimen: "control", value: 105 });
  expect(recordOf(record({ meal: 1 }))).toMatchObject({ meal: "before", control: false, specimen: null });
  expect(recordOf(record({ meal: 2 }))).toMatchObject({ meal: "after", note: null });
  const short = record({ control: 1 }).slice(0, 7);
  expect(recordOf(short)).toMatchObject({ control: true, meal: null, note: null });
  expect(codeOf(() => recordOf(record({}).slice(0, 8)))).toBe("FRAME_MALFORMED");
});

test("marks that nobody has described stay in the note, but for a control mark: then it is no reading", () => {
  expect(recordOf(record({ meal: 9 }))).toMatchObject({ meal: null, note: "Meal mark 9", value: 105 });
  expect(recordOf(record({ rest: [0x0b, 0] }))).toMatchObject({ note: "Unknown bytes 0b 00", value: 105 });
  expect(recordOf(record({ meal: 7, rest: [0, 1] })).note).toBe("Meal mark 7; Unknown bytes 00 01");
  expect(codeOf(() => recordOf(record({ control: 2 })))).toBe("FRAME_MALFORMED");
});

test("an empty cell, a mark in place of a value, and a date beyond all calendars are no readings", () => {
  const rest = [{ value: 0 }, { value: 0xffff }, { value: 0xfffe }, { value: 1_000 }, { seconds: 0xffffffff }];
  for (const parts of rest) expect(codeOf(() => recordOf(record(parts)))).toBe("FRAME_MALFORMED");
  // Its own beginning of time is one: a meter whose clock was lost shows it.
  expect(recordOf(record({ seconds: 0 })).deviceTime).toBe("2000-01-01T00:00:00");
});

test("annotates nothing and leaves nothing (peer bug): below 20 and above 600 only the bound is told", () => {
  expect(recordOf(record({ value: 19 }))).toMatchObject({ value: 20, outOfRange: "low", asSent: "19" });
  expect(recordOf(record({ value: 601 }))).toMatchObject({ value: 600, outOfRange: "high", asSent: "601" });
  expect(recordOf(record({ value: 20 }))).toMatchObject({ value: 20, outOfRange: null });
  expect(recordOf(record({ value: 600 }))).toMatchObject({ value: 600, outOfRange: null });
});

test("whatever a record holds, it is a reading within the bounds or refused with a problem", () => {
  let readings = 0;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 10, maxLength: 10 }), fc.integer({ min: 0, max: 1_100 }), (some, value) => {
      const data = Uint8Array.from(some);
      new DataView(data.buffer).setUint16(4, value, true);
      data[6] = (data[6] ?? 0) % 3;
      if (codeOf(() => recordOf(data)) !== "none") return;
      const reading = recordOf(data);
      expect(reading.value).toBe(Math.max(20, Math.min(600, value)));
      expect(reading.control).toBe(data[6] === 1);
      readings += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(readings).toBeGreaterThan(100);
});

test("whatever the answer, each question is answered or refused with a problem", () => {
  const questions = [WORDS.serial, WORDS.firmware, WORDS.unit, WORDS.clock, WORDS.count, WORDS.record(0)];
  fc.assert(
    fc.property(fc.constantFrom([3, 6], [4, 6], [3, 8], []), fc.uint8Array({ maxLength: 24 }), (start, rest) => {
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

const FILE = new URL("../../../shared/vectors/set-b/onetouch-verio-iq.json", import.meta.url);

function holds({ description, input_hex, expected }: Vector): void {
  const bytes = unhex(input_hex);
  const message = frameAt(bytes)?.message ?? new Uint8Array();
  if (description.includes("request")) {
    const id = Number(expected["record_id"] ?? 0);
    const local = String(expected["local_time"] ?? "2018-01-07T16:30:15");
    const questions = [WORDS.firmware, WORDS.serial, WORDS.clock, WORDS.setClock(() => local), WORDS.record(id)];
    expect(questions.map((question) => hex(question.messages()[0] ?? new Uint8Array()))).toContain(hex(message));
    if ("message_hex" in expected) expect(hex(message).replaceAll(" ", "")).toBe(expected["message_hex"]);
  } else if ("serial" in expected) expect(WORDS.serial.read(message)).toBe(expected["serial"]);
  else if ("display_unit" in expected) expect(WORDS.unit.read(message)).toBe(expected["display_unit"]);
  else if ("record_count" in expected) expect(WORDS.count.read(message)).toBe(expected["record_count"]);
  else if ("mg_dl" in expected) {
    const { deviceTime, value, control, meal } = WORDS.read(WORDS.record(0).read(message), bytes);
    expect([deviceTime, value, control, meal ?? "none"]).toEqual([
      expected["local_time"],
      expected["mg_dl"],
      expected["control"],
      expected["meal"],
    ]);
  } else expect(WORDS.wall(WORDS.clock.read(message))).toBe(expected["local_time"]);
}

describe.skipIf(!existsSync(FILE))("the samples of set b", () => {
  test("read as they say, all eleven", () => {
    const { vectors }: { vectors: readonly Vector[] } = JSON.parse(readFileSync(FILE, "utf8"));
    let ran = 0;
    for (const vector of vectors) {
      holds(vector);
      ran += 1;
    }
    expect(ran).toBe(11);
  });
});
