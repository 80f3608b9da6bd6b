import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem, type Problem } from "../../src/domain/problem.js";
import { concat, hex, latin1Bytes, unhex } from "../../src/kit/bytes.js";
import { clockPayload, isAgreed, isEmpty, isSound, readClock, readRecord, readSerial } from "./codec.js";
import { cutPiece, isRecordPacket, piecesIn } from "./dump-pieces.js";
import { cutPacket, isPacket, packetBytes, payloadOf } from "./packet.js";

/** A packet of the meter, summed up here apart from the codec. */
function packet(operation: number, payload: readonly number[]): Uint8Array {
  const body = [operation, ...payload, 0, 0, 0, 0, 0, 0, 0, 0].slice(0, 9);
  return Uint8Array.of(0xdd, ...body, body.reduce((sum, byte) => sum + byte, 0) % 256);
}

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly amount: number;
  readonly control: number;
  readonly unit: number;
  readonly marks: number;
  readonly off: number;
}
const PLAIN: Parts = {
  ...{ year: 24, month: 5, day: 6, hour: 7, minute: 31, amount: 104 },
  ...{ control: 0, unit: 1, marks: 0, off: 0 },
};

function record(given: Partial<Parts> = {}): Uint8Array {
  const { year, month, day, hour, minute, amount, control, unit, marks, off } = { ...PLAIN, ...given };
  const word = (number: number): number[] => [number & 255, (number >> 8) & 255];
  const sum = year + unit + control + month + day + hour + minute + amount + off;
  const when = day + hour * 32 + minute * 1024;
  return packet(0x10, [
    ...[year + unit * 128, month * 16 + marks * 2 + control],
    ...word(when),
    ...word(amount),
    ...word(sum),
  ]);
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

describe("a packet", () => {
  test("of the hub is eleven bytes with their sum", () => {
    expect(hex(packetBytes(0x00))).toBe("aa 00 00 00 00 00 00 00 00 00 00");
    expect(hex(packetBytes(0x10))).toBe("aa 10 00 00 00 00 00 00 00 00 10");
    expect(hex(packetBytes(0x16, Uint8Array.of(24, 5, 6, 8, 8)))).toBe("aa 16 18 05 06 08 08 00 00 00 49");
  });

  test("of the meter is found behind noise, and not with any one bit turned over", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.nat(0xff), (payload, operation) => {
        const sound = packet(operation, [...payload]);
        expect(isPacket(sound, 0, operation)).toBe(true);
        expect(payloadOf(sound)).toEqual(payload);
        expect(cutPacket(operation)(concat([Uint8Array.of(1, 0xdd, 2), sound, Uint8Array.of(9)]))).toBe(14);
        expect(cutPacket(operation)(sound.subarray(0, 10))).toBe(0);
        for (let bit = 0; bit < 88; bit += 1) {
          const torn = sound.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
          expect(isPacket(torn, 0, operation)).toBe(false);
        }
      }),
    );
  });
});

