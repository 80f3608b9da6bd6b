import fc from "fast-check";
import { expect, test } from "vitest";
import { isProblem } from "../../../../src/domain/problem.js";
import { concat, latin1Bytes, unhex } from "../../../../src/kit/bytes.js";
import { aapBytes, takeAap } from "./aap.js";
import { ackContent, atpContent, nextNumber, readAck, readAtp } from "./atp.js";
import { expandDatabase } from "./compressed.js";
import { crc16Record, crc32Words } from "./crc.js";
import { readFactory } from "./factory.js";
import { type BinaryTold, readRecord } from "./read-record.js";
import { RecordNumbers } from "./record-number.js";
import { simulatedCrc16, simulatedCrc32, simulatedFrame } from "./simulated-wire.js";
import { CLOCK, NEXT_RECORD } from "./text-questions.js";

const TIME_BASE = 1_388_534_400;

const u16 = (number: number): number[] => [number & 0xff, (number >> 8) & 0xff];
const u32 = (number: number): number[] => [...u16(number & 0xffff), ...u16((number >>> 16) & 0xffff)];

/** A record by the sheet: table, header, body, checksum. */
function recordOf(
  kind: number,
  body: readonly number[],
  { table = 0, bits = 500, flags = 0x80, time = 326_000_000, offset = -3_600 } = {},
): Uint8Array {
  const bytes = [...u16(bits), kind, flags, ...u32(time), ...u32(offset), ...body];
  return Uint8Array.from([table, ...bytes, ...u16(simulatedCrc16(bytes))]);
}

const historical = (word: number, quality = 0): Uint8Array =>
  recordOf(12, [...u16(word), ...u16(615), ...u16(quality)], { table: 6 });
const result = (word: number, quality = 0, kind = 1): Uint8Array =>
  recordOf(kind, [...u16(word), 0, 0, 0, 0, 0, 0, 0, 0, ...u16(quality)]);
const read = (raw: Uint8Array, next = 1_000): BinaryTold =>
  readRecord(raw, { timeBase: TIME_BASE, numbers: new RecordNumbers(next) });
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "none";
};

test("checksums agree with those of the simulated reader for any bytes, and frames are read as they were written", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 56 }), fc.nat(255), fc.nat(255), (data, expects, own) => {
      expect(crc32Words(data)).toBe(simulatedCrc32(data));
      expect(crc16Record(data)).toBe(simulatedCrc16([...data]));
      expect(readAtp(atpContent({ expects, own }, data))).toEqual({ expects, own, data });
      expect(readAck(ackContent({ expects, own }))).toEqual({ expects, own });
    }),
  );
});

test("a frame with any bit of its data or checksum turned over is refused", () => {
  const content = atpContent({ expects: 3, own: 9 }, unhex("81 31 06"));
  let ran = 0;
  for (let at = 2; at < content.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const damaged = content.map((byte, place) => (place === at ? byte ^ (1 << bit) : byte));
      expect(codeOf(() => readAtp(damaged))).toBe("FRAME_CHECKSUM");
      ran += 1;
    }
  }
  expect(ran).toBe(7 * 8);
  expect(codeOf(() => readAtp(content.subarray(0, 5)))).toBe("FRAME_TRUNCATED");
  expect(readAck(content)).toBeNull();
  expect([nextNumber(0), nextNumber(255)]).toEqual([1, 0]);
  expect(() => atpContent({ expects: 0, own: 0 }, new Uint8Array(57))).toThrow(RangeError);
});

