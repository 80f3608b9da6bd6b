import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { concat, hex, unhex } from "../../src/kit/bytes.js";
import { crc16Xmodem } from "../../src/kit/checksum.js";
import { secondsOf, wallOf } from "./clock.js";
import { readRecord } from "./codec.js";
import { beginsPacket, cutPacket, four, openPacket, packet, u16 } from "./packet.js";
import { cutPage, PAGE_TYPES, type PageType, readHeader, recordBytes, salvage } from "./page.js";
import { displayOffset, firmware, page, pageRange, ping, setDisplayOffset, systemTime, unit } from "./questions.js";
import { clockChanges, offsetAt, offsetsOf, readSettings } from "./settings.js";
import { attributes } from "./xml.js";

/** Bytes with their CRC behind them, put together here apart from the codec. */
function sealed(...parts: readonly (readonly number[])[]): Uint8Array {
  const bytes = Uint8Array.from(parts.flat());
  const crc = crc16Xmodem(bytes);
  return concat([bytes, Uint8Array.of(crc & 0xff, crc >> 8)]);
}

const two = (value: number): number[] => [value & 0xff, value >> 8];

const SYSTEM = secondsOf("2024-05-06T06:35:10");
const DISPLAY = secondsOf("2024-05-06T07:35:10");
const BST = [{ system: SYSTEM - 1_000_000, offset: 3_600 }];

function egv({ system = SYSTEM, display = DISPLAY, word = 120, trend = 4 } = {}): Uint8Array {
  return sealed(four(system), four(display), two(word), [trend]);
}

/** An EGV of a G5 (revision 4) or a touchscreen receiver (5). */
function laterEgv(revision: 4 | 5, word: number, measured: number): Uint8Array {
  const tail = revision === 4 ? [] : two(13);
  return sealed(four(SYSTEM), four(DISPLAY), two(word), four(measured), four(1), [0xfe, 0x14, 6], tail);
}

function readingOf(type: PageType, revision: number, record: Uint8Array, offsets = BST): SourceReading {
  const told = readRecord(type, revision, record, offsets);
  if ("passedOver" in told) throw new Error(`no reading: ${told.passedOver}`);
  return told.reading;
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "nothing was thrown";
}

function pageOf(type: number, revision: number, records: readonly Uint8Array[], count = records.length): Uint8Array {
  const head = sealed(four(40), four(count), [type, revision], four(7), four(0), four(0), four(0));
  return concat([head, ...records]);
}

const VECTORS = new URL("../../../shared/vectors/set-a/dexcom-receiver.json", import.meta.url);

describe.skipIf(!existsSync(VECTORS))("the vectors of set a", () => {
  test("all come out", () => {
    const questions: Readonly<Record<string, Uint8Array>> = {
      ping: ping.bytes,
      readFirmwareHeader: firmware.bytes,
      readPartitionInfo: packet(0x0f),
      readDataPageRange_EGV: pageRange(PAGE_TYPES.egv).bytes,
      readDataPages_EGV_page0x123: page(PAGE_TYPES.egv, 0x123).bytes,
      readDisplayTimeOffset: displayOffset.bytes,
      writeDisplayTimeOffset_minus28800: setDisplayOffset(-28_800).bytes,
      readSystemTime: systemTime.bytes,
      ack_empty: packet(1),
    };
    let ran = 0;
    for (const { input_hex, input_text, expected } of JSON.parse(readFileSync(VECTORS, "utf8")).vectors) {
      ran += 1;
      if (input_hex !== undefined) {
        expect(crc16Xmodem(unhex(input_hex))).toBe(Number(expected.crc16));
      } else if (expected.frame_hex !== undefined) {
        expect(hex(questions[input_text] ?? new Uint8Array()).replaceAll(" ", ""), input_text).toBe(expected.frame_hex);
        expect(openPacket(unhex(expected.frame_hex))).not.toBeNull();
      } else {
        const input: { displayOffset: number; systemSeconds: number }[] = JSON.parse(input_text);
        const records = input.map(({ systemSeconds, displayOffset: offset }) =>
          sealed(four(systemSeconds), four(systemSeconds + offset), four(0), four(offset), new Array(30).fill(0)),
        );
        const offsets = offsetsOf(records.map(readSettings).filter((one) => one !== null));
        const changes = clockChanges(offsets);
        expect(changes).toHaveLength(expected.timeChangeCount);
        const { from, to } = expected.first;
        expect(changes[0]).toEqual({ from, to, order: input[3]?.systemSeconds });
      }
    }
    expect(ran).toBe(11);
  });
});

