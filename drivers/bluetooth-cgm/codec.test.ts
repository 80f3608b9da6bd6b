import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { concat, latin1Bytes, unhex } from "../../src/kit/bytes.js";
import { checked, e2eCrc } from "./crc.js";
import { cursorAfter, cursorIn, cursorText, fits, goesOn } from "./cursor.js";
import { readingOf } from "./reading.js";
import { type CgmRecord, isDamaged, recordsIn } from "./record.js";
import { little, sfloatWord, withCheck } from "./simulated-bytes.js";
import { readFeature, readStartTime, readStatus, UNKNOWN_FEATURE } from "./values.js";

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "none";
}

/** The one record of those bytes. */
function recordIn(hexText: string, hasCrc: boolean | null = false): CgmRecord {
  const [one] = recordsIn(unhex(hexText), hasCrc);
  if (one === undefined || isDamaged(one)) throw one?.problem ?? new Error("no record");
  return one;
}

const START = "2024-05-01T08:00:00";
const FEATURE = { hasCrc: false, type: 9, location: 5 };

function toldBy(hexText: string, feature = FEATURE): ReturnType<typeof readingOf> {
  return readingOf(recordIn(hexText), START, feature);
}

function readingBy(hexText: string, feature = FEATURE) {
  const told = toldBy(hexText, feature);
  if (!("reading" in told)) throw new Error(`passed over: ${told.passedOver}`);
  return told.reading;
}

describe("the check over a value", () => {
  test("is that of the CRC catalogue", () => {
    expect(e2eCrc(latin1Bytes("123456789"))).toBe(0x6f91);
    expect(e2eCrc(new Uint8Array())).toBe(0xffff);
  });

  test("is that which another maker's program has in its tests", () => {
    expect(e2eCrc(unhex("3e 01 02 03 04 05 06 07 08 09"))).toBe(12_033);
    expect(e2eCrc(unhex("0f e3 78 00 1e 00 01 02 03 50 00 60 00"))).toBe(44_268);
    expect(e2eCrc(unhex("08 00 78 00 1e 00"))).toBe(39_220);
  });

  test("is that of the virtual sensor, which goes about it from the other end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const made = Uint8Array.from(withCheck([...bytes]));
        expect(checked(made)).toEqual(bytes);
      }),
    );
  });

  test("does not fit with any one or two bits turned over, and not for less than two bytes", () => {
    const made = Uint8Array.from(withCheck([8, 0, 0x78, 0, 0x1e, 0]));
    let ran = 0;
    for (let one = 0; one < made.length * 8; one += 1) {
      for (let other = one; other < made.length * 8; other += 1) {
        const bytes = Uint8Array.from(made);
        for (const bit of new Set([one, other])) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        if (codeOf(() => checked(bytes)) !== "FRAME_CHECKSUM") throw new Error(`bits ${one} and ${other}`);
        ran += 1;
      }
    }
    expect(ran).toBe(2_080);
    for (const none of ["", "ff"]) expect(codeOf(() => checked(unhex(none)))).toBe("FRAME_CHECKSUM");
  });
});