test("inner frames of any length are found one behind the other, wherever they are cut", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(127), fc.uint8Array({ maxLength: 300 })), { maxLength: 5 }), (frames) => {
      const bytes = concat(frames.map(([opcode, data]) => aapBytes(opcode, data)));
      expect(bytes).toEqual(concat(frames.map(([opcode, data]) => simulatedFrame(opcode, [...data]))));
      let at = 0;
      for (const [opcode, data] of frames) {
        expect(takeAap(bytes.subarray(0, at), at)).toBeNull();
        const taken = takeAap(bytes, at);
        expect(taken?.frame).toEqual({ opcode, data });
        expect(takeAap(bytes.subarray(0, (taken?.next ?? 0) - 1), at)).toBeNull();
        at = taken?.next ?? Number.NaN;
      }
      expect(at).toBe(bytes.length);
    }),
  );
  expect(takeAap(unhex("81 80 80 31 07"))).toMatchObject({ frame: { opcode: 0x31, data: Uint8Array.of(7) }, next: 5 });
  expect(codeOf(() => takeAap(unhex("81 82 83 84 31")))).toBe("FRAME_MALFORMED");
  expect(() => aapBytes(1, new Uint8Array(1 << 21))).toThrow(RangeError);
});

test("zeros of a compressed record are zeros, not holes that only look right to the checksum", () => {
  const plain = unhex("11 22 33 44 00 00 00 00 00 00 00 00 55 66 77 88");
  const data = unhex(`06 fd 01 00 00 11 22 33 44 ff 02 00 00 fd 01 00 00 55 66 77 88`);
  const packed = Uint8Array.from([...data, ...u32(simulatedCrc32(plain))]);
  expect(expandDatabase(packed)).toEqual(Uint8Array.of(6, ...plain));
  expect([...expandDatabase(packed)].every(Number.isInteger)).toBe(true);
  expect(codeOf(() => expandDatabase(packed.map((byte, at) => (at === 6 ? byte ^ 4 : byte))))).toBe("FRAME_CHECKSUM");
  expect(codeOf(() => expandDatabase(packed.map((byte, at) => (at === 1 ? 0xfe : byte))))).toBe("FRAME_MALFORMED");
  expect(codeOf(() => expandDatabase(packed.map((byte, at) => (at === 12 ? 0x7f : byte))))).toBe("FRAME_MALFORMED");
  expect(codeOf(() => expandDatabase(packed.map((byte, at) => (at === 14 ? 2 : byte))))).toBe("FRAME_TRUNCATED");
  for (let cut = 0; cut < packed.length; cut += 1)
    expect(codeOf(() => expandDatabase(packed.slice(0, cut)))).not.toBe("none");
});

test("the factory's table gives unit and time base, and is refused when damaged, cut, or of another number", () => {
  const fields = new Uint8Array(232);
  fields[133] = 0;
  fields.set(u32(TIME_BASE), 156);
  const table = (first: number, own: Uint8Array): Uint8Array =>
    Uint8Array.from([first, ...own, ...u32(simulatedCrc32(own))]);
  expect(readFactory(table(1, fields))).toEqual({ displayUnit: "mmol/L", timeBase: TIME_BASE });
  expect(
    readFactory(
      table(
        1,
        fields.map((byte, at) => (at === 133 ? 7 : byte)),
      ),
    ).displayUnit,
  ).toBeNull();
  expect(codeOf(() => readFactory(table(2, fields)))).toBe("FRAME_MALFORMED");
  expect(codeOf(() => readFactory(table(1, fields.fill(0, 156, 160))))).toBe("FRAME_MALFORMED");
  expect(codeOf(() => readFactory(table(1, fields).slice(0, 160)))).toBe("FRAME_TRUNCATED");
  expect(codeOf(() => readFactory(table(1, fields).map((byte, at) => (at === 200 ? 1 : byte))))).toBe("FRAME_CHECKSUM");
});

test("a record's time is time base, reader's time and user's offset, to the second", () => {
  expect(read(historical(113))).toMatchObject({
    number: 500,
    reading: { deviceTime: "2024-05-01T02:33:20", value: 113, asSent: "history 113", index: 500, control: false },
  });
  const unset = read(recordOf(12, [...u16(113), 0, 0, 0, 0], { table: 6, flags: 0 }));
  expect(unset).toMatchObject({
    reading: { deviceTime: null, note: "The clock was not set and showed 2024-05-01T02:33:20", value: 113 },
  });
  const lost = read(recordOf(12, [...u16(113), 0, 0, 0, 0], { time: 0, offset: -2_000_000_000 }));
  expect(lost).toMatchObject({ unreadable: { code: "FRAME_MALFORMED" } });
});