describe("a packet", () => {
  test("opens if its CRC is right, and never with one bit turned over", () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 60 }), fc.nat(), (command, payload, place) => {
        const whole = packet(command, payload);
        expect(openPacket(whole)).toEqual({ command, payload });
        expect(cutPacket(concat([whole, Uint8Array.of(1, 2)]))).toBe(whole.length);
        const damaged = Uint8Array.from(whole);
        const at = place % (whole.length * 8);
        damaged[at >> 3] = (damaged[at >> 3] ?? 0) ^ (1 << (at & 7));
        expect(openPacket(damaged)).toBeNull();
      }),
    );
  });

  test("is cut out of any bytes, piece by piece, to the end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
        let rest = noise;
        for (let pieces = 0; rest.length > 0; pieces += 1) {
          const length = cutPacket(rest);
          if (length === 0) break;
          rest = rest.subarray(length);
          expect(pieces).toBeLessThan(81);
        }
        expect(rest.length === 0 || beginsPacket(rest)).toBe(true);
      }),
    );
    expect([cutPacket(unhex("ff ff 01 06 00")), cutPacket(unhex("01 06 00")), cutPacket(unhex("01 ff ff 0a"))]).toEqual(
      [2, 0, 4],
    );
  });
});

describe("a sensor's reading", () => {
  test("is its lower ten bits in mg/dL, at the time shown, from 40 to 400, whatever the trend", () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 1023 }), fc.nat(255), fc.nat(0xfffffffe), (value, trend, display) => {
        const reading = readingOf(PAGE_TYPES.egv, 2, egv({ word: value, trend, display, system: display }), []);
        expect(reading).toMatchObject({
          value: Math.min(400, Math.max(40, value)),
          outOfRange: value < 40 ? "low" : value > 400 ? "high" : null,
          unit: "mg/dL",
          specimen: "interstitial",
          control: false,
          note: null,
          deviceTime: wallOf(display),
          order: display,
          asSent: String(value),
        });
      }),
    );
  });

  test("of LOW and HIGH is the bound, never 39 or 401", () => {
    const values = [39, 40, 400, 401].map((word) => readingOf(PAGE_TYPES.egv, 3, egv({ word })));
    expect(values.map(({ value, outOfRange }) => [value, outOfRange])).toEqual([
      [40, "low"],
      [40, null],
      [400, null],
      [400, "high"],
    ]);
  });

  test("is none where the code says that there is no value, and unreadable where no list has the code", () => {
    const told = Array.from({ length: 20 }, (_, word) => {
      const code = codeOf(() => readRecord(PAGE_TYPES.egv, 1, egv({ word }), BST));
      return code === "FRAME_MALFORMED" ? "unreadable" : "none";
    });
    const none = told.flatMap((word, code) => (word === "none" ? [code] : []));
    expect(none).toEqual([1, 2, 3, 5, 6, 9, 10, 12]);
    expect(() => readingOf(PAGE_TYPES.egv, 1, egv({ word: 5 }))).toThrow("no reading: sensor not calibrated");
  });

  test("that is only shown is passed over, whatever its value", () => {
    for (const word of [0x8000, 0x8000 | 120, 0x8000 | 5, 0xa000 | 120]) {
      expect(() => readingOf(PAGE_TYPES.egv, 5, laterEgv(5, word, SYSTEM))).toThrow("no reading: shown only");
    }
  });

  test("keeps its value under marks that are not understood, and says so", () => {
    expect(readingOf(PAGE_TYPES.egv, 2, egv({ word: 0x1400 | 120 }))).toMatchObject({
      value: 120,
      note: "Marks 1400 that are not understood",
    });
    expect(readingOf(PAGE_TYPES.egv, 5, laterEgv(5, 0x4000 | 120, SYSTEM)).note).toBeNull();
  });

  test.each([
    [PAGE_TYPES.egv, 4 as const, 0x2000],
    [PAGE_TYPES.egv, 5 as const, 0x2000],
    [PAGE_TYPES.backfilled, 5 as const, 0],
    [PAGE_TYPES.backfilled, 5 as const, 0x2000],
  ])(
    "that came later (type %i, revision %i, mark %i) has the time shown when it was measured",
    (type, revision, mark) => {
      const offsets = [
        { system: SYSTEM - 90_000, offset: 0 },
        { system: SYSTEM - 3_000, offset: 3_600 },
      ];
      const before = readRecord(type, revision, laterEgv(revision, mark | 95, SYSTEM - 3_001), offsets);
      const after = readRecord(type, revision, laterEgv(revision, mark | 95, SYSTEM - 3_000), offsets);
      expect([before, after]).toMatchObject([
        { cameLater: true, reading: { deviceTime: "2024-05-06T05:45:09", order: SYSTEM - 3_001, value: 95 } },
        { cameLater: true, reading: { deviceTime: "2024-05-06T06:45:10", order: SYSTEM - 3_000, value: 95 } },
      ]);
      // Without settings, what the display was ahead by when it arrived.
      expect(readingOf(type, revision, laterEgv(revision, mark | 95, SYSTEM - 600), []).deviceTime).toBe(
        "2024-05-06T07:25:10",
      );
    },
  );

  test("that came later and does not tell when it was measured is unreadable", () => {
    for (const measured of [0xffffffff, SYSTEM + 3_600]) {
      expect(codeOf(() => readRecord(PAGE_TYPES.egv, 5, laterEgv(5, 0x2000 | 95, measured), BST))).toBe(
        "FRAME_MALFORMED",
      );
    }
  });

  test("without a time is unreadable", () => {
    for (const record of [egv({ system: 0xffffffff }), egv({ display: 0xffffffff })]) {
      expect(codeOf(() => readRecord(PAGE_TYPES.egv, 2, record, BST))).toBe("FRAME_MALFORMED");
    }
  });

  test("that was shown otherwise than the settings tell says so", () => {
    const note = "Shown with a clock offset that the receiver's settings do not tell";
    expect(readingOf(PAGE_TYPES.egv, 2, egv({ display: DISPLAY + 3_600 })).note).toBe(note);
    expect(readingOf(PAGE_TYPES.egv, 2, egv({ display: DISPLAY + 1 })).note).toBeNull();
  });
});