describe("what a CGM says about itself", () => {
  test("features: the check, type and location", () => {
    expect(readFeature(unhex("00 00 00 59 ff ff"))).toEqual({ hasCrc: false, type: 9, location: 5 });
    // Where there is no check its place may hold anything.
    expect(readFeature(unhex("00 e0 01 f9 12 34"))).toEqual({ hasCrc: false, type: 9, location: 15 });
    const secured = Uint8Array.from(withCheck([0x00, 0x10, 0x00, 0x4a]));
    expect(readFeature(secured)).toEqual({ hasCrc: true, type: 10, location: 4 });
    expect(codeOf(() => readFeature(secured.map((byte, at) => (at === 3 ? 0x59 : byte))))).toBe("FRAME_CHECKSUM");
    expect(codeOf(() => readFeature(unhex("00 10 00 59 ff ff")))).toBe("FRAME_CHECKSUM");
    expect(codeOf(() => readFeature(unhex("00 00 00 59")))).toBe("FRAME_TRUNCATED");
    expect(codeOf(() => readFeature(unhex("00 00 00 59 ff ff 00")))).toBe("FRAME_MALFORMED");
  });

  test("the session's start: a wall-clock time, whatever zone stands behind it", () => {
    const plain = "e8 07 05 01 08 00 00 04 04";
    expect(readStartTime(unhex(plain), false)).toBe(START);
    expect(readStartTime(unhex(plain.replace(/04 04$/, "80 ff")), null)).toBe(START);
    const secured = Uint8Array.from(withCheck([...unhex(plain)]));
    for (const hasCrc of [true, null]) expect(readStartTime(secured, hasCrc)).toBe(START);
    const turned = secured.map((byte, at) => (at === 4 ? byte ^ 1 : byte));
    for (const hasCrc of [true, null]) expect(codeOf(() => readStartTime(turned, hasCrc))).toBe("FRAME_CHECKSUM");
    expect(codeOf(() => readStartTime(unhex(plain), true))).toBe("FRAME_TRUNCATED");
    expect(codeOf(() => readStartTime(secured, false))).toBe("FRAME_MALFORMED");
    for (const none of ["00 00 00 00 00 00 00 80 ff", "e8 07 02 1e 08 00 00 00 00", "e8 07 05 01 18 00 00 00 00"]) {
      expect(
        codeOf(() => readStartTime(unhex(none), false)),
        none,
      ).toBe("FRAME_MALFORMED");
    }
  });

  test("the status: minutes since the start, up to 65535, and whether it has stopped", () => {
    expect(readStatus(unhex("10 27 00 00 00"), false)).toEqual({ minutes: 10_000, stopped: false });
    expect(readStatus(unhex("ff ff 03 04 40"), null)).toEqual({ minutes: 65_535, stopped: true });
    expect(readStatus(Uint8Array.from(withCheck([1, 0, 0, 0, 0])), true)).toEqual({ minutes: 1, stopped: false });
    expect(codeOf(() => readStatus(unhex("10 27 00 00 00 ff ff"), true))).toBe("FRAME_CHECKSUM");
    expect(codeOf(() => readStatus(unhex("10 27 00"), false))).toBe("FRAME_TRUNCATED");
  });
});

