import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem, type Problem } from "../../src/domain/problem.js";
import { concat, hex, latin1Bytes, unhex } from "../../src/kit/bytes.js";
import { blockData, clockData, readClock, readCount, readGreeting, readSerial } from "../shared/isens/answers.js";
import { flashRequest, isErased, readFlash, readFlashRecord } from "../shared/isens/flash.js";
import { readModel } from "../shared/isens/flash-model.js";
import { cutFrame, frameBytes, frameCrc, readFrame } from "../shared/isens/frame.js";
import { readRecord } from "../shared/isens/record.js";

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

const CRC_VECTORS = new URL("../../../shared/vectors/set-a/crc.json", import.meta.url);

describe.skipIf(!existsSync(CRC_VECTORS))("the checksum vectors of set a", () => {
  test("give the CRC of frames: over all that stands before ETX, and ETX", () => {
    const all: readonly { description: string; input_hex?: string; expected: string }[] = JSON.parse(
      readFileSync(CRC_VECTORS, "utf8"),
    ).vectors;
    const ours = all.filter(({ description }) => description.startsWith("CRC-16/CCITT-FALSE"));
    for (const { input_hex = "", expected } of ours) {
      const bytes = unhex(input_hex);
      expect(bytes.at(-1)).toBe(0x03);
      expect(frameCrc(bytes.subarray(0, -1))).toBe(Number(expected));
    }
    expect(ours).toHaveLength(1);
  });
});