describe("what a person put in", () => {
  test("a meter's value is capillary, says that it was typed in, and can't be taken for the sensor's", () => {
    const old = sealed(four(SYSTEM), four(DISPLAY), two(104), four(DISPLAY));
    const fresh = sealed(four(SYSTEM), four(DISPLAY), two(104), [2], four(SYSTEM), four(9));
    const sensor = readingOf(PAGE_TYPES.egv, 2, egv({ word: 104 }));
    const told = [readingOf(PAGE_TYPES.meter, 1, old), readingOf(PAGE_TYPES.meter, 3, fresh)];
    expect(told.map(({ note }) => note)).toEqual(["Typed in from a meter", "Typed in from a meter; entry type 2"]);
    for (const typed of told) {
      expect(typed).toMatchObject({ kind: "glucose", value: 104, specimen: "capillary", outOfRange: null });
      expect([typed.asSent, typed.specimen]).not.toContain(sensor.asSent);
      expect(typed.specimen).not.toBe(sensor.specimen);
    }
    for (const value of [0, 1_001, 0xffff]) {
      const record = sealed(four(SYSTEM), four(DISPLAY), two(value), four(DISPLAY));
      expect(codeOf(() => readRecord(PAGE_TYPES.meter, 1, record, BST))).toBe("FRAME_MALFORMED");
    }
  });

  const event = (kind: number, subtype: number, value: number, at = DISPLAY - 600): Uint8Array =>
    sealed(four(SYSTEM), four(DISPLAY), [kind, subtype], four(at), four(value));

  test.each([
    [1, 0, 45, { kind: "carbs", value: 45, unit: "g", note: null }],
    [1, 2, 45, { kind: "carbs", value: 45, unit: "g", note: "Subtype 2" }],
    [2, 0, 375, { kind: "insulin", value: 3.75, unit: "U", note: null }],
    [2, 0, 5, { kind: "insulin", value: 0.05, unit: "U", note: null }],
    [3, 1, 0, { kind: "note", value: null, unit: null, note: "Illness" }],
    [3, 9, 0, { kind: "note", value: null, unit: null, note: "Health event 9" }],
    [3, 4, 2, { kind: "note", value: null, unit: null, note: "Felt low; value 2" }],
    [4, 3, 20, { kind: "note", value: null, unit: null, note: "Heavy exercise, 20 minutes" }],
    [4, 0, 20, { kind: "note", value: null, unit: null, note: "Exercise 0, 20 minutes" }],
  ])("an event %i, %i, %i is told at the time that was given for it", (kind, subtype, value, told) => {
    const reading = readingOf(PAGE_TYPES.events, 1, event(kind, subtype, value));
    expect(reading).toMatchObject({ ...told, deviceTime: "2024-05-06T07:25:10", order: SYSTEM, specimen: null });
  });

  test("an event of no known kind, or without a time, is unreadable", () => {
    for (const record of [event(0, 0, 1), event(5, 0, 1), event(1, 0, 1, 0xffffffff)]) {
      expect(codeOf(() => readRecord(PAGE_TYPES.events, 1, record, BST))).toBe("FRAME_MALFORMED");
    }
  });
});