describe("a notification", () => {
  test("holds several records, each of its own size", () => {
    const records = recordsIn(unhex("06 00 78 00 1e 00  08 01 77 00 1d 00 f6 ff"), false);
    expect(records).toHaveLength(2);
    // FFF6 with the exponent F: ten tenths, negative.
    expect(records).toMatchObject([
      { minutes: 30, glucose: { value: 120 }, trend: null, raw: unhex("06 00 78 00 1e 00") },
      { minutes: 29, glucose: { value: 119 }, trend: { value: -1 }, raw: unhex("08 01 77 00 1d 00 f6 ff") },
    ]);
  });

  test("has status, trend and quality in their order, and a check behind them", () => {
    const whole = "0f e3 78 00 1e 00 01 02 03 50 00 60 00 ec ac";
    for (const hasCrc of [true, null]) {
      expect(recordIn(whole, hasCrc)).toMatchObject({
        minutes: 30,
        glucose: { value: 120 },
        status: { state: 1, calTemp: 2, warning: 3, sent: 3 },
        trend: { value: 80 },
        quality: { value: 96 },
        raw: unhex(whole),
      });
    }
    expect(recordIn("07 20 78 00 1e 00 40").status).toEqual({ state: 0, calTemp: 0, warning: 0x40, sent: 1 });
    expect(recordIn("07 40 78 00 1e 00 04").status).toEqual({ state: 0, calTemp: 4, warning: 0, sent: 1 });
    expect(recordIn("07 80 78 00 1e 00 08").status).toEqual({ state: 8, calTemp: 0, warning: 0, sent: 1 });
  });

  test.each([
    ["its check is wrong", "08 00 78 00 1e 00 12 34", true, "FRAME_CHECKSUM"],
    ["its check is wrong, by its length", "08 00 78 00 1e 00 12 34", null, "FRAME_CHECKSUM"],
    ["its check is missing", "06 00 78 00 1e 00", true, "FRAME_CHECKSUM"],
    ["it is longer than its flags say", "08 00 78 00 1e 00 12 34", false, "FRAME_MALFORMED"],
    ["it is shorter than its flags say", "07 03 78 00 1e 00 00", false, "FRAME_MALFORMED"],
    ["it has flags that nobody has described", "06 04 78 00 1e 00", false, "FRAME_MALFORMED"],
    ["it is smaller than a record can be", "05 00 78 00 1e 00", false, "FRAME_MALFORMED"],
    ["it has no size", "00 00 00 00 00 00", false, "FRAME_MALFORMED"],
    ["it ends before its size", "0a 03 78 00 1e 00 01", false, "FRAME_TRUNCATED"],
    ["it is one byte", "06", false, "FRAME_TRUNCATED"],
    ["it is empty", "", false, "FRAME_TRUNCATED"],
  ] as const)("is no record if %s", (_, bytes, hasCrc, code) => {
    const [one] = recordsIn(unhex(bytes), hasCrc);
    expect(one).toMatchObject({ problem: { code }, raw: unhex(bytes) });
  });

  test("tells the records around one that is not understood, if that has a size", () => {
    const good = "06 00 78 00 1e 00";
    const after = "06 00 79 00 1f 00";
    expect(recordsIn(unhex(`${good} 06 04 01 00 02 00 ${after}`), false).map(isDamaged)).toEqual([false, true, false]);
    const lost = recordsIn(unhex(`${good} 02 00 ${after}`), false);
    expect(lost.map(isDamaged)).toEqual([false, true]);
    expect(lost[1]?.raw).toEqual(unhex(`02 00 ${after}`));
  });

  test("whatever it holds, every byte of it is in one of its pieces, and none is a record by chance where a check is demanded", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc.constantFrom(true, false, null),
        (bytes, hasCrc) => {
          const pieces = recordsIn(bytes, hasCrc);
          expect(concat(pieces.map(({ raw }) => raw))).toEqual(bytes);
          if (hasCrc === true) {
            for (const one of pieces) if (!isDamaged(one)) expect(codeOf(() => checked(one.raw))).toBe("none");
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("gives back what the virtual sensor puts in, for any number, minute and status", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -2_000, max: 2_000 }),
        fc.integer({ min: -8, max: 7 }),
        fc.integer({ min: 0, max: 0xffff }),
        fc.uint8Array({ minLength: 3, maxLength: 3 }),
        (mantissa, exponent, minutes, [state = 0, calTemp = 0, warning = 0]) => {
          const word = little(sfloatWord(mantissa, exponent), 2);
          const made = withCheck([11, 0xe0, ...word, ...little(minutes, 2), state, calTemp, warning]);
          const [one] = recordsIn(Uint8Array.from(made), true);
          expect(one).toMatchObject({ minutes, glucose: { mantissa, exponent }, status: { state, calTemp, warning } });
        },
      ),
    );
  });
});