describe("a frame of protocol 3", () => {
  test("that asks for the number of records is the one in the sheet", () => {
    expect(hex(frameBytes("NCOT"))).toBe("02 69 53 50 63 07 4e 43 4f 54 bb 7f 03");
  });

  test("holds not a byte more than its length says (the peer counts the length itself and sends a pad byte)", () => {
    for (const count of [0, 1, 3, 6, 240]) {
      const frame = frameBytes("GLUE", new Uint8Array(count));
      expect(frame[5]).toBe(7 + count);
      expect(frame).toHaveLength(6 + 7 + count);
      expect(frame.at(-1)).toBe(0x03);
    }
  });

  test("is found behind any noise and read back, whatever its data, and is never found before its end", () => {
    const noise = fc.uint8Array({ maxLength: 20 }).filter((bytes) => !bytes.includes(0x02));
    fc.assert(
      fc.property(
        noise,
        fc.constantFrom("RSNB", "RTIM", "NCOT", "GLUE"),
        fc.uint8Array({ maxLength: 243 }),
        (...given) => {
          const [before, command, data] = given;
          const bytes = concat([before, frameBytes(command, data)]);
          for (const cut of [0, 1, 3, 5, 10]) expect(cutFrame(bytes.subarray(0, bytes.length - 1 - cut))).toBe(0);
          const end = cutFrame(concat([bytes, Uint8Array.of(1, 2, 3)]));
          expect(end).toBe(bytes.length);
          expect(readFrame(bytes)).toEqual({ command, data, proven: true });
        },
      ),
    );
  });

  test("with any bit turned over is not proven", () => {
    const sound = frameBytes("RTIM", Uint8Array.of(24, 5, 6, 8, 8, 41));
    let ran = 0;
    for (let at = 0; at < sound.length * 8; at += 1) {
      const bytes = sound.map((byte, index) => (index === at >> 3 ? byte ^ (1 << (at & 7)) : byte));
      const end = cutFrame(bytes);
      const proven = end > 0 && trusted(bytes.subarray(0, end));
      expect(proven, `bit ${at}`).toBe(false);
      ran += 1;
    }
    expect(ran).toBe(19 * 8);
  });

  function trusted(bytes: Uint8Array): boolean {
    try {
      return readFrame(bytes).proven;
    } catch (error) {
      expect(error).toMatchObject({ code: "FRAME_CHECKSUM" });
      return false;
    }
  }

  test("is searched for in any bytes without an end beyond them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const end = cutFrame(bytes);
        expect(end).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

describe("an answer", () => {
  test("to the greeting names one protocol, wherever the byte stands, or none", () => {
    const cases: readonly [string, string][] = [
      ["20", "flash"],
      ["2e", "framed"],
      ["2f", "second"],
      ["00 2e 0d", "framed"],
      ["80", "unknown"],
      ["20 2e", "unknown"],
      ["", "unknown"],
      ["20 00 00 00 00 00 00 00 00", "unknown"],
    ];
    expect(cases.map(([bytes]) => readGreeting(unhex(bytes)))).toEqual(cases.map(([, dialect]) => dialect));
  });

  test("with the serial number loses its last byte and what fills it up, and must be letters and digits", () => {
    expect(readSerial(latin1Bytes("7K204M10358\0"))).toBe("7K204M10358");
    expect(readSerial(latin1Bytes("7K204M10358Z"))).toBe("7K204M10358");
    expect(readSerial(latin1Bytes("7K204M10  \0\0"))).toBe("7K204M10");
    for (const text of ["", "\0", "7K2\0", "7K204 10358\0", "7K204\x8010358\0", "\xff".repeat(12)]) {
      expect(problemOf(() => readSerial(latin1Bytes(text))).code).toBe("FRAME_MALFORMED");
    }
  });

  test("with the clock is a moment that exists, and is what sets the clock", () => {
    expect(readClock(Uint8Array.of(24, 2, 29, 23, 59, 58))).toBe("2024-02-29T23:59:58");
    expect([...clockData("2024-02-29T23:59:58")]).toEqual([24, 2, 29, 23, 59, 58]);
    const bad = [
      "17 02 1d 00 00 00",
      "18 0d 01 00 00 00",
      "18 01 01 18 00 00",
      "18 01 01 00 3c 00",
      "18 01 01 00 00 3c",
    ];
    for (const bytes of [...bad, "64 01 01 00 00 00", "18 00 01 00 00 00", "18 01 00 00 00 00", "18 01 01", ""]) {
      expect(problemOf(() => readClock(unhex(bytes))).code, bytes).toBe("FRAME_MALFORMED");
    }
    expect(problemOf(() => clockData("1999-12-31T23:59:59")).code).toBe("FRAME_MALFORMED");
  });

  test("with the number of records, and the question for some, have their high byte first", () => {
    expect(readCount(Uint8Array.of(0x03, 0xe8))).toBe(1_000);
    for (const bytes of ["", "01", "00 01 00"]) {
      expect(problemOf(() => readCount(unhex(bytes))).code).toBe("FRAME_MALFORMED");
    }
    expect([...blockData(0x1234, 27)]).toEqual([0x12, 0x34, 27]);
  });
});

describe("a record of protocol 3", () => {
  const record = (flags: number, amount: number): Uint8Array =>
    Uint8Array.of(24, 5, 6, 7, 31, 5, flags, amount >> 8, amount & 255);

  test.each([
    [0xa0, 104, { kind: "glucose", value: 104, unit: "mg/dL", outOfRange: null, meal: null, note: null }],
    [0x82, 187, { value: 187, meal: "after", control: false, specimen: null }],
    [0x90, 93, { value: 93, meal: "fasting" }],
    [0xa1, 118, { value: 118, control: true, specimen: "control" }],
    [0x88, 0, { value: 600, outOfRange: "high" }],
    [0x84, 500, { value: 20, outOfRange: "low" }],
    [0x89, 601, { value: 600, outOfRange: "high", control: true }],
    [0x00, 601, { value: 600, outOfRange: "high" }],
    [0x00, 19, { value: 20, outOfRange: "low" }],
    [0x00, 600, { value: 600, outOfRange: null }],
    [0x00, 20, { value: 20, outOfRange: null }],
    [0x80, 601, { value: 600, outOfRange: "high" }],
    [0x00, 65_535, { value: 600, outOfRange: "high" }],
    [0xc0, 6, { kind: "ketone", value: 0.6, unit: "mmol/L", outOfRange: null }],
    [0xc0, 0, { kind: "ketone", value: 0, outOfRange: null }],
    [0xc0, 80, { kind: "ketone", value: 8, outOfRange: null }],
    [0x40, 81, { kind: "ketone", value: 8, outOfRange: "high" }],
    [0xc8, 0, { kind: "ketone", value: 8, outOfRange: "high" }],
    [0x32, 99, { value: 99, meal: null, note: "Meal marks that exclude each other: after meal, fasting, none" }],
  ] as const)("with flags %i and %i is read as it is meant", (flags, amount, wanted) => {
    const raw = record(flags, amount);
    const reading = readRecord(raw);
    expect(reading).toMatchObject(wanted);
    expect(reading).toMatchObject({ deviceTime: "2024-05-06T07:31:05", asSent: String(amount), raw, index: null });
  });

  test("whose marks leave open what its value is, is not read", () => {
    for (const flags of [0x8c, 0x0c, 0x04, 0x08, 0xc4]) {
      expect(problemOf(() => readRecord(record(flags, 104))).code).toBe("FRAME_MALFORMED");
    }
  });

  test("never becomes 601, 19 or any number beyond the limits, whatever its bytes (the peer's numbers for HI and LO)", () => {
    const year = fc.integer({ min: 0, max: 110 });
    const rest = fc.tuple(
      fc.integer({ max: 13, min: 0 }),
      fc.integer({ max: 32, min: 0 }),
      fc.integer({ max: 25, min: 0 }),
    );
    let read = 0;
    fc.assert(
      fc.property(year, rest, fc.uint8Array({ minLength: 5, maxLength: 5 }), (first, parts, last) => {
        const raw = concat([Uint8Array.of(first, ...parts), last]);
        try {
          const { kind, value, outOfRange, deviceTime } = readRecord(raw);
          read += 1;
          expect(new Date(`${deviceTime}Z`).toISOString()).toBe(`${deviceTime}.000Z`);
          if (kind === "ketone") expect(value).toBeLessThanOrEqual(8);
          else expect(value).toBe(Math.min(600, Math.max(20, value ?? 0)));
          if (outOfRange !== null) expect([600, 20, 8]).toContain(value);
        } catch (error) {
          expect(error).toMatchObject({ code: "FRAME_MALFORMED" });
        }
      }),
      { numRuns: 3_000 },
    );
    expect(read).toBeGreaterThan(10);
  });

  test("of another length is none", () => {
    for (const length of [0, 8, 10])
      expect(problemOf(() => readRecord(new Uint8Array(length))).code).toBe("FRAME_MALFORMED");
  });
});

describe("the memory of protocol 1", () => {
  const answer = (data: Uint8Array): Uint8Array =>
    Uint8Array.from([...data].flatMap((byte) => [0x8b, 0x10 | (byte >> 4), 0x20 | (byte & 15)]));

  test("is asked for by the nibbles of the address and the one known length", () => {
    expect(hex(flashRequest(0x1034))).toBe("8b 11 20 13 24 10 2a");
    expect(hex(flashRequest(0xe208))).toBe("8b 1e 22 10 28 10 2a");
  });

  test("gives any eight bytes back, and nothing with a wrong tag or length", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 8 }),
        fc.nat(23),
        fc.integer({ min: 4, max: 7 }),
        (data, at, bit) => {
          const sound = answer(data);
          expect([...readFlash(sound)]).toEqual([...data]);
          const wrong = sound.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte));
          expect(problemOf(() => readFlash(wrong)).code).toBe("FRAME_CHECKSUM");
          expect(problemOf(() => readFlash(sound.subarray(1))).code).toBe("FRAME_CHECKSUM");
        },
      ),
    );
  });

  test.each([
    [104, { value: 104, outOfRange: null, control: false, meal: null, asSent: "104" }],
    [700, { value: 600, outOfRange: "high", asSent: "700" }],
    [10, { value: 20, outOfRange: "low", asSent: "10" }],
    [10_104, { value: 104, meal: "after", control: false, asSent: "104" }],
    [10_700, { value: 600, outOfRange: "high", meal: "after" }],
    [20_104, { value: 104, meal: null, control: true, specimen: "control", asSent: "104" }],
    [30_104, { value: 104, meal: "after", control: true, asSent: "104" }],
    [650, { value: 600, outOfRange: "high" }],
    [0, { value: 20, outOfRange: "low" }],
  ] as const)("holds the value %i", (amount, wanted) => {
    const data = Uint8Array.of(24, 5, 6, 7, 31, 5, amount & 255, amount >> 8);
    const raw = answer(data);
    expect(readFlashRecord(data, raw)).toMatchObject({ ...wanted, deviceTime: "2024-05-06T07:31:05", raw });
  });

  test("holds values and dates that are none", () => {
    for (const amount of [701, 10_000, 10_701, 20_701, 40_001, 65_535]) {
      const data = Uint8Array.of(24, 5, 6, 7, 31, 5, amount & 255, amount >> 8);
      expect(problemOf(() => readFlashRecord(data, data)).code, String(amount)).toBe("FRAME_MALFORMED");
    }
    expect(problemOf(() => readFlashRecord(new Uint8Array(8), new Uint8Array(8))).code).toBe("FRAME_MALFORMED");
    expect(isErased(new Uint8Array(8).fill(0xff))).toBe(true);
    expect(isErased(Uint8Array.of(255, 255, 0, 255, 255, 255, 255, 255))).toBe(false);
  });
});

