import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem, type Problem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { concat, hex, unhex } from "../../src/kit/bytes.js";
import { sum8 } from "../../src/kit/checksum.js";
import { readCount, readModel, readSerial, readWall, wallData } from "./codec.js";
import { answerCut, COMMANDS, dataOf, isAnswerAt, recordNumber, request } from "./frame.js";
import { readRecord } from "./record.js";
import { message } from "./scripted-meter.js";

const VECTORS = new URL("../../../shared/vectors/set-b/taidoc-td42xx.json", import.meta.url);
/** 6 May 2024, 07:31. */
const TIME = [0xa6, 0x30, 31, 7];

interface Vector {
  readonly description: string;
  readonly input_hex: string;
  readonly expected: Readonly<Record<string, string | number | boolean>>;
}

/** A record of these four bytes of value, at `TIME` or another. */
function record(value: readonly number[], time: readonly number[] = TIME): SourceReading {
  const [timeFrame, valueFrame] = [Uint8Array.from(message(0x25, time)), Uint8Array.from(message(0x26, value))];
  return readRecord(timeFrame, valueFrame, concat([timeFrame, valueFrame, timeFrame]));
}

/** A value's four bytes: the amount, and mark and kind. */
function bytesOf(amount: number, mark: number, kind: number): readonly number[] {
  return [amount & 255, amount >> 8, 0, (mark << 6) | (kind << 2)];
}

/** The problem that it throws. */
function problemOf(read: () => unknown): Problem {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** What this driver makes of a vector, in the vector's words. */
function made({ description, input_hex, expected }: Vector): Record<string, unknown> {
  const bytes = unhex(input_hex);
  if (bytes.length === 4) return { local_time: readWall(bytes) };
  if (expected["direction"] === "host") {
    const ours = request(COMMANDS.connect);
    return { command: ours[1], direction: "host", checksum_ok: hex(ours) === hex(bytes) };
  }
  if ("record_id" in expected) {
    const ours = request(COMMANDS.recordTime, recordNumber(Number(expected["record_id"])));
    return hex(ours) === hex(bytes) ? expected : { description };
  }
  expect(isAnswerAt(bytes, 0)).toBe(true);
  const data = dataOf(bytes);
  switch (bytes[1]) {
    case COMMANDS.connect:
      return { command: bytes[1], direction: "meter" };
    case COMMANDS.model:
      return { model: readModel(data) };
    case COMMANDS.clock:
      return { local_time: readWall(data) };
    case COMMANDS.count:
      return { record_count: readCount(data) };
    default: {
      const reading = record([...data]);
      if (reading.kind === "ketone") return { kind: "ketone", mmol_l: reading.value };
      const { value, meal, control } = reading;
      return { mg_dl: value, ...(meal === null ? {} : { meal }), ...(control ? { control } : {}) };
    }
  }
}

describe.skipIf(!existsSync(VECTORS))("the vectors of set b", () => {
  test("are all understood as they should be", () => {
    const { vectors }: { vectors: readonly Vector[] } = JSON.parse(readFileSync(VECTORS, "utf8"));
    for (const vector of vectors) expect(made(vector), vector.description).toEqual(vector.expected);
    expect(vectors).toHaveLength(13);
  });
});

describe("a message", () => {
  test("is eight bytes with the sum of the first seven", () => {
    for (const command of Object.values(COMMANDS)) {
      const bytes = request(command, Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc));
      expect([bytes.length, bytes[0], bytes[1], bytes[6]]).toEqual([8, 0x51, command, 0xa3]);
      expect(bytes[7]).toBe(sum8(bytes.subarray(0, 7)));
    }
    expect(Object.keys(COMMANDS)).toHaveLength(9);
    expect(hex(recordNumber(0x1234))).toBe("34 12 00 00");
  });

  test("that erases can't be made", () => {
    expect(Object.values(COMMANDS)).not.toContain(0x52);
  });

  test("of the meter is found behind noise and late answers, and never before it is whole", () => {
    const wanted = message(0x26, [105, 0, 0, 0x40]);
    const before = [0x51, 0x26, 1, 2, ...message(0x25, TIME), 0x51];
    const cut = answerCut([0x26, 0x54]);
    const all = Uint8Array.from([...before, ...wanted, 0x51]);
    for (let length = 0; length < before.length + 8; length += 1) expect(cut(all.subarray(0, length))).toBe(0);
    expect(cut(all)).toBe(before.length + 8);
  });

  test("with one bit turned over is none, nor is one that the hub sent", () => {
    const sound = message(0x26, [105, 0, 0, 0x40]);
    let ran = 0;
    for (let bit = 0; bit < 64; bit += 1) {
      const torn = Uint8Array.from(sound, (byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(isAnswerAt(torn, 0)).toBe(false);
      ran += 1;
    }
    expect(ran).toBe(64);
    expect(isAnswerAt(request(COMMANDS.recordValue), 0)).toBe(false);
    expect(isAnswerAt(Uint8Array.from(sound.slice(0, 7)), 0)).toBe(false);
  });

  test("is found in any bytes without a throw, and only where there is one", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const end = answerCut([0x25])(bytes);
        if (end > 0) expect(isAnswerAt(bytes, end - 8)).toBe(true);
        else
          for (let at = 0; at < bytes.length; at += 1)
            expect(isAnswerAt(bytes, at) && bytes[at + 1] === 0x25).toBe(false);
      }),
    );
  });
});

