import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../src/domain/problem.js";
import { concat, latin1, latin1Bytes, unhex } from "../../../src/kit/bytes.js";
import { EOT } from "./control.js";
import { frameChecksum, readFrame } from "./frame.js";
import { readHeader } from "./header.js";
import { limitsOf } from "./limits.js";
import { isAverage, readingOf } from "./reading.js";
import { readResult } from "./result.js";
import { simulatedFrame } from "./simulated-frame.js";
import { wallOfParts, wallOfStamp } from "./wall.js";

/** The code of the problem that it throws. */
function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "nothing";
}

const read = (text: string, bounds?: string) => readingOf(readResult(text), bounds, latin1Bytes(text));
/** A result of the serial form. */
const long = ({ value = "104", unit = "mg/dL^P", range = "", mark = "", status = "", stamp = "202402291645" }) =>
  `R|7|^^^Glucose|${value}|${unit}||${range}|${mark}|${status}|||${stamp}`;

interface Vector {
  readonly description: string;
  readonly input_text?: string;
  readonly input_hex?: string;
  readonly expected: Expected;
}

/** What the samples say comes out of them: each says some of it. */
type Expected = Readonly<
  Partial<Record<Words, string> & Record<Numbers, number> & Record<Lists, readonly string[]> & { control: boolean }>
>;
type Words =
  | "checksum"
  | "units"
  | "deviceTime"
  | "model"
  | "serial"
  | "product"
  | "payload_hex"
  | "action"
  | "test"
  | "unit"
  | "reference_method"
  | "local_time"
  | "out_of_range"
  | "display_unit"
  | "sku"
  | "checksum_hex"
  | Settings;
type Settings = "A" | "C" | "G" | "I" | "R" | "S" | "Z" | "U";
type Numbers =
  | "sequence"
  | "record"
  | "value"
  | "lowThreshold"
  | "highThreshold"
  | "records"
  | "frame_number"
  | "seq"
  | "total_records"
  | "V_low"
  | "V_high";
type Lists = "firmware" | "versions" | "flags" | "X" | "Y";

function fileOf(name: string): URL {
  return new URL(`../../../../shared/vectors/${name}.json`, import.meta.url);
}

function vectorsOf(name: string): readonly Vector[] {
  return JSON.parse(readFileSync(fileOf(name), "utf8")).vectors;
}

describe.skipIf(!existsSync(fileOf("set-a/contour-next-hid")))("the samples of set a", () => {
  test("read as expected", () => {
    const [record, header, ...others] = vectorsOf("set-a/contour-next-hid");
    expect(others).toEqual([]);
    const frame = readFrame(latin1Bytes(record?.input_text ?? ""));
    expect(frame.number).toBe(record?.expected.sequence);
    expect(frameChecksum(frame.raw.subarray(1, -4))).toBe(record?.expected.checksum);
    const result = readResult(frame.text);
    expect(Number(result.number)).toBe(record?.expected.record);
    const reading = readingOf(result, undefined, frame.raw);
    expect([reading.value, reading.unit, reading.meal]).toEqual([
      record?.expected.value,
      record?.expected.units,
      "after",
    ]);
    expect(reading.deviceTime).toBe(record?.expected.deviceTime);
    expect(reading.note).toBe("Mark M0, T1");

    const opening = readHeader((header?.input_text ?? "").slice(1));
    expect(opening.product).toBe(header?.expected.model);
    expect(opening.versions).toEqual(header?.expected.firmware);
    expect(opening.components[2]).toEqual(expect.stringMatching(new RegExp(`^\\d{4}-${header?.expected.serial}$`)));
    expect(opening.displayUnit).toBe("mg/dL");
    expect(limitsOf(opening.settings.get("V"), "mg/dL")).toEqual({
      low: header?.expected.lowThreshold,
      high: header?.expected.highThreshold,
    });
    expect(opening.records).toBe(header?.expected.records);
    expect(wallOfStamp(opening.clock ?? "")).toBe(header?.expected.deviceTime);
  });
});

