import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { readEntry, readEntryMap } from "../shared/ieee11073/segments.js";
import { listed, type SimulatedObject, timeBytes, two } from "../shared/ieee11073/simulated-device.js";
import { MODEL_NAMES, modelOf } from "../shared/roche/models.js";
import { readResult, roleOf } from "./codec.js";
import { type Context, Contexts } from "./contexts.js";
import { limitsOf, placeOf } from "./limits.js";
import { entryMap } from "./simulator.js";
import { deviceStatusWords } from "./status.js";
import { measurementOf } from "./types.js";

const TIME = "2024-05-05T07:31:05";
const MG_DL = 0x0852;
const MMOL_L = 0x1272;

/** What an entry is read with, where it is not a plain test of a Guide. */
interface Around {
  readonly code?: number;
  readonly declared?: number | null;
  readonly unit?: number | null;
  readonly isInstant?: boolean;
  readonly contexts?: readonly Context[];
  readonly attributes?: readonly number[];
  readonly time?: readonly number[];
}

/** The reading of an entry with these words. */
function read(words: readonly number[], around: Around = {}): SourceReading {
  const { code = 29_296, declared = code, unit = MG_DL, isInstant = false, contexts = [] } = around;
  const object: SimulatedObject = { classId: 6, handle: 1, attributes: [[0x092f, [...two(2), ...two(code)]]] };
  const attributes = new Map<number, Uint8Array>();
  if (declared !== null) attributes.set(0x092f, Uint8Array.from([...two(2), ...two(declared)]));
  if (unit !== null) attributes.set(0x0996, Uint8Array.from(two(unit)));
  const map = readEntryMap(Uint8Array.from(entryMap(object, around.attributes ?? [0x0a4c, 0x0947])));
  const raw = Uint8Array.from([...(around.time ?? timeBytes(TIME)), ...words.flatMap(two)]);
  const objects = [{ classId: 6, handle: 1, attributes }];
  return readResult(readEntry(map, raw), { objects, isInstant, contextsOf: () => contexts });
}

