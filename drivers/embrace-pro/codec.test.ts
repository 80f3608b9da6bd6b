import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { hex } from "../../src/kit/bytes.js";
import { clockData, readCount, readRecord, readSerial } from "./codec.js";
import { packetOf, readPacket } from "./packet.js";
import { type Fields, framed, RECORDS, recordOf, STAMPS } from "./scripted-meter.js";

const RAW = Uint8Array.of(1, 2, 3);
const read = (bytes: readonly number[]) => readRecord(Uint8Array.from(bytes), RAW);
const readOf = (fields: Fields) => read(recordOf(fields));

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "nothing";
}

/** The record with bits of one byte set. */
function withBits(place: number, bits: number): readonly number[] {
  return recordOf().map((byte, at) => (at === place ? byte | bits : byte));
}

describe("a packet", () => {
  test("is start, size, its complement, command, data and two check bytes, worked out by hand", () => {
    // 80 ^ FE = 7E, complemented 81; 01 ^ 09 = 08, complemented F7.
    expect(hex(packetOf(0x09))).toBe("80 01 fe 09 81 f7");
    expect(hex(packetOf(0x00))).toBe("80 01 fe 00 81 fe");
    // Record 258: 80 ^ FC ^ 01 = 7D, complemented 82; 03 ^ 01 ^ 02 = 00, complemented FF.
    expect(hex(packetOf(0x01, [0x01, 0x02]))).toBe("80 03 fc 01 01 02 82 ff");
    expect(packetOf(0x04, [24, 5, 6, 8, 7, 9])).toEqual(framed(0x04, [24, 5, 6, 8, 7, 9]));
  });

  test("is read out of a report that is filled up with anything", () => {
    for (const filling of [[], [0, 0, 0], [255, 1, 2]]) {
      const { command, data, raw } = readPacket(Uint8Array.of(...framed(1, recordOf()), ...filling));
      expect([command, [...data]]).toEqual([1, recordOf()]);
      expect(raw).toEqual(framed(1, recordOf()));
    }
  });

  test("is refused with any bit of it turned over", () => {
    const packet = framed(1, recordOf());
    let ran = 0;
    for (let bit = 0; bit < packet.length * 8; bit += 1) {
      const turned = packet.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(
        codeOf(() => readPacket(turned)),
        `bit ${bit}`,
      ).toMatch(/^FRAME_/);
      ran += 1;
    }
    expect(ran).toBe(112);
  });

  test("is refused cut short, empty, and with a size that does not fit the report", () => {
    const packet = framed(1, recordOf());
    for (let end = 1; end < packet.length; end += 1) {
      expect(
        codeOf(() => readPacket(packet.slice(0, end))),
        `${end} bytes`,
      ).toBe("FRAME_TRUNCATED");
    }
    expect(codeOf(() => readPacket(new Uint8Array()))).toBe("FRAME_MALFORMED");
    expect(codeOf(() => readPacket(Uint8Array.of(0x80, 0xff, 0x00, 1, 2, 3, 4)))).toBe("FRAME_TRUNCATED");
    expect(codeOf(() => readPacket(Uint8Array.of(0x80, 0x00, 0xff, 1, 2, 3, 4)))).toBe("FRAME_MALFORMED");
  });

  test("comes back from its bytes, and anything else is refused with a name", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 50 }), (command, data) => {
        const packet = readPacket(packetOf(command, [...data]));
        expect([packet.command, [...packet.data]]).toEqual([command, [...data]]);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(codeOf(() => readPacket(bytes))).toMatch(/^(?:nothing|FRAME_)/);
      }),
    );
  });
});