describe.skipIf(!existsSync(fileOf("set-b/contour-usb")))("the samples of set b", () => {
  test("read, or are refused, as expected", () => {
    let ran = 0;
    for (const { expected, description, input_hex = "", input_text = "" } of vectorsOf("set-b/contour-usb")) {
      const bytes = unhex(input_hex);
      if ("product" in expected) {
        expectHeader(bytes, expected);
      } else if ("payload_hex" in expected) {
        // A HID report: three bytes of filler, a length, the bytes of the stream that the frames stand in.
        const payload = bytes.subarray(4, 4 + (bytes[3] ?? 0));
        expect(payload, description).toEqual(Uint8Array.of(EOT));
        expect(payload, description).toEqual(unhex(expected.payload_hex ?? ""));
      } else if ("frame_number" in expected) {
        expect(readFrame(bytes).number, description).toBe(expected.frame_number);
      } else if ("action" in expected) {
        expect(expected.action).toBe("NAK");
        expect(
          codeOf(() => readFrame(bytes)),
          description,
        ).toBe("FRAME_CHECKSUM");
      } else if ("seq" in expected) {
        const result = readResult(input_text);
        expect(Number(result.number)).toBe(expected.seq);
        expect([result.test, result.unit, result.method]).toEqual([
          expected.test,
          expected.unit,
          expected.reference_method,
        ]);
        expect(result.marks).toEqual(expected.flags);
        expect(read(input_text)).toMatchObject({
          value: expected.value,
          deviceTime: expected.local_time,
          meal: "before",
          note: "Mark X",
        });
      } else if ("out_of_range" in expected) {
        const { value, unit, outOfRange } = read(input_text);
        expect([value, unit, outOfRange], description).toEqual([expected.value, expected.unit, "high"]);
        expect(readResult(input_text).marks).toEqual(expected.flags);
      } else if ("control" in expected) {
        expect(read(input_text), description).toMatchObject({ control: true, specimen: "control" });
      } else {
        expect(wallOfStamp(input_text), description).toBe(expected.local_time);
      }
      ran += 1;
    }
    expect(ran).toBe(9);
  });

  function expectHeader(bytes: Uint8Array, expected: Expected): void {
    const from = bytes.indexOf(2);
    const frame = readFrame(bytes.slice(from, bytes.lastIndexOf(0x0a) + 1));
    const header = readHeader(frame.text);
    expect(frame.number).toBe(1);
    expect(frame.last).toBe(false);
    expect(header.product).toBe(expected.product);
    expect(header.displayUnit).toBe(expected.display_unit);
    expect(header.records).toBe(expected.total_records);
    expect(wallOfStamp(header.clock ?? "")).toBe(expected.local_time);
    expect(limitsOf(header.settings.get("V"), "mg/dL")).toEqual({ low: expected.V_low, high: expected.V_high });
    for (const letter of ["A", "C", "G", "I", "R", "S", "Z", "U"] as const) {
      if (letter in expected) expect(header.settings.get(letter), letter).toBe(expected[letter]);
    }
    if ("versions" in expected) expect(header.versions).toEqual(expected.versions);
    if ("serial" in expected) expect(header.components.slice(2)).toEqual([expected.serial, expected.sku]);
    if ("X" in expected) expect(header.settings.get("X")?.match(/\d{3}/g)).toEqual(expected.X);
    if ("Y" in expected) expect(header.settings.get("Y")?.match(/\d{3}/g)).toEqual(expected.Y);
    if ("checksum_hex" in expected) expect(latin1(frame.raw).slice(-4, -2)).toBe(expected.checksum_hex);
  }
});

describe("a frame", () => {
  test("is read whatever its number and text are", () => {
    const text = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7 }), text, fc.boolean(), (number, body, last) => {
        const raw = simulatedFrame(number, body, last);
        expect(readFrame(raw)).toEqual({ number, text: body, last, raw });
      }),
      { numRuns: 300 },
    );
  });

  test("is refused with any one bit of it turned over, and never read as another", () => {
    const raw = simulatedFrame(5, "R|6|^^^Glucose|118|mg/dL^P||A||202405060731", false);
    let ran = 0;
    for (let place = 0; place < raw.length; place += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const turned = Uint8Array.from(raw, (byte, at) => (at === place ? byte ^ (1 << bit) : byte));
        expect(codeOf(() => readFrame(turned))).toMatch(/^FRAME_(?:CHECKSUM|MALFORMED)$/);
        ran += 1;
      }
    }
    expect(ran).toBe(raw.length * 8);
  });

  test("is refused, and breaks nothing, where bytes are missing or of another kind", () => {
    const raw = simulatedFrame(1, "P|1", true);
    for (let length = 0; length < raw.length; length += 1) {
      expect(codeOf(() => readFrame(raw.slice(0, length)))).toBe("FRAME_MALFORMED");
    }
    expect(codeOf(() => readFrame(simulatedFrame(8 + 1, "P\u0001", true)))).toBe("FRAME_MALFORMED");
    const nine = concat([Uint8Array.of(2), latin1Bytes("9P\r\u0003"), latin1Bytes("CF\r\n")]);
    expect(frameChecksum(latin1Bytes("9P\r\u0003"))).toBe("99");
    nine.set(latin1Bytes("99"), nine.length - 4);
    expect(codeOf(() => readFrame(nine))).toBe("FRAME_MALFORMED");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(codeOf(() => readFrame(bytes))).toMatch(/^FRAME_/);
      }),
    );
  });
});