describe("a model of protocol 1", () => {
  const block = (code: number, production = 7, version = 1, product = 123): Uint8Array =>
    Uint8Array.from([product, production, code, version].flatMap((word) => [word & 255, word >> 8]));

  test("has its place and room by its code; none but CVP crashes (the peer's do: it takes a number for text)", () => {
    const all = Array.from({ length: 18 }, (_, code) => readModel(block(code)));
    expect(all.map(({ model }) => model).join(" ")).toBe(
      "CSP ISP GSP CNP NCP HDP ACP NTP ECP AQP ITP CNM APP CLP DAP MDP CMP CVP",
    );
    expect(all.filter(({ address }) => address === 0xc200).map(({ model }) => model)).toEqual(["CSP", "ISP"]);
    expect(all.filter(({ address }) => address === 0xd200).map(({ model }) => model)).toEqual(["GSP", "APP", "CLP"]);
    expect(all.filter(({ address }) => address === 0xe200)).toHaveLength(13);
    expect(all.filter(({ capacity }) => capacity === 500).map(({ model }) => model)).toEqual([
      "APP",
      "CLP",
      "CMP",
      "CVP",
    ]);
    expect(all.filter(({ capacity }) => capacity === 250)).toHaveLength(14);
    expect(all.filter(({ endsAtErased }) => endsAtErased).map(({ model }) => model)).toEqual(["CVP"]);
    for (const { model, serial } of all) expect(serial).toBe(`${model}07B00123`);
  });

  test("counts its production in decimal, and CVP in hex", () => {
    expect(readModel(block(3, 42, 7, 318)).serial).toBe("CNP42H00318");
    expect(readModel(block(17, 31, 0, 65_535)).serial).toBe("CVP1FA65535");
  });

  test("that is unknown is refused, since nobody knows where its records stand", () => {
    expect(problemOf(() => readModel(block(18))).code).toBe("METER_UNSUPPORTED");
    expect(problemOf(() => readModel(new Uint8Array(8).fill(255))).code).toBe("METER_UNSUPPORTED");
    expect(problemOf(() => readModel(block(3, 7, 26))).code).toBe("FRAME_MALFORMED");
  });
});