/** Value, unit and flag of a reading; the code of the problem if it is none. */
function told(words: readonly number[], around: Around = {}): unknown {
  try {
    const { value, unit, outOfRange, control } = read(words, around);
    return control ? [value, unit, outOfRange, "control"] : [value, unit, outOfRange];
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
}

const REFUSED = "FRAME_MALFORMED";

test("a plain test is its time with seconds and its value, and nothing more is made of it", () => {
  expect(read([104, 0])).toEqual({
    kind: "glucose",
    value: 104,
    value2: null,
    unit: "mg/dL",
    outOfRange: null,
    control: false,
    meal: null,
    specimen: null,
    delivery: null,
    note: null,
    deviceTime: TIME,
    instantMs: null,
    endMs: null,
    utcOffset: null,
    index: null,
    asSent: "104",
    testKey: "2024-05-05T07:31 104 mg/dL",
    sourceKey: null,
    device: null,
    sourceName: null,
    raw: Uint8Array.from([...timeBytes(TIME), 0, 104, 0, 0]),
  });
});

test("SFLOAT taken for an integer: the exponent counts, in either unit", () => {
  expect([told([0x100c, 0]), told([0xf410, 0])]).toEqual([
    [120, "mg/dL", null],
    [104, "mg/dL", null],
  ]);
  expect(told([0xf03a, 0], { unit: MMOL_L })).toEqual([5.8, "mmol/L", null]);
  expect(read([0xf03a, 0], { unit: MMOL_L }).asSent).toBe("5.8");
});

test("seconds are not dropped (a peer drops them)", () => {
  expect(read([104, 0], { time: timeBytes("2024-05-05T07:31:59") }).deviceTime).toBe("2024-05-05T07:31:59");
});

describe("Accu-Chek's status word ignored", () => {
  test("a test that it marks as one with control solution is never a patient's reading", () => {
    const reading = read([104, 0x0800]);
    expect([reading.control, reading.specimen, reading.note]).toEqual([true, "control", null]);
  });

  test("a result that it calls invalid, not there, or not ready is none, and so are flags that nobody has described", () => {
    const words = [0x8000, 0x2000, 0x1000, 0x0400, 0x0200, 0x0100, 0x0040, 0x0020, 0x0010, 0x0008, 0x0004, 0x8800];
    expect(words.map((word) => told([104, word]))).toEqual(words.map(() => REFUSED));
    expect(words).toHaveLength(12);
  });

  test("what can't change the value stands in the note", () => {
    const noted = [0x4000, 0x0080, 0x0002, 0x0001, 0x4002].map((word) => {
      const { value, note } = read([104, word]);
      return [value, note];
    });
    expect(noted).toEqual([
      [104, "Meter status: questionable"],
      [104, "Meter status: validated"],
      [104, "Meter status: in alarm"],
      [104, "Meter status: alarm inhibited"],
      [104, "Meter status: questionable; Meter status: in alarm"],
    ]);
  });

  test("the marks that Bluetooth has for HI and LO are borne beside HI and LO, and nowhere else", () => {
    expect([told([0x07fe, 0x0020]), told([0x0802, 0x0040])]).toEqual([
      [600, "mg/dL", "high"],
      [20, "mg/dL", "low"],
    ]);
    expect([told([0x07fe, 0x0040]), told([0x0802, 0x0020])]).toEqual([REFUSED, REFUSED]);
    expect(read([0x0802, 0x0040]).note).toBe("Meter status: 0040");
  });
});

describe("HI and LO", () => {
  test("are the bound with a flag, in both units and of both kinds of meters", () => {
    const around = [MG_DL, MMOL_L].flatMap((unit) => [false, true].map((isInstant) => ({ unit, isInstant })));
    expect(around.map((one) => [told([0x0802, 0], one), told([0x07fe, 0], one)])).toEqual([
      [
        [20, "mg/dL", "low"],
        [600, "mg/dL", "high"],
      ],
      [
        [10, "mg/dL", "low"],
        [600, "mg/dL", "high"],
      ],
      [
        [1.1, "mmol/L", "low"],
        [33.3, "mmol/L", "high"],
      ],
      [
        [0.6, "mmol/L", "low"],
        [33.3, "mmol/L", "high"],
      ],
    ]);
    expect([read([0x0802, 0]).asSent, read([0x07fe, 0]).asSent]).toEqual(["LO", "HI"]);
  });

  test("numbers beyond are never told as numbers: not 601, not 9", () => {
    expect([9, 10, 19, 20, 600, 601, 999].map((value) => told([value, 0]))).toEqual([
      [20, "mg/dL", "low"],
      [10, "mg/dL", null],
      [19, "mg/dL", null],
      [20, "mg/dL", null],
      [600, "mg/dL", null],
      [600, "mg/dL", "high"],
      [600, "mg/dL", "high"],
    ]);
    expect([0x0000, 0x0fff, 1_000, 0x07ff, 0x0800, 0x0801].map((word) => told([word, 0]))).toEqual(
      new Array(6).fill(REFUSED),
    );
    expect([placeOf(Number.NaN, "mg/dL"), placeOf(33.4, "mmol/L"), placeOf(56, "mmol/L")]).toEqual([
      null,
      "high",
      null,
    ]);
    expect(limitsOf(true, "mmol/L")).toEqual({ low: 0.6, high: 33.3 });
  });
});

describe("the unit", () => {
  test("is the one that the meter states, and one that nobody has described is none", () => {
    expect([told([104, 0], { unit: 0x0853 }), told([0xf03a, 0], { unit: 0x0853 })]).toEqual([REFUSED, REFUSED]);
  });

  test("is mg/dL where none is stated, but only for whole numbers without an exponent", () => {
    expect(
      [
        [104, 0],
        [0x0802, 0],
        [0xf03a, 0],
        [5, 0],
      ].map((words) => told(words, { unit: null })),
    ).toEqual([[104, "mg/dL", null], [20, "mg/dL", "low"], REFUSED, REFUSED]);
  });
});

describe("what is measured", () => {
  test("stands in the entry's map: specimens, and control solution in all its levels", () => {
    const codes = [28948, 29112, 29116, 29120, 29124, 29128, 29132, 29136, 29140, 29292, 29296, 29300, 29304, 29308];
    const shown = codes.map((code) => {
      const { control, specimen } = read([104, 0], { code });
      return control ? `${specimen}!` : specimen;
    });
    expect(shown).toEqual([
      ...[null, "capillary", "capillary", "venous", "venous", null, null],
      ...["control!", "interstitial", null, null, "control!", "control!", "control!"],
    ]);
    expect(read([104, 0], { code: 29_128 }).note).toBe("Arterial blood");
  });

  test("is never told as glucose if it is another thing, or called two names", () => {
    expect([told([104, 0], { code: 29_148 }), told([104, 0], { code: 19_384 })]).toEqual([REFUSED, REFUSED]);
    expect(told([104, 0], { declared: 29_136 })).toBe(REFUSED);
    expect(told([104, 0], { declared: 29_148 })).toBe(REFUSED);
    expect(told([104, 0], { declared: 29_116 })).toEqual([104, "mg/dL", null]);
    expect(told([104, 0], { declared: null })).toEqual([104, "mg/dL", null]);
    expect(measurementOf({ partition: 128, code: 29_136 })).toBeNull();
  });

  test("an attribute that nobody has described, two numbers, or none make no result", () => {
    expect(told([104, 0], { attributes: [0x0a4c, 0x0a61] })).toBe(REFUSED);
    expect(told([104, 104], { attributes: [0x0a4c, 0x0a4c] })).toBe(REFUSED);
    expect(told([104, 0, 104], { attributes: [0x0a4c, 0x0950] })).toBe(REFUSED);
    expect(told([104, 0], { attributes: [0x0947, 0x0990] })).toBe(REFUSED);
    expect(told([0], { attributes: [0x0947] })).toBe(REFUSED);
    expect(told([104], { attributes: [0x0a4c] })).toEqual([104, "mg/dL", null]);
  });

  test("an impossible date makes no result", () => {
    expect(told([104, 0], { time: [0x20, 0x24, 0x04, 0x31, 0, 0, 0, 0] })).toBe(REFUSED);
    expect(told([104, 0], { time: new Array<number>(8).fill(0xff) })).toBe(REFUSED);
  });
});

describe("what other segments say about a test", () => {
  const meal = (code: number): Context => ({ kind: "meal", code });

  test("a meal is told by its code, one that nobody has described in the note", () => {
    const meals = [29260, 29264, 29268, 29272, 29300, 29261].map(
      (code) => read([104, 0], { contexts: [meal(code)] }).meal,
    );
    expect(meals).toEqual(["before", "after", "fasting", "casual", "bedtime", "bedtime"]);
    const odd = read([104, 0], { contexts: [meal(29_999)] });
    expect([odd.value, odd.meal, odd.note]).toEqual([104, null, "Meal mark 29999"]);
  });

  test("two meals of one test exclude each other, the same one twice does not", () => {
    const both = read([104, 0], { contexts: [meal(29_260), meal(29_264)] });
    expect([both.meal, both.note]).toEqual([null, "Meal marks that exclude each other: before, after"]);
    expect(read([104, 0], { contexts: [meal(29_260), meal(29_260)] }).meal).toBe("before");
  });

  test("a failure of the test makes its value none; a mark for HI and LO must fit it", () => {
    const failing = [0x4000, 0x2000, 0x1000, 0x0800, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010, 0x0008, 0x0001];
    expect(failing.map((word) => told([104, 0], { contexts: [{ kind: "status", word }] }))).toEqual(
      failing.map(() => REFUSED),
    );
    expect(failing).toHaveLength(11);
    const high: Context = { kind: "status", word: 0x0400 };
    const low: Context = { kind: "status", word: 0x0200 };
    expect(told([0x07fe, 0], { contexts: [high] })).toEqual([600, "mg/dL", "high"]);
    expect([told([104, 0], { contexts: [high] }), told([0x07fe, 0], { contexts: [low] })]).toEqual([REFUSED, REFUSED]);
    expect(told([0x07fe, 0], { contexts: [high, low] })).toBe(REFUSED);
    expect(read([104, 0], { contexts: [{ kind: "status", word: 0x8000 }] }).note).toBe("Meter status: battery low");
  });

  test("control solution by the sample's place is no patient's reading; an unknown place might be that", () => {
    expect(told([104, 0], { contexts: [{ kind: "location", code: 29_252 }] })).toEqual([104, "mg/dL", null, "control"]);
    expect(read([104, 0], { contexts: [{ kind: "location", code: 29_244 }] }).note).toBe(
      "Sample from an alternative site",
    );
    expect(told([104, 0], { contexts: [{ kind: "location", code: 29_253 }] })).toBe(REFUSED);
  });

  test("is found by the test's time to the hundredth, and what belongs to no test is left over", () => {
    const object: SimulatedObject = { classId: 5, handle: 3, attributes: [[0x092f, [...two(128), ...two(29_144)]]] };
    const map = readEntryMap(Uint8Array.from(entryMap(object, [0x0a66])));
    const at = (time: number[], word: number): Uint8Array => Uint8Array.from([...time, ...two(word)]);
    const contexts = new Contexts();
    const other = [...timeBytes(TIME).slice(0, 7), 0x01];
    contexts.add(readEntry(map, at(timeBytes(TIME), 0x8000)));
    contexts.add(readEntry(map, at(timeBytes(TIME), 0x2000)));
    contexts.add(readEntry(map, at(other, 0x0804)));
    expect(contexts.of(Uint8Array.from(timeBytes(TIME)))).toEqual([
      { kind: "status", word: 0x8000 },
      { kind: "status", word: 0x2000 },
    ]);
    expect(contexts.of(Uint8Array.from(timeBytes("2024-05-05T07:31:06")))).toEqual([]);
    expect([...contexts.left()]).toEqual([
      { detail: "The meter notes without a result: wrong strip, unknown flags 0004.", raw: at(other, 0x0804) },
    ]);
    expect(deviceStatusWords(0)).toBe("no flag");
  });
});

test("a segment's role is told by the classes of its objects", () => {
  const roles = ([6, 5, 9] as const).map((classId) => {
    const map = readEntryMap(
      Uint8Array.from(entryMap({ classId, handle: 1, attributes: [[0x092f, [0, 2, 0, 1]]] }, [0x0a4c])),
    );
    return roleOf({ instance: 0, label: null, map, usage: null, adjusted: false });
  });
  expect(roles).toEqual(["results", "contexts", "unknown"]);
  expect(roleOf({ instance: 0, label: null, map: null, usage: null, adjusted: false })).toBe("unknown");
});

test("a model is named by its number, and one that nobody has listed keeps its own word", () => {
  expect(["925", "961", "982", "901", "483", "111", null].map((number) => modelOf(number))).toEqual([
    { name: "Accu-Chek Guide (925)", isInstant: false },
    { name: "Accu-Chek Instant (961)", isInstant: true },
    { name: "ReliOn Platinum (982)", isInstant: false },
    { name: "Accu-Chek Guide Me (901)", isInstant: false },
    { name: "Accu-Chek Aviva Connect (483)", isInstant: false },
    { name: "111", isInstant: false },
    { name: null, isInstant: false },
  ]);
  expect(MODEL_NAMES).toHaveLength(7);
});

test("whatever an entry holds, it is a reading within the bounds or refused with a problem", () => {
  const word = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0, max: 1_200 }),
    fc.constantFrom(0, 0x07fe, 0x0802),
  );
  let readings = 0;
  let refused = 0;
  fc.assert(
    fc.property(word, fc.oneof(word, fc.constant(0)), fc.constantFrom(MG_DL, MMOL_L, null), (value, status, unit) => {
      const shown = told([value, status], { unit });
      if (shown === REFUSED) {
        refused += 1;
        return;
      }
      const { value: number, unit: name, outOfRange, asSent } = read([value, status], { unit });
      const [low, high] = name === "mg/dL" ? [10, 600] : [0.6, 33.3];
      expect(number).toBeGreaterThanOrEqual(low);
      expect(number).toBeLessThanOrEqual(high);
      if (outOfRange === null) expect(asSent).toBe(String(number));
      readings += 1;
    }),
    { numRuns: 3_000 },
  );
  expect([readings > 300, refused > 300]).toEqual([true, true]);
});

test("an entry with times of other kinds, or with two results, is refused", () => {
  const element = [...two(6), ...two(2), ...two(29_296), ...two(1), ...listed([[...two(0x0a4c), ...two(2)]])];
  const surroundings = { objects: [], isInstant: false, contextsOf: () => [] };
  const relative = readEntryMap(Uint8Array.from([0x40, 0, ...listed([element])]));
  expect(() => readResult(readEntry(relative, Uint8Array.from([0, 0, 0, 1, 0, 104])), surroundings)).toThrow(/no time/);
  const double = readEntryMap(Uint8Array.from([0x80, 0, ...listed([element, element])]));
  const raw = Uint8Array.from([...timeBytes(TIME), 0, 104, 0, 105]);
  expect(() => readResult(readEntry(double, raw), surroundings)).toThrow(/one result/);
});