describe("a page", () => {
  test("gives its records, and what does not fit as unreadable, in their order", () => {
    const wrong = egv({ word: 130 });
    wrong[8] = 131;
    const { pieces } = cutPage(pageOf(4, 2, [egv(), wrong, egv({ word: 140 })], 5), PAGE_TYPES.egv);
    expect(pieces.map((piece) => ("record" in piece ? u16(piece.record, 8) : piece.unreadable.code))).toEqual([
      120,
      "FRAME_CHECKSUM",
      140,
      "FRAME_MALFORMED",
    ]);
  });

  test("a record's CRC is checked, which the peer program does not do", () => {
    const damaged = egv();
    damaged[8] = (damaged[8] ?? 0) ^ 0x40;
    const { pieces } = cutPage(pageOf(4, 2, [damaged]), PAGE_TYPES.egv);
    expect(pieces).toMatchObject([{ unreadable: { code: "FRAME_CHECKSUM", raw: damaged } }]);
  });

  test("of an unknown revision is unreadable as a whole, and an empty one is nothing", () => {
    const strange = pageOf(4, 6, [egv()]);
    expect(cutPage(strange, PAGE_TYPES.egv).pieces).toMatchObject([{ unreadable: { raw: strange } }]);
    expect(cutPage(pageOf(4, 6, []), PAGE_TYPES.egv).pieces).toEqual([]);
    expect(cutPage(new Uint8Array(27), PAGE_TYPES.egv).pieces).toHaveLength(1);
  });

  test("knows the sizes that sheet a names", () => {
    const sizes = ([4, 18, 10, 11, 12] as const).map((type) =>
      [1, 2, 3, 4, 5, 6, 7].map((rev) => recordBytes(type, rev)),
    );
    expect(sizes).toEqual([
      [13, 13, 13, 23, 25, null, null],
      [13, 13, 13, 23, 25, null, null],
      [16, 16, 21, null, null, null, null],
      [20, 20, 20, 20, 20, 20, 20],
      [48, 48, 48, 48, 50, 60, null],
    ]);
    expect(recordBytes(PAGE_TYPES.manufacturing, 1)).toBeNull();
  });

  test("that came in part gives what is proven of it, from all that came", () => {
    const records = [egv(), egv({ word: 130 }), egv({ word: 140 })];
    const whole = packet(1, pageOf(4, 2, records));
    const values = (frames: Uint8Array[]): unknown[] =>
      salvage(frames, PAGE_TYPES.egv, 7, "METER_STALLED").pieces.map((piece) =>
        "record" in piece ? u16(piece.record, 8) : piece.unreadable.code,
      );
    for (let length = 0; length <= whole.length; length += 1) {
      const proven = Math.max(0, Math.min(3, Math.floor((length - 32) / 13)));
      const told = values([whole.slice(0, length)]);
      expect(told.filter((one) => typeof one === "number")).toEqual([120, 130, 140].slice(0, proven));
      expect(told.length).toBeLessThanOrEqual(proven + 1);
    }
    const [first, second] = [Uint8Array.from(whole), Uint8Array.from(whole)];
    first[4 + 28 + 3] = 9;
    second[4 + 28 + 13 + 3] = 9;
    expect(values([first, second])).toEqual([120, 130, 140]);
    expect(values([first])).toEqual(["FRAME_CHECKSUM", 130, 140]);
    expect(salvage([whole], PAGE_TYPES.egv, 8, "METER_STALLED").pieces).toMatchObject([
      { unreadable: { code: "METER_STALLED" } },
    ]);
    expect(salvage([], PAGE_TYPES.egv, 8, "METER_STALLED").pieces).toEqual([]);
  });

  test("of any bytes tells something or nothing, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(4, 10, 11, 12, 18), (bytes, type) => {
        const { pieces } = cutPage(bytes, type as PageType);
        expect(pieces.length).toBeLessThanOrEqual(121);
        const torn = salvage([bytes], type as PageType, 0, "FRAME_CHECKSUM").pieces;
        expect(torn.every((piece) => "unreadable" in piece || piece.record.length > 0)).toBe(true);
      }),
    );
  });
});