test("a sensor's LO is below 40 and HI above 500; a strip's LO is really 20, not 40 as another program has it", () => {
  const row = (told: BinaryTold) =>
    "reading" in told ? [told.reading.value, told.reading.outOfRange, told.reading.specimen, told.reading.kind] : told;
  const [scan, strip, ketone] = [
    (value: number) => result(0x8000 | value),
    result,
    (value: number) => result(0x4000 | value),
  ];
  expect([39, 40, 500, 501].map((value) => row(read(historical(value))))).toEqual([
    [40, "low", "interstitial", "glucose"],
    [40, null, "interstitial", "glucose"],
    [500, null, "interstitial", "glucose"],
    [500, "high", "interstitial", "glucose"],
  ]);
  expect(row(read(scan(39)))).toEqual([40, "low", "interstitial", "glucose"]);
  expect([19, 20, 39, 501].map((value) => row(read(strip(value))))).toEqual([
    [20, "low", "capillary", "glucose"],
    [20, null, "capillary", "glucose"],
    [39, null, "capillary", "glucose"],
    [500, "high", "capillary", "glucose"],
  ]);
  expect([0, 9, 144, 145].map((value) => row(read(ketone(value))))).toEqual([
    [0, null, "capillary", "ketone"],
    [0.5, null, "capillary", "ketone"],
    [8, null, "capillary", "ketone"],
    [8, "high", "capillary", "ketone"],
  ]);
});

test("marks beside a sensor's value are never part of it: food, insulin, first, clock set, and unknown ones", () => {
  const note = (word: number) => {
    const told = read(historical(word));
    return "reading" in told ? [told.reading.value, told.reading.note] : told;
  };
  expect(note(0x3000 | 120)).toEqual([120, null]);
  expect(note(0xc000 | 120)).toEqual([120, "Food; Rapid-acting insulin"]);
  expect(note(0x0800 | 120)).toEqual([120, "Bits beside the value: 2"]);
  expect(read(result(0x9800 | 120))).toMatchObject({ reading: { value: 120, note: "Bits beside the value: 6" } });
});

test("marks of quality are not ignored: without a value it is none, with one it is not trusted", () => {
  expect(read(historical(0, 0x8000))).toEqual({ passedOver: "the sensor had no value" });
  expect(read(result(0x8000, 0x8000))).toEqual({ passedOver: "the measurement failed" });
  for (const raw of [historical(120, 1), historical(120, 0x8000), historical(0, 1), result(0x8078, 4), historical(0)]) {
    expect(read(raw)).toMatchObject({ unreadable: { code: "FRAME_MALFORMED", raw } });
  }
});

test("control solution, insulin and kinds that nobody has seen are kept with their bytes and are no reading", () => {
  for (const kind of [3, 4, 6, 7, 8, 53, 200]) {
    const raw = result(120, 0, kind);
    expect(read(raw), `kind ${kind}`).toMatchObject({ unreadable: { code: "FRAME_MALFORMED", raw } });
  }
  expect(read(result(0xc078))).toMatchObject({ unreadable: { code: "FRAME_MALFORMED" } });
  for (const kind of [32, 45, 47, 51])
    expect(read(result(0, 0, kind))).toEqual({ passedOver: `records of kind ${kind}` });
});

test("clock changes are read with both sides of them, and with what the reader marks as not valid", () => {
  const user = recordOf(46, [...u32(-7_200), 0, 0, 0, 0, 0, 0]);
  expect(read(user)).toEqual({
    edit: {
      number: 500,
      readerTime: 326_000_000,
      userOffset: -3_600,
      oldReaderTime: 326_000_000,
      oldUserOffset: -7_200,
      isValid: true,
      wasValid: true,
    },
  });
  const own = recordOf(5, [...u32(325_000_000), ...u32(-9), ...u16(0), 0, 0]);
  expect(read(own)).toMatchObject({ edit: { oldReaderTime: 325_000_000, oldUserOffset: -9, wasValid: false } });
});