describe("a header", () => {
  test("of an old meter, without settings and count, is read by its delimiters", () => {
    expect(readHeader("H|\\^&||-123|Bayer7150^1.05\\0.00^7150-ABC1234|||||||P|1|200405121635")).toEqual({
      product: "Bayer7150",
      components: ["Bayer7150", "1.05\\0.00", "7150-ABC1234"],
      versions: ["1.05", "0.00"],
      settings: new Map(),
      displayUnit: null,
      records: null,
      clock: "200405121635",
    });
  });

  test.each([
    ["P|1", "another record"],
    ["H|$%&||x|Bayer7150^1^2", "other delimiters"],
    ["H|\\^&||x||", "no product"],
    ["H", "nothing at all"],
  ])("is refused: %s (%s)", (text) => {
    expect(codeOf(() => readHeader(text))).toBe("FRAME_MALFORMED");
  });

  test("whose unit is set to anything but 0 and 1 names none", () => {
    expect(readHeader("H|\\^&||x|Bayer7410^1^2|U=303").displayUnit).toBeNull();
  });
});

describe("the bounds", () => {
  test.each([
    ["20600", "mg/dL", { low: 20, high: 600 }],
    ["10600", "mg/dL", { low: 10, high: 600 }],
    ["20600", "mmol/L", { low: 1.1, high: 33.3 }],
    ["10600", "mmol/L", { low: 0.6, high: 33.3 }],
    ["11333", "mmol/L", { low: 1.1, high: 33.3 }],
    ["06333", "mg/dL", { low: 10, high: 600 }],
    ["15550", "mmol/L", null],
    ["00600", "mg/dL", null],
    ["20450", "mg/dL", null],
    ["206000", "mg/dL", null],
    [undefined, "mg/dL", null],
  ] as const)("of %s in %s are %j", (setting, unit, bounds) => {
    expect(limitsOf(setting, unit)).toEqual(bounds);
  });
});