describe("an answer", () => {
  test("agrees by its first byte", () => {
    expect([isAgreed(packet(0, [1])), isAgreed(packet(0, [0])), isAgreed(packet(0, [0, 1]))]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("has the serial number backwards, eight letters and digits", () => {
    expect(
      readSerial(
        packet(
          0x0f,
          [..."E2406173"].reverse().map((letter) => letter.charCodeAt(0)),
        ),
      ),
    ).toBe("E2406173");
    for (const text of ["E240617 ", "E24061\0\0", "\xff\xff\xff\xff\xff\xff\xff\xff"]) {
      expect(problemOf(() => readSerial(packet(0x0f, [...latin1Bytes(text)]))).code).toBe("FRAME_MALFORMED");
    }
  });

  test("has the clock to the minute, whatever stands in the bits above the year and month", () => {
    expect(readClock(packet(7, [24, 5, 0x06, 0x21]))).toBe("2024-05-06T08:08:00");
    expect(readClock(packet(7, [24 + 128, 5 + 0xf0, 0x06, 0x21]))).toBe("2024-05-06T08:08:00");
    for (const payload of [
      [24, 13, 6, 0],
      [24, 0, 6, 0],
      [24, 5, 0, 0],
      [23, 2, 29, 0],
      [24, 5, 6, 0xf0],
      [24, 5, 6, 3],
      [100, 1, 1, 0],
    ]) {
      expect(problemOf(() => readClock(packet(7, payload))).code, String(payload)).toBe("FRAME_MALFORMED");
    }
  });

  test("is what sets the clock: a byte each, no seconds", () => {
    expect([...clockPayload("2024-05-06T08:08:59")]).toEqual([24, 5, 6, 8, 8]);
    expect(problemOf(() => clockPayload("2124-05-06T08:08:59")).code).toBe("FRAME_MALFORMED");
  });
});

describe("a record", () => {
  test.each<[Partial<Parts>, object]>([
    [{}, { value: 104, outOfRange: null, control: false, specimen: null, note: null, meal: null, asSent: "104" }],
    [{ control: 1 }, { value: 104, control: true, specimen: "control" }],
    [{ amount: 600 }, { value: 600, outOfRange: "high" }],
    [
      { amount: 601, control: 1 },
      { value: 600, outOfRange: "high", control: true, asSent: "601" },
    ],
    [{ amount: 65_535 }, { value: 600, outOfRange: "high" }],
    [{ amount: 599 }, { value: 599, outOfRange: null }],
    [{ amount: 20 }, { value: 20, outOfRange: "low" }],
    [{ amount: 0 }, { value: 20, outOfRange: "low" }],
    [{ amount: 21 }, { value: 21, outOfRange: null }],
    [{ marks: 5 }, { value: 104, note: "Unknown marks 101" }],
  ])("with %o is read as it is meant", (given, wanted) => {
    const raw = record(given);
    expect(isRecordPacket(raw)).toBe(true);
    expect(readRecord(raw)).toMatchObject({ ...wanted, unit: "mg/dL", kind: "glucose", index: null, raw });
  });

  test("is read whatever its numbers and date are", () => {
    const moments = fc.date({
      min: new Date("2000-01-01T00:00Z"),
      max: new Date("2099-12-31T23:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(
        moments,
        fc.integer({ min: 0, max: 700 }),
        fc.integer({ min: 0, max: 1 }),
        (moment, amount, control) => {
          const wall = `${moment.toISOString().slice(0, 16)}:00`;
          const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = (wall.slice(2).match(/\d\d/g) ?? []).map(Number);
          const reading = readRecord(record({ year, month, day, hour, minute, amount, control }));
          expect(reading.deviceTime).toBe(wall);
          expect(reading.value).toBe(Math.min(600, Math.max(20, amount)));
          expect(reading.outOfRange === null).toBe(amount > 20 && amount < 600);
          expect(reading.control).toBe(control === 1);
        },
      ),
    );
  });

  test("in mmol/L is never a number", () => {
    expect(problemOf(() => readRecord(record({ unit: 0, amount: 58 }))).code).toBe("METER_UNSUPPORTED");
  });

  test("whose own checksum is wrong, or whose day does not exist, is not read", () => {
    expect(isSound(record())).toBe(true);
    expect(problemOf(() => readRecord(record({ off: 1 }))).code).toBe("FRAME_CHECKSUM");
    expect(problemOf(() => readRecord(record({ off: 256 }))).code).toBe("FRAME_CHECKSUM");
    for (const date of [
      { month: 13 },
      { month: 0 },
      { day: 0 },
      { day: 31, month: 4 },
      { hour: 24 },
      { minute: 60 },
      { year: 100 },
    ]) {
      expect(problemOf(() => readRecord(record(date))).code).toBe("FRAME_MALFORMED");
    }
  });

  test("is empty if all its payload is FF, and only then", () => {
    expect(isEmpty(packet(0x10, [255, 255, 255, 255, 255, 255, 255, 255]))).toBe(true);
    expect(isEmpty(packet(0x10, [255, 255, 255, 255, 255, 255, 255, 254]))).toBe(false);
  });
});

describe("a dump", () => {
  const taken = (bytes: Uint8Array): string[] => {
    const pieces: string[] = [];
    for (let rest = bytes, end = cutPiece(rest); end > 0; end = cutPiece(rest)) {
      pieces.push(isRecordPacket(rest.subarray(0, end)) ? "packet" : `damage ${end}`);
      rest = rest.subarray(end);
    }
    return pieces;
  };
  const three = [record(), record({ day: 7 }), record({ day: 8 })];

  test("falls into its packets", () => {
    expect(taken(concat(three))).toEqual(["packet", "packet", "packet"]);
    expect(taken(concat(three).subarray(0, 32))).toEqual(["packet", "packet"]);
  });

  test("is taken up again behind a damaged packet, a lost byte and noise", () => {
    const all = concat(three);
    expect(taken(all.map((byte, at) => (at === 15 ? byte ^ 1 : byte)))).toEqual(["packet", "damage 11", "packet"]);
    expect(taken(concat([all.subarray(0, 14), all.subarray(15)]))).toEqual(["packet", "damage 10", "packet"]);
    const unsound = concat([record(), record(), record({ off: 3 })]).map((byte, at) => (at === 15 ? byte ^ 1 : byte));
    expect(taken(unsound)).toEqual(["packet", "damage 11", "packet"]);
    expect(taken(concat([Uint8Array.of(0xdd, 0x10, 7), all]))).toEqual(["damage 3", "packet", "packet", "packet"]);
    expect([1, 10, 11, 16, 17, 33].map((length) => piecesIn(new Uint8Array(length)))).toEqual([1, 1, 1, 1, 2, 3]);
  });

  test("of nothing but noise is taken out as damage, so that it does not pile up", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 67, maxLength: 500 }), (noise) => {
        let rest = noise;
        for (let end = cutPiece(rest); end > 0; end = cutPiece(rest)) rest = rest.subarray(end);
        expect(rest.length).toBeLessThanOrEqual(66);
      }),
    );
  });
});

test("the bytes of the sheet's layout, put together by hand, are read", () => {
  // 2024, mg/dL; May, control; day 6 + hour 7 x 32 + minute 31 x 1024; 104; sum 24+1+1+5+6+7+31+104 = 179.
  const bytes = unhex("dd 10 98 51 e6 7c 68 00 b3 00 76");
  expect(readRecord(bytes)).toMatchObject({ deviceTime: "2024-05-06T07:31:00", value: 104, control: true });
  expect(isRecordPacket(bytes)).toBe(true);
});