describe("date and time", () => {
  test("go into four bytes and come back, to the minute, for every moment of the century", () => {
    const moments = fc.date({
      min: new Date("2000-01-01T00:00:00Z"),
      max: new Date("2099-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moments, (moment) => {
        const wall = moment.toISOString().slice(0, 19);
        expect(readWall(wallData(wall))).toBe(`${wall.slice(0, 16)}:00`);
      }),
    );
  });

  test("that do not exist are refused, in any bytes", () => {
    const impossible = [
      "00 00 00 00",
      "bf ff 00 00",
      "5e 30 00 00",
      "a0 30 00 00",
      "a6 31 00 00",
      "a6 30 3c 00",
      "a6 30 00 18",
      "ff ff ff ff",
    ];
    for (const bytes of impossible) expect(problemOf(() => readWall(unhex(bytes))).code, bytes).toBe("FRAME_MALFORMED");
    expect(impossible).toHaveLength(8);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        try {
          expect(Number.isNaN(Date.parse(`${readWall(bytes)}Z`))).toBe(false);
        } catch (error) {
          expect(isProblem(error, "FRAME_MALFORMED")).toBe(true);
        }
      }),
    );
  });

  test("the meter can't show are not sent", () => {
    for (const wall of ["1999-12-31T23:59:59", "2100-01-01T00:00:00", "2024-02-30T00:00:00", "noon"]) {
      expect(problemOf(() => wallData(wall)).code).toBe("FRAME_MALFORMED");
    }
    expect(hex(wallData("2024-05-06T07:31:59"))).toBe("a6 30 1f 07");
  });
});

describe("who it is", () => {
  test("model bytes shorter than two digits are padded (the peer leaves the zero out)", () => {
    expect(readModel(unhex("05 42 00 00"))).toBe("TD-4205");
    expect(readModel(unhex("00 42 12 34"))).toBe("TD-4200");
    expect(readModel(unhex("41 41 00 00"))).toBe("TD-4141");
  });

  test("another device of the maker's is refused by name: its numbers mean something else", () => {
    for (const [bytes, digits] of [
      ["28 31 00 00", "3128"],
      ["61 32 00 00", "3261"],
      ["0a 42 00 00", "420A"],
      ["42 41 00 00", "4142"],
      ["00 00 00 00", "0000"],
    ]) {
      const problem = problemOf(() => readModel(unhex(bytes ?? "")));
      expect([problem.code, problem.context["model"]]).toEqual(["METER_UNSUPPORTED", digits]);
    }
  });

  test("the serial number is both halves, each turned round, the high one first", () => {
    expect(readSerial(unhex("13 20 71 42"), unhex("0b 00 93 05"))).toBe("427120130593000B");
  });
});