describe("what the receiver is asked", () => {
  test("an answer of another shape is not taken", () => {
    const shapes = [0, 1, 4, 8].map((size) => new Uint8Array(size));
    const taken = [ping, unit, systemTime, displayOffset, pageRange(4), setDisplayOffset(1), firmware, page(4, 0)].map(
      (question) => shapes.flatMap((payload) => (question.read(payload) === null ? [] : [payload.length])),
    );
    expect(taken).toEqual([[0], [1], [4], [4], [8], [0], [], []]);
  });

  test("a page of another type or number is not taken", () => {
    const here = pageOf(4, 2, [egv()]);
    expect([page(4, 7), page(4, 6), page(10, 7)].map((question) => question.read(here) !== null)).toEqual([
      true,
      false,
      false,
    ]);
    expect(readHeader(here)).toEqual({ count: 1, type: 4, revision: 2, number: 7, proven: true });
  });

  test.each([
    [[0xffffffff, 0xffffffff], "empty"],
    [[0, 0], { first: 0, last: 0 }],
    [[291, 400], { first: 291, last: 400 }],
    [[0, 4_095], { first: 0, last: 4_095 }],
  ] as const)("pages %j are %j", ([first, last], range) => {
    expect(pageRange(4).read(Uint8Array.from([...four(first), ...four(last)]))).toEqual(range);
  });

  test.each([[[1, 0]], [[0, 4_096]], [[0, 0xffffffff]], [[0xffffffff, 0]]] as const)(
    "pages %j are refused",
    ([first, last]) => {
      const answer = Uint8Array.from([...four(first), ...four(last)]);
      expect(codeOf(() => pageRange(4).read(answer))).toBe("FRAME_MALFORMED");
    },
  );

  test("the unit is one of two, or not known", () => {
    expect([0, 1, 2, 3].map((byte) => unit.read(Uint8Array.of(byte))?.unit)).toEqual([null, "mg/dL", "mmol/L", null]);
  });

  test.each([
    ["<A B='1' C=\"2\"/>", { B: "1", C: "2" }],
    ["\0\0<A B='old'/>\0<A\n B='new' />\0", { B: "new" }],
    ["<A>", {}],
    ["<A B='1' C>", null],
    ["<A B='1", null],
    ["<AB C='1'/>", null],
    ["no XML", null],
    [`<A B='${"x".repeat(300)}'/>`, null],
  ])("%j has the attributes %j", (text, expected) => {
    const found = attributes(text, "A");
    expect(found === null ? null : Object.fromEntries(found)).toEqual(expected);
  });
});

describe("the display's offsets", () => {
  test("are found at any time, whatever the order of the records, and repeat nothing", () => {
    const offsets = offsetsOf([
      { system: 30, offset: 7 },
      { system: 10, offset: 5 },
      { system: 20, offset: 5 },
    ]);
    expect(offsets).toEqual([
      { system: 10, offset: 5 },
      { system: 30, offset: 7 },
    ]);
    expect([9, 10, 29, 30, 99].map((system) => offsetAt(offsets, system))).toEqual([null, 5, 5, 7, 7]);
    expect(clockChanges(offsets.slice(1))).toEqual([]);
  });

  test("wall times and seconds are each other's", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (seconds) => {
        expect(secondsOf(wallOf(seconds))).toBe(seconds);
      }),
    );
    expect(wallOf(0)).toBe("2009-01-01T00:00:00");
  });
});