describe("a result", () => {
  test("is read in both forms, in both units, whatever its number, marks and date are", () => {
    const parts = fc.record({
      day: fc.date({
        min: new Date("2000-01-01T00:00:00Z"),
        max: new Date("2099-12-31T23:59:59Z"),
        noInvalidDate: true,
      }),
      amount: fc.integer({ min: 21, max: 332 }),
      mmol: fc.boolean(),
      serial: fc.boolean(),
      control: fc.boolean(),
      meal: fc.constantFrom("", "B", "A"),
    });
    fc.assert(
      fc.property(parts, ({ day, amount, mmol, serial, control, meal }) => {
        const wall = `${day.toISOString().slice(0, 16)}:00`;
        const stamp = wall.replace(/[-T:]/g, "").slice(0, 12);
        const value = mmol ? (amount / 10).toFixed(1) : String(amount);
        const unit = mmol ? "mmol/L^P" : "mg/dL^P";
        const marks = [meal, control ? "C" : ""].filter((mark) => mark !== "").join("/");
        const text = serial
          ? long({ value, unit, mark: meal, status: control ? "E" : "", stamp })
          : `R|7|^^^Glucose|${value}|${unit}||${marks}||${stamp}`;
        const reading = read(text);
        expect(reading.deviceTime).toBe(wall);
        expect(reading.value).toBe(mmol ? amount / 10 : amount);
        expect(reading.unit).toBe(mmol ? "mmol/L" : "mg/dL");
        expect(reading.asSent).toBe(value);
        expect(reading.outOfRange).toBeNull();
        expect(reading.control).toBe(control);
        expect(reading.specimen).toBe(control ? "control" : null);
        expect(reading.meal).toBe({ "": null, B: "before", A: "after" }[meal]);
        expect(reading.note).toBeNull();
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    [long({ value: "600", range: ">" }), undefined, 600, "high", null],
    [long({ value: "601", range: ">" }), "20600", 600, "high", null],
    [long({ value: "601" }), undefined, 600, "high", null],
    [long({ value: "20", range: "<" }), "20600", 20, "low", null],
    [long({ value: "10", range: "<" }), "10600", 10, "low", null],
    [long({ value: "10", range: "<" }), undefined, 20, "low", null],
    [long({ value: "15" }), "10600", 15, null, null],
    [long({ value: "15" }), "20600", 20, "low", null],
    [long({ value: "33.3", unit: "mmol/L^P", range: ">" }), "11333", 33.3, "high", null],
    [long({ value: "1.1", unit: "mmol/L^P", range: "<" }), undefined, 1.1, "low", null],
    [long({ value: "600", range: ">\\T" }), undefined, 600, "high", "Temperature warning"],
    [long({ value: "20", range: "<\\T" }), undefined, 20, "low", "Temperature warning"],
    [long({ range: "T" }), undefined, 104, null, "Temperature warning"],
    [long({ mark: "D" }), undefined, 104, null, "Logbook mark"],
    [long({ mark: "Q" }), undefined, 104, null, "Mark Q"],
    [long({ unit: "mg/dL^B" }), undefined, 104, null, "Whole blood reference"],
    [long({ unit: "mg/dL^C" }), undefined, 104, null, "Capillary blood reference"],
    [long({ unit: "mg/dL^D" }), undefined, 104, null, "Reference D"],
    [long({ unit: "mg/dL" }), undefined, 104, null, null],
    [
      long({ range: "T", mark: "B/A", unit: "mg/dL^B" }),
      undefined,
      104,
      null,
      "Temperature warning; Whole blood reference; Mark B, A",
    ],
    [long({ status: "E\\D" }), undefined, 104, null, "Mark D"],
  ] as const)("%s with bounds %s is %d %s (%s)", (text, bounds, value, outOfRange, note) => {
    expect(read(text, bounds)).toMatchObject({ value, outOfRange, note });
  });

  test.each([
    ["of another test", long({}).replace("Glucose", "Insulin")],
    ["of carbohydrates", long({}).replace("Glucose", "Carb")],
    ["that does not say of what", long({}).replace("^^^Glucose", "Glucose")],
    ["in an unknown unit", long({ unit: "g/L^P" })],
    ["in mmol/L without a decimal: they may be tenths", long({ value: "56", unit: "mmol/L^P" })],
    ["in mg/dL with a decimal", long({ value: "5.6" })],
    ["without a number", long({ value: "" })],
    ["that is negative", long({ value: "-5" })],
    ["of zero", long({ value: "0" })],
    ["marked as below range at 104", long({ range: "<" })],
    ["marked as above range at 104", long({ range: ">" })],
    ["marked as below and above", long({ value: "20", range: "<\\>" })],
    ["of an unknown status", long({ status: "D" })],
    ["with E in the short form", "R|7|^^^Glucose|104|mg/dL^P||E||202402291645"],
    ["of a day that does not exist", long({ stamp: "202302291645" })],
    ["of an hour that does not exist", long({ stamp: "202402292445" })],
    ["of the year 0", long({ stamp: "000001010000" })],
    ["without a stamp", long({ stamp: "" })],
    ["cut short", "R|7|^^^Glucose|104|mg/dL^P"],
    ["that is another record", "P|1"],
  ])("%s is refused", (_, text) => {
    expect(codeOf(() => read(text))).toBe("FRAME_MALFORMED");
  });

  test("named GlucoseA is the meter's average", () => {
    expect(isAverage(readResult("R|1|^^^GlucoseA|121|mg/dL^P|||||||"))).toBe(true);
    expect(isAverage(readResult(long({})))).toBe(false);
  });

  test("is told in the unit of its own record, not in the header's (peer bug: digits only)", () => {
    expect(read(long({ value: "7.8", unit: "mmol/L^P" }), "20600")).toMatchObject({ value: 7.8, unit: "mmol/L" });
  });

  test("with letters where the peer tests for a C is no control test (peer bug: contains C)", () => {
    expect(read("R|7|^^^Glucose|104|mg/dL^P||MC/T1||202402291645")).toMatchObject({
      control: false,
      note: "Mark MC, T1",
    });
  });

  test("breaks nothing, whatever its text is", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(codeOf(() => read(`R|${text}`))).toBe("FRAME_MALFORMED");
      }),
    );
  });
});

describe("a stamp", () => {
  test("has seconds where the meter sends them, and a 24-hour clock (peer bug: read with a 12-hour mask)", () => {
    expect(wallOfStamp("20240506133142")).toBe("2024-05-06T13:31:42");
    expect(wallOfStamp("202405061331")).toBe("2024-05-06T13:31:00");
    expect(wallOfStamp("202405060031")).toBe("2024-05-06T00:31:00");
    expect(wallOfParts("240229", "2359")).toBe("2024-02-29T23:59:00");
  });
});