describe("a record", () => {
  test("has the fields of the sheet", () => {
    const readings = RECORDS.map(read);
    expect(readings.map(({ deviceTime }) => deviceTime)).toEqual(STAMPS);
    expect(readings.map(({ value }) => value)).toEqual([104, 93, 121]);
    expect(readings.map(({ meal }) => meal)).toEqual([null, "after", null]);
    expect(readings.map(({ control }) => control)).toEqual([false, false, true]);
    expect(readings.map(({ specimen }) => specimen)).toEqual([null, null, "control"]);
    expect(readOf({ event: 2 }).meal).toBe("before");
    expect(readings[0]).toMatchObject({
      kind: "glucose",
      unit: "mg/dL",
      asSent: "104",
      note: null,
      index: null,
      raw: RAW,
    });
    // Worked out by hand: 24 years, month 10, day 31, 23:59, 300 mg/dL, before a meal.
    expect(read([0x01, 0x02, 0x31, 0x5f, 0x01, 0x2c, 0x85, 0xfb])).toMatchObject({
      deviceTime: "2024-10-31T23:59:00",
      value: 300,
      meal: "before",
    });
  });

  test("HI and LO stored as 601 or 501: 601 and 19 are the bounds with their flags, 501 is a number", () => {
    const shown = (value: number): unknown => {
      const { value: number, outOfRange, asSent } = readOf({ value });
      return [number, outOfRange, asSent];
    };
    expect(shown(601)).toEqual([600, "high", "601"]);
    expect(shown(19)).toEqual([20, "low", "19"]);
    expect(shown(600)).toEqual([600, null, "600"]);
    expect(shown(501)).toEqual([501, null, "501"]);
    expect(shown(20)).toEqual([20, null, "20"]);
    for (const value of [0, 1, 18, 602, 1023]) {
      expect(
        codeOf(() => readOf({ value })),
        String(value),
      ).toBe("FRAME_MALFORMED");
    }
  });

  test("keeps bits without a known meaning in its note", () => {
    expect(read(withBits(4, 0x04))).toMatchObject({ value: 104, note: "Unexplained bits 4 and 0" });
    expect(read(withBits(6, 0x28))).toMatchObject({ deviceTime: STAMPS[0], note: "Unexplained bits 0 and 40" });
  });

  test.each([
    ["month 0", recordOf({ wall: "2024-00-06T07:31" })],
    ["month 13", recordOf({ wall: "2024-13-06T07:31" })],
    ["the 30th of February", recordOf({ wall: "2024-02-30T07:31" })],
    ["hour 24", recordOf({ wall: "2024-05-06T24:31" })],
    ["minute 60", recordOf({ wall: "2024-05-06T07:60" })],
    ["an erased cell", [0, 0, 255, 255, 255, 255, 255, 255]],
    ["an empty cell", [0, 0, 0, 0, 0, 0, 0, 0]],
    ["seven bytes", recordOf().slice(0, 7)],
  ])("with %s is no reading", (_, bytes) => {
    expect(codeOf(() => read(bytes))).toBe("FRAME_MALFORMED");
  });

  test("comes back from its bytes whatever it is, and never as a number that no display shows", () => {
    let readings = 0;
    fc.assert(
      fc.property(
        fc.date({ min: new Date("2000-01-01"), max: new Date("2127-12-31T23:59:00"), noInvalidDate: true }),
        fc.integer({ min: 0, max: 1023 }),
        fc.integer({ min: 0, max: 3 }),
        (date, value, event) => {
          const wall = date.toISOString().slice(0, 16);
          const years = Number(wall.slice(0, 4)) - 2000;
          const bytes = recordOf({ wall, value, event }).map((byte, at) =>
            at === 2 ? years * 2 + Math.floor(Number(wall.slice(5, 7)) / 8) : byte,
          );
          if ((value < 20 && value !== 19) || value > 601) {
            expect(codeOf(() => read(bytes))).toBe("FRAME_MALFORMED");
            return;
          }
          readings += 1;
          const reading = read(bytes);
          expect(reading.deviceTime).toBe(`${wall}:00`);
          expect(reading.control).toBe(event === 3);
          expect(reading.value).toBe(Math.min(600, Math.max(20, value)));
        },
      ),
      { numRuns: 300 },
    );
    expect(readings).toBeGreaterThan(50);
  });
});

describe("other data", () => {
  test("holds the count, most significant byte first", () => {
    expect(readCount(Uint8Array.of(0x01, 0x02))).toBe(258);
    expect(readCount(Uint8Array.of(0, 0))).toBe(0);
  });

  test("holds the serial number as seven characters", () => {
    expect(readSerial(Buffer.from("A441035"))).toBe("A441035");
    expect(readSerial(Buffer.from("A4410\u0000\u0000"))).toBe("A4410");
    for (const text of ["\u0000\u0000\u0000\u0000\u0000\u0000\u0000", "\xff\xff\xff\xff\xff\xff\xff", "A44103\u0001"]) {
      expect(codeOf(() => readSerial(Buffer.from(text, "latin1")))).toBe("FRAME_MALFORMED");
    }
  });

  test("sets the clock as year, month, day, hour, minute, second", () => {
    expect(clockData("2024-05-06T08:07:09")).toEqual([24, 5, 6, 8, 7, 9]);
  });
});