describe("a reading", () => {
  test("is what the sensor measured, at the session's start and its minutes", () => {
    expect(readingBy("06 00 78 00 1e 00")).toMatchObject({
      kind: "glucose",
      value: 120,
      unit: "mg/dL",
      asSent: "120",
      outOfRange: null,
      control: false,
      specimen: "interstitial",
      meal: null,
      note: null,
      deviceTime: "2024-05-01T08:30:00",
      index: null,
    });
    // 65535 minutes are 45 days, 12 hours and 15 minutes.
    expect(readingBy("06 00 78 00 ff ff").deviceTime).toBe("2024-06-15T20:15:00");
    // 1204 tenths; 12 tens.
    expect(readingBy("06 00 b4 f4 00 00")).toMatchObject({ value: 120.4, asSent: "120.4" });
    expect(readingBy("06 00 0c 10 00 00")).toMatchObject({ value: 120, asSent: "120" });
  });

  test("has in its note what the sensor says about it", () => {
    expect(readingBy("0d e3 78 00 1e 00 08 18 15 f6 ff 5f 00").note).toBe(
      "Sensor malfunction; Calibration required; Sensor too warm; Below the patient's low level; Below the hypo level; Falls too fast; Trend -1 mg/dL/min; Quality 95 %",
    );
    expect(readingBy("07 80 78 00 1e 00 c2").note).toBe("Battery low; Status bit 6; Status bit 7");
    expect(readingBy("07 40 78 00 1e 00 c0").note).toBe("Calibration pending; Calibration bit 7");
    expect(readingBy("08 01 78 00 1e 00 fe 07").note).toBe("Trend above what can be told");
    expect(readingBy("08 01 78 00 1e 00 ff 07").note).toBeNull();
  });

  test("is HI or LO by an infinity, by the sensor's mark, or by both", () => {
    const high = { value: 400, outOfRange: "high", asSent: "HI" };
    const low = { value: 40, outOfRange: "low", asSent: "LO" };
    expect(readingBy("06 00 fe 07 1e 00")).toMatchObject(high);
    expect(readingBy("06 00 02 08 1e 00")).toMatchObject(low);
    expect(readingBy("07 20 fe 07 1e 00 80")).toMatchObject(high);
    expect(readingBy("07 20 02 08 1e 00 40")).toMatchObject(low);
    // Not a number, and not at this resolution, with a mark.
    expect(readingBy("07 20 ff 07 1e 00 80")).toMatchObject(high);
    expect(readingBy("07 20 00 08 1e 00 40")).toMatchObject(low);
    // A number with a mark is the bound.
    expect(readingBy("07 20 f4 01 1e 00 80")).toMatchObject({ value: 500, outOfRange: "high", asSent: "500" });
    expect(readingBy("07 20 27 00 1e 00 40")).toMatchObject({ value: 39, outOfRange: "low", asSent: "39" });
    expect(readingBy("07 20 00 00 1e 00 40")).toMatchObject({ value: 40, outOfRange: "low", asSent: "0" });
  });

  test("is none where value and mark contradict each other, or the value is no glucose", () => {
    const others = [
      "07 20 fe 07 1e 00 40",
      "07 20 02 08 1e 00 80",
      "07 20 78 00 1e 00 40",
      "07 20 78 00 1e 00 80",
      "07 20 78 00 1e 00 c0",
      "06 00 01 08 1e 00",
      "07 20 01 08 1e 00 40",
      "06 00 00 00 1e 00",
      "06 00 f6 ff 1e 00",
      "06 00 e8 03 1e 00",
      "06 00 fe 17 1e 00",
    ];
    for (const bytes of others) {
      expect(
        codeOf(() => toldBy(bytes)),
        bytes,
      ).toBe("FRAME_MALFORMED");
    }
  });

  test("is passed over, and why, where the sensor says that it has no value", () => {
    expect(toldBy("06 00 ff 07 1e 00")).toEqual({ passedOver: "no value" });
    expect(toldBy("07 40 ff 07 1e 00 08")).toEqual({ passedOver: "Calibration required" });
    expect(toldBy("06 00 00 08 1e 00")).toEqual({ passedOver: "no value" });
  });

  test("of a status whose octets may be the other way round is none where that would hide HI or LO", () => {
    // Warning first: too low, calibration recommended, nothing.
    expect(codeOf(() => toldBy("09 e0 26 00 1e 00 40 04 00"))).toBe("FRAME_MALFORMED");
    expect(readingBy("09 e0 26 00 1e 00 00 04 40")).toMatchObject({ value: 38, outOfRange: "low" });
  });

  test("of control solution is one, by the type or by the place; and of other fluids what they are", () => {
    const bytes = "06 00 78 00 1e 00";
    for (const feature of [
      { ...FEATURE, type: 10 },
      { ...FEATURE, location: 4 },
    ]) {
      expect(readingBy(bytes, feature)).toMatchObject({ control: true, specimen: "control" });
    }
    expect(readingBy(bytes, { ...FEATURE, type: 1 }).specimen).toBe("capillary");
    expect(readingBy(bytes, { ...FEATURE, type: 4 }).specimen).toBe("venous");
    for (const type of [0, 5, 8, 15]) expect(readingBy(bytes, { ...FEATURE, type }).specimen).toBeNull();
    expect(readingOf(recordIn(bytes), START, UNKNOWN_FEATURE)).toMatchObject({ reading: { specimen: null } });
  });

  test("is within what a sensor can measure or refused, whatever the record holds", () => {
    let readings = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 5, maxLength: 5 }), (some) => {
        const record = recordsIn(Uint8Array.from([7, 0x20, ...some]), false)[0];
        if (record === undefined || isDamaged(record)) throw new Error("no record");
        const code = codeOf(() => readingOf(record, START, FEATURE));
        expect(["none", "FRAME_MALFORMED"]).toContain(code);
        if (code !== "none") return;
        const told = readingOf(record, START, FEATURE);
        if (!("reading" in told)) return;
        readings += 1;
        expect(told.reading.value).toBeGreaterThanOrEqual(1);
        expect(told.reading.value).toBeLessThan(1_000);
      }),
      { numRuns: 3_000 },
    );
    expect(readings).toBeGreaterThan(100);
  });
});