test("record numbers survive their sixteen bits, across the turning over and for records made meanwhile", () => {
  const whole = (next: number, bits: number) => new RecordNumbers(next).whole(bits);
  expect([whole(65_540, 65_530), whole(65_540, 3), whole(65_540, 10)]).toEqual([65_530, 65_539, 65_546]);
  expect(whole(10, 60_000)).toBeNull();
  fc.assert(
    fc.property(fc.nat(4_294_967_295), fc.nat(60_000), (number, behind) => {
      expect(whole(number + 1 + behind, number % 65_536)).toBe(number);
    }),
  );
});

test("a mark of the turning over lowers the numbers behind it, also where it is no multiple of 65,536", () => {
  const numbers = new RecordNumbers(200_000);
  const mark = (kind: number, length: number, next: number) =>
    readRecord(recordOf(kind, [...u32(next), ...Array.from({ length: length - 4 }, () => 0)]), {
      timeBase: TIME_BASE,
      numbers,
    });
  expect(numbers.whole(5)).toBe(196_613);
  let ran = 0;
  for (const [kind, length, next, wanted] of [
    [13, 12, 131_072, 65_541],
    [14, 12, 131_000, 65_541],
    [17, 6, 65_535, 5],
    [52, 10, 0, 5],
  ] as const) {
    expect(mark(kind, length, next)).toEqual({ passedOver: "marks of the memory's turning over" });
    expect(numbers.whole(5)).toBe(wanted);
    ran += 1;
  }
  expect(ran).toBe(4);
});

test("a record with any bit turned over, or cut anywhere, is no reading", () => {
  const raw = historical(120);
  for (let at = 1; at < raw.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const told = read(raw.map((byte, place) => (place === at ? byte ^ (1 << bit) : byte)));
      expect("reading" in told, `byte ${at} bit ${bit}`).toBe(false);
    }
    expect("unreadable" in read(raw.slice(0, at))).toBe(true);
  }
  expect(read(Uint8Array.of(...raw, 0, 0, 0))).toMatchObject({ reading: { value: 120 } });
  expect(read(Uint8Array.of(...raw, 0, 1))).toMatchObject({ unreadable: { code: "FRAME_MALFORMED" } });
});

test("any bytes are a record or none, and never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (bytes, kind) => {
      const told = read(bytes);
      expect(Object.keys(told).length).toBeGreaterThan(0);
      const sound = read(recordOf(kind, [...bytes.slice(0, 12)]));
      if ("reading" in sound && sound.reading.kind === "glucose") {
        expect(sound.reading.value).toBeGreaterThanOrEqual(20);
        expect(sound.reading.value).toBeLessThanOrEqual(500);
      }
    }),
  );
});

test("the clock in text keeps its seconds, also without the offset that the Pro does not send", () => {
  const shown = (text: string) => CLOCK.read(latin1Bytes(`${text}\r\n`)).deviceTime;
  expect(shown("24,5,6,8,8,9,1")).toBe("2024-05-06T08:08:09");
  expect(shown("24,5,6,8,8,9,1,-3600")).toBe("2024-05-06T07:08:09");
  expect([shown("24,5,6,8,8,9,0"), shown("24,2,30,8,8,9,1"), shown("255,255,255,255,255,255,1")]).toEqual([
    null,
    null,
    null,
  ]);
  for (const text of ["24,5,6,8,8,1", "24,5,6,8,8,9,2", "24,5,6,8,8,9,1,x", "DB Record Number = 4", ""]) {
    expect(
      codeOf(() => shown(text)),
      text,
    ).toBe("FRAME_MALFORMED");
  }
});

test("the next record's number is read as text says it, and nothing else is", () => {
  const next = (text: string) => NEXT_RECORD.read(latin1Bytes(`${text}\r\n`));
  expect([next("DB Record Number = 0"), next("DB Record Number = 226988")]).toEqual([0, 226_988]);
  for (const text of ["DB Record Number = ", "226988", "DB Record Number = 9999999999", "DB Record Number = 1 "]) {
    expect(
      codeOf(() => next(text)),
      text,
    ).toBe("FRAME_MALFORMED");
  }
});