describe("a record", () => {
  test("is a reading with the meter's own time, mg/dL, and the blood's origin left open", () => {
    expect(record(bytesOf(105, 1, 0))).toMatchObject({
      ...{ kind: "glucose", value: 105, unit: "mg/dL", outOfRange: null, control: false, meal: "before" },
      ...{ specimen: null, note: null, deviceTime: "2024-05-06T07:31:00", asSent: "105", index: null },
    });
    expect(record(bytesOf(205, 2, 0))).toMatchObject({ value: 205, meal: "after", control: false });
    expect(record(bytesOf(95, 0, 0))).toMatchObject({ value: 95, meal: null, control: false });
  });

  test("control solution is told as such (the peer of sheet b ends the session there)", () => {
    expect(record(bytesOf(110, 3, 0))).toMatchObject({ value: 110, control: true, specimen: "control", meal: null });
    expect(record(bytesOf(45, 3, 7))).toMatchObject({ kind: "ketone", value: 1.5, control: true, specimen: "control" });
  });

  test("HI and LO are bounds and never numbers beyond them", () => {
    const told = [0, 19, 20, 600, 601, 65_535].map((amount) => record(bytesOf(amount, 0, 0)));
    expect(told.map(({ value, outOfRange }) => [value, outOfRange])).toEqual([
      [20, "low"],
      [20, "low"],
      [20, null],
      [600, null],
      [600, "high"],
      [600, "high"],
    ]);
    const ketones = [0, 240, 241, 65_535].map((amount) => record(bytesOf(amount, 0, 7)));
    expect(ketones.map(({ value, outOfRange }) => [value, outOfRange])).toEqual([
      [0, null],
      [8, null],
      [8, "high"],
      [8, "high"],
    ]);
    expect(told.map(({ asSent }) => asSent)).toEqual(["0", "19", "20", "600", "601", "65535"]);
  });

  test("ketone 45 as 0.1 instead of 1.5: thirtieths of mmol/L are divided once and never cut to whole ones", () => {
    expect(record(bytesOf(45, 0, 7))).toMatchObject({
      kind: "ketone",
      value: 1.5,
      unit: "mmol/L",
      outOfRange: null,
      asSent: "45",
    });
    const all = Array.from({ length: 241 }, (_, amount) => record(bytesOf(amount, 0, 7)).value ?? -1);
    for (const [amount, value] of all.entries()) expect(Math.abs(value - amount / 30)).toBeLessThan(0.0006);
    expect(new Set(all).size).toBe(241);
  });

  test("GlucoRx ketone and cholesterol stored as glucose: what is no glucose is never told as glucose", () => {
    expect(record(bytesOf(200, 0, 7)).kind).toBe("ketone");
    const names = [];
    for (const kind of [6, 8, 9, 0xb, 0xc, 0xd]) {
      for (const mark of [0, 1, 2, 3]) {
        const problem = problemOf(() => record(bytesOf(200, mark, kind)));
        expect(problem.code).toBe("FRAME_MALFORMED");
        if (mark === 0) names.push(problem.message);
      }
    }
    expect(names.map((name) => /record of ([a-z ]+),/.exec(name)?.[1])).toEqual([
      "haematocrit",
      "uric acid",
      "cholesterol",
      "haemoglobin",
      "lactate",
      "triglycerides",
    ]);
    for (const kind of [1, 2, 3, 4, 5, 0xa, 0xe, 0xf]) {
      expect(problemOf(() => record(bytesOf(200, 0, kind))).message).toContain(`(${kind})`);
    }
  });

  test("flags tested as bit masks although the type is an enumeration: a kind that shares ketone's bits is no ketone", () => {
    // 7 has the bits of 1 to 6, and F those of all: as masks, each would pass for another.
    const kinds = Array.from({ length: 16 }, (_, kind) => {
      try {
        return record(bytesOf(45, 0, kind)).kind;
      } catch {
        return null;
      }
    });
    expect(kinds.map((kind, number) => [number, kind]).filter(([, kind]) => kind !== null)).toEqual([
      [0, "glucose"],
      [7, "ketone"],
    ]);
    // 11 in the mark's two bits is control, and neither before nor after a meal.
    expect(record(bytesOf(100, 3, 0))).toMatchObject({ control: true, meal: null });
  });

  test("bits of which nothing is known stand in the note, and change nothing else", () => {
    const plain = record(bytesOf(105, 1, 0));
    const noted = record([105, 0, 0x1a, 0x42], [0xa6, 0x30, 31 | 0x40, 7 | 0x80]);
    expect({ ...noted, raw: null, note: null }).toEqual({ ...plain, raw: null });
    expect(noted.note).toBe("Bits of unknown meaning: 40 80 1a 02");
  });

  test("whose date does not exist is refused", () => {
    expect(problemOf(() => record(bytesOf(105, 0, 0), [0x5e, 0x30, 0, 0])).code).toBe("FRAME_MALFORMED");
    expect(problemOf(() => record([255, 255, 255, 255], [255, 255, 255, 255])).code).toBe("FRAME_MALFORMED");
  });

  test("of any bytes is within the limits or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (value) => {
        try {
          const { kind, value: told } = record([...value]);
          expect(told).toBeGreaterThanOrEqual(kind === "glucose" ? 20 : 0);
          expect(told).toBeLessThanOrEqual(kind === "glucose" ? 600 : 8);
        } catch (error) {
          expect(isProblem(error, "FRAME_MALFORMED")).toBe(true);
        }
      }),
    );
  });
});