describe("a cursor", () => {
  const records = ["06 00 78 00 1e 00", "06 00 79 00 23 00", "06 00 7a 00 28 00"].map((one) => recordIn(one));
  const cursor = cursorAfter(START, records, 3);

  test("is one line that gives itself back, and any other text is none", () => {
    // 9824: the sum over the six bytes by an independent calculation (binascii.crc_hqx of Python).
    expect(cursorText(cursor ?? { startTime: "", minutes: 0, sum: 0, count: 0 })).toBe(`2024-05-01T08:00:00 40 9824 3`);
    expect(cursorIn(cursorText(cursor ?? { startTime: "", minutes: 0, sum: 0, count: 0 }))).toEqual(cursor);
    for (const other of [
      null,
      "",
      "40",
      `${START} 40 5`,
      `${START} 65536 5 3`,
      `${START} 40 65536 3`,
      `${START} 4 5 3 `,
    ]) {
      expect(cursorIn(other), String(other)).toBeNull();
    }
    expect(cursorAfter(START, [], 0)).toBeNull();
  });

  test("fits the same session with no fewer records", () => {
    if (cursor === null) throw new Error("no cursor");
    expect(fits(cursor, START, 3)).toBe(true);
    expect(fits(cursor, START, 2)).toBe(false);
    expect(fits(cursor, "2024-05-01T08:00:01", 3)).toBe(false);
  });

  test("goes on if its record came back as it was, with all that are new", () => {
    if (cursor === null) throw new Error("no cursor");
    const last = recordIn("06 00 7a 00 28 00");
    const fresh = recordIn("06 00 7b 00 2d 00");
    expect(goesOn(cursor, [last], 1, 3)).toBe(true);
    expect(goesOn(cursor, [last, fresh], 2, 4)).toBe(true);
    // One of two that are new is not understood.
    expect(goesOn(cursor, [last, fresh], 3, 5)).toBe(true);
    // The oldest was overwritten by the new one.
    expect(goesOn(cursor, [last, fresh], 2, 3)).toBe(true);
    // One was put in before it; it is another; it is not there.
    expect(goesOn(cursor, [last], 1, 4)).toBe(false);
    expect(goesOn(cursor, [recordIn("06 00 7c 00 28 00"), fresh], 2, 4)).toBe(false);
    expect(goesOn(cursor, [fresh], 1, 4)).toBe(false);
  });
});

test("ten thousand records are decoded, each with its own minute", () => {
  const told = Array.from({ length: 10_000 }, (_, at) => {
    const bytes = Uint8Array.from(withCheck([8, 0, 0x78, 0, ...little(at, 2)]));
    const [one] = recordsIn(bytes, true);
    return one === undefined || isDamaged(one) ? null : readingOf(one, START, FEATURE);
  });
  expect(new Set(told.map((one) => (one !== null && "reading" in one ? one.reading.deviceTime : null))).size).toBe(
    10_000,
  );
});
