import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { recordFaults } from "../../src/domain/validate.js";
import { latin1Bytes, unhex } from "../../src/kit/bytes.js";
import { readClock } from "../shared/astm/contour.js";
import { EOT } from "../shared/astm/control.js";
import type { Told } from "../shared/astm/dump.js";
import { type Frame, readFrame } from "../shared/astm/frame.js";
import { limitsOf } from "../shared/astm/limits.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";
import { wallOfStamp } from "../shared/astm/wall.js";
import { readOpening, readRecord } from "./codec.js";
import { isLink, modelOf, shunsEot } from "./models.js";
import { contourReports, readReport, reportsOf as toMeter } from "./reports.js";
import { END, HEADER, MMOL_HEADER, reportsOf, resultOf } from "./scripted-meter.js";

const frameOf = (text: string): Frame => readFrame(simulatedFrame(1, text, false));
const told = (text: string, header = HEADER): Told => readRecord(frameOf(text), readOpening(frameOf(header)).header);

function readingOf(text: string, header = HEADER): SourceReading {
  const what = told(text, header);
  if (what.is !== "reading") throw new Error(`${text} is ${what.is}`);
  return what.reading;
}

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

interface Vector {
  readonly description: string;
  readonly input_text?: string;
  readonly input_hex?: string;
  readonly expected: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

const FILES = ["set-a/contour-next-hid", "set-b/contour-usb"].map(
  (name) => new URL(`../../../shared/vectors/${name}.json`, import.meta.url),
);

function vectors(): readonly Vector[] {
  return FILES.flatMap((file): readonly Vector[] => JSON.parse(readFileSync(file, "utf8")).vectors);
}

describe.skipIf(!FILES.every((file) => existsSync(file)))("the samples of both sets", () => {
  test("read, or are refused, as expected, every one", () => {
    const ran: string[] = [];
    for (const { expected, description, input_hex = "", input_text = "" } of vectors()) {
      ran.push(judged(expected, description, input_hex === "" ? latin1Bytes(input_text) : unhex(input_hex)));
    }
    expect(ran.sort()).toEqual(
      ["control", "damage", "date", "frame", "frame", "header", "header", "header", "high", "report", "result"].sort(),
    );
  });
});

/** Holds a sample against what is expected of it, and says what it was. */
function judged(expected: Vector["expected"], description: string, bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes);
  if ("payload_hex" in expected) {
    expect(readReport(bytes)).toEqual(Uint8Array.of(EOT));
    return "report";
  }
  if ("action" in expected) {
    expect(codeOf(() => readFrame(bytes))).toBe("FRAME_CHECKSUM");
    return "damage";
  }
  if ("product" in expected || "model" in expected) {
    const framed = bytes.includes(2);
    // One sample was made anonymous without its checksum: only its text can be read.
    const frame = framed
      ? readFrame(bytes.slice(bytes.indexOf(2), bytes.lastIndexOf(10) + 1))
      : frameOf(text.replace(/^1/, ""));
    const { header, identity } = readOpening(frame);
    expect(header.product).toBe(expected["product"] ?? expected["model"]);
    expect(identity.model).not.toBe(header.product);
    const serial = expected["serial"];
    if (typeof serial === "string") expect(identity.serial?.endsWith(serial)).toBe(true);
    const unit = expected["display_unit"] ?? (expected["units_flag"] === 0 ? "mg/dL" : null);
    expect(identity.displayUnit).toBe(unit);
    expect(readClock(header)).toBe(expected["local_time"] ?? expected["deviceTime"]);
    expect(header.records).toBe(expected["total_records"] ?? expected["records"]);
    expect(limitsOf(header.settings.get("V"), "mg/dL")).toEqual({
      low: expected["V_low"] ?? expected["lowThreshold"],
      high: expected["V_high"] ?? expected["highThreshold"],
    });
    return "header";
  }
  if (/^\d+$/.test(text)) {
    expect(wallOfStamp(text)).toBe(expected["local_time"]);
    return "date";
  }
  const framed = bytes[0] === 2;
  const frame = framed ? readFrame(bytes) : frameOf(text);
  if (framed) expect(frame.number, description).toBe(expected["frame_number"] ?? expected["sequence"]);
  const reading = readingOf(frame.text);
  if ("value" in expected) expect(reading.value).toBe(expected["value"]);
  if ("unit" in expected) expect(reading.unit).toBe(expected["unit"]);
  if ("deviceTime" in expected) expect(reading.deviceTime).toBe(expected["deviceTime"]);
  if ("local_time" in expected) expect(reading.deviceTime).toBe(expected["local_time"]);
  if (expected["control"] === true) {
    expect([reading.control, reading.specimen]).toEqual([true, "control"]);
    return "control";
  }
  expect(reading.control).toBe(false);
  if (expected["out_of_range"] === "HI") {
    expect(reading.outOfRange).toBe("high");
    return "high";
  }
  return framed ? "frame" : "result";
}

describe("a report", () => {
  test("carries what its length says, and nothing in a report of another shape", () => {
    const [report = new Uint8Array()] = reportsOf(Uint8Array.of(6, 5));
    expect(readReport(report)).toEqual(Uint8Array.of(6, 5));
    for (const at of [0, 1, 2]) {
      expect(readReport(report.map((byte, place) => (place === at ? byte ^ 1 : byte)))).toBeNull();
    }
    expect(readReport(report.map((byte, place) => (place === 3 ? 61 : byte)))).toBeNull();
    expect(readReport(report.slice(0, 5))).toBeNull();
    expect(readReport(new Uint8Array())).toBeNull();
  });

  test("that is shorter than a frame's piece must be ends it: what follows is kept apart", () => {
    const shape = contourReports();
    const [first = new Uint8Array(), second = new Uint8Array()] = reportsOf(simulatedFrame(1, HEADER, false));
    const short = first.map((byte, at) => (at === 3 ? 59 : byte));
    expect(shape.payloadOf(short)).toHaveLength(59);
    expect(shape.payloadOf(second)?.[0]).toBe(0);
    const sound = contourReports();
    for (const report of [first, second, ...reportsOf(Uint8Array.of(5)), first, second]) {
      expect(sound.payloadOf(report)).toEqual(readReport(report));
    }
  });

  test("to the meter is 64 bytes behind its id, and holds all bytes in order", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        const reports = toMeter(bytes);
        expect(reports.every((report) => report.length === 65 && report.slice(0, 4).every((byte) => byte === 0))).toBe(
          true,
        );
        expect(reports.flatMap((report) => [...report.slice(5, 5 + (report[4] ?? 0))])).toEqual([...bytes]);
      }),
    );
  });
});

describe("a record", () => {
  const plain = "R|3|^^^Glucose|93|mg/dL^P||A/M0/T1||202405061150";

  test("Contour's unit ignored: a result in mmol/L stays one, and the header's display unit changes none", () => {
    const mmol = plain.replace("93|mg/dL", "5.2|mmol/L");
    for (const header of [HEADER, MMOL_HEADER]) {
      expect(readingOf(mmol, header)).toMatchObject({ value: 5.2, unit: "mmol/L", asSent: "5.2" });
      expect(readingOf(plain, header)).toMatchObject({ value: 93, unit: "mg/dL", asSent: "93" });
    }
    for (const unit of ["mg/L", "", "MMOL/L", "mg%"]) {
      expect(told(plain.replace("mg/dL", unit)).is, unit).toBe("unreadable");
    }
  });

  test("HI and LO stored as 601 or 501: a mark gives the bound that the header's V states, and its flag", () => {
    const marked = (value: string, mark: string, header: string): unknown => {
      const { value: shown, outOfRange } = readingOf(
        `R|3|^^^Glucose|${value}|${value.includes(".") ? "mmol/L" : "mg/dL"}^P||${mark}||202405061150`,
        header,
      );
      return [shown, outOfRange];
    };
    expect(marked("600", ">", HEADER)).toEqual([600, "high"]);
    expect(marked("601", "", HEADER)).toEqual([600, "high"]);
    expect(marked("20", "<", HEADER)).toEqual([20, "low"]);
    expect(marked("19", "", HEADER)).toEqual([20, "low"]);
    const wider = HEADER.replace("V=20600", "V=10500");
    expect(marked("500", ">", wider)).toEqual([500, "high"]);
    expect(marked("501", "", wider)).toEqual([500, "high"]);
    expect(marked("9", "<", wider)).toEqual([10, "low"]);
    expect(marked("33.3", ">", MMOL_HEADER)).toEqual([33.3, "high"]);
    expect(marked("33.3", ">", MMOL_HEADER.replace("V=20600", "V=11333"))).toEqual([33.3, "high"]);
    expect(marked("1.1", "<", MMOL_HEADER)).toEqual([1.1, "low"]);
    expect(marked("0.5", "<", MMOL_HEADER.replace("V=20600", "V=06333"))).toEqual([0.6, "low"]);
    // Without V the usual bounds hold.
    expect(marked("600", ">", HEADER.replace("^V=20600", ""))).toEqual([600, "high"]);
  });

  test("of control solution is one by its mark C, and only by that", () => {
    expect(readingOf(plain.replace("A/M0/T1", "C"))).toMatchObject({ control: true, specimen: "control", meal: null });
    for (const marks of ["CX", "M0C", "c"]) {
      expect(readingOf(plain.replace("A/M0/T1", marks)).control, marks).toBe(false);
    }
    expect(told(plain.replace("A/M0/T1", "E")).is).toBe("unreadable");
  });

  test("of insulin is tenths of a unit, with its kind, and never glucose", () => {
    const entry = (value: string, kind: string): SourceReading =>
      readingOf(`R|13|^^^Insulin|${value}|${kind}^||||202405061053`);
    expect(entry("80", "1")).toMatchObject({
      kind: "insulin",
      value: 8,
      unit: "U",
      delivery: "bolus",
      note: "Rapid-acting insulin",
      asSent: "80",
      deviceTime: "2024-05-06T10:53:00",
    });
    expect(entry("125", "2")).toMatchObject({ value: 12.5, delivery: "basal", note: "Long-acting insulin" });
    expect(entry("5", "3")).toMatchObject({ value: 0.5, delivery: null, note: "Mixed insulin" });
    expect(entry("0", "0")).toMatchObject({ value: 0, delivery: null });
    for (const text of ["R|1|^^^Insulin|8.0|1^||||202405061053", "R|1|^^^Insulin|80|4^||||202405061053"]) {
      expect(told(text).is, text).toBe("unreadable");
    }
  });

  test("of carbohydrates is grams, and in points or choices unreadable: nobody knows their weight", () => {
    expect(readingOf("R|12|^^^Carb|45|1^||||202405061053")).toMatchObject({
      kind: "carbs",
      value: 45,
      unit: "g",
      delivery: null,
      note: null,
    });
    for (const unit of ["0^", "2^", "3^", "g^", ""]) {
      expect(told(`R|12|^^^Carb|8|${unit}||||202405061053`).is, unit).toBe("unreadable");
    }
  });

  test("typed in by somebody keeps unknown marks in its note, and is unreadable with one that could change it", () => {
    expect(readingOf("R|12|^^^Carb|45|1^||B/M0||202405061053").note).toBe("Mark B, M0");
    expect(readingOf("R|12|^^^Insulin|45|1^||X||202405061053").note).toBe("Rapid-acting insulin; Mark X");
    for (const mark of ["C", "<", ">", "E"]) {
      expect(told(`R|12|^^^Insulin|45|1^||${mark}||202405061053`).is, mark).toBe("unreadable");
    }
  });

  test("every reading fits a record of its kind", () => {
    const texts = [plain, resultOf(9), "R|1|^^^Insulin|80|1^||||202405061053", "R|1|^^^Carb|45|1^||||202405061053"];
    for (const text of texts) {
      const { kind, ...reading } = readingOf(text);
      const { note, meal, specimen, delivery, value, value2, unit, outOfRange, control, deviceTime } = reading;
      const fields = { note, meal, specimen, delivery, value, value2, unit, outOfRange, control, deviceTime };
      const rest = { time: "2024-05-06T10:00:00.000Z", timeQuality: "device", source: "meter" };
      expect(recordFaults("6f1c1c3e-5a0b-4f4c-9a5e-2f0d7b6a4c11", kind, { ...fields, ...rest }), text).toEqual([]);
    }
    expect(texts).toHaveLength(4);
  });

  test.each([
    ["R|1|^^^GlucoseA|121|mg/dL^P||||202405061053", "unreadable"],
    ["R|1|^^^Ketone|0.6|mmol/L^||||202405061053", "unreadable"],
    ["R|1|^^^Cholesterol|182|mg/dL^||||202405061053", "unreadable"],
    ["R|1|^^^Glucose|93|mg/dL^P||||202302291053", "unreadable"],
    ["R|1|^^^Glucose|93|mg/dL^P||||", "unreadable"],
    ["R|1|^^^Glucose", "unreadable"],
    ["M|1|x", "unreadable"],
    ["C|1|comment", "unreadable"],
    ["", "unreadable"],
    ["P|1", "other"],
    ["O|1|x", "other"],
    [END, "end"],
  ] as const)("%s is %s", (text, is) => {
    expect(told(text).is).toBe(is);
  });

  test("has the seconds that a Next Link 2.4 sends", () => {
    expect(readingOf(plain.replace("202405061150", "20240506115042")).deviceTime).toBe("2024-05-06T11:50:42");
  });

  test("a header clock read with a 12-hour mask: noon, midnight and the evening stay what they are", () => {
    for (const [stamp, wall] of [
      ["202405061200", "2024-05-06T12:00:00"],
      ["202405060007", "2024-05-06T00:07:00"],
      ["202405062359", "2024-05-06T23:59:00"],
    ] as const) {
      expect(readClock(readOpening(frameOf(HEADER.replace("202405060807", stamp))).header)).toBe(wall);
    }
  });

  test("breaks nothing, whatever its text is", () => {
    const text = fc.string({ maxLength: 80 }).map((any) => any.replace(/[^ -~]/g, " "));
    const result = fc
      .tuple(
        fc.constantFrom("Glucose", "Insulin", "Carb", "Other"),
        fc.oneof(
          fc.nat(700).map(String),
          fc.nat(400).map((tenths) => (tenths / 10).toFixed(1)),
          text,
        ),
        fc.constantFrom("mg/dL^P", "mmol/L^P", "1^", "9^", ""),
        fc.constantFrom("", "<", ">", "B", "A/M0", "C", "E", "Z1"),
        fc.constantFrom("202405061053", "202402301053", "20240506105359", ""),
      )
      .map(([test, value, unit, marks, stamp]) => `R|1|^^^${test}|${value}|${unit}||${marks}||${stamp}`);
    let readings = 0;
    fc.assert(
      fc.property(fc.oneof(text, result), (any) => {
        const what = told(any);
        if (what.is !== "reading") return;
        const { kind, value, outOfRange, unit } = what.reading;
        if (kind !== "glucose") return;
        readings += 1;
        expect(value).toBeGreaterThanOrEqual(unit === "mg/dL" ? 20 : 1.1);
        expect(value).toBeLessThanOrEqual(unit === "mg/dL" ? 600 : 33.3);
        if (outOfRange === null) expect(String(value)).toBe(String(Number(what.reading.asSent)));
      }),
      { numRuns: 3_000, seed: 7 },
    );
    expect(readings).toBeGreaterThan(20);
  });
});

describe("a header", () => {
  test.each([
    ["Bayer6200", "Contour Next Link", false, true],
    ["Bayer6210", "Contour Next Link 2.4", false, true],
    ["Bayer6300", "Contour Next Link", false, true],
    ["Bayer7350", "Contour Next", false, false],
    ["Bayer7390", "Contour USB", false, false],
    ["Bayer7410", "Contour Next USB", false, false],
    ["Contour7800", "Contour Next One / Plus One", true, false],
    ["Contour7900", "Contour Next", true, false],
    ["Contour7950", "Contour Plus Blue", true, false],
    ["Contour9999", "Contour9999", true, false],
  ])("of a %s names a %s; it shuns EOT: %s, its clock may be a pump's: %s", (product, model, shuns, link) => {
    expect(readOpening(frameOf(HEADER.replace("Bayer7410", product))).identity.model).toBe(model);
    expect([shunsEot(product), isLink(product)]).toEqual([shuns, link]);
  });

  test("of another maker is another driver's", () => {
    for (const product of ["PRIME", "Acme7410", "Bayer", "Contour12"]) {
      expect(modelOf(product)).toBeNull();
      expect(codeOf(() => readOpening(frameOf(HEADER.replace("Bayer7410", product))))).toBe("METER_UNSUPPORTED");
    }
  });

  test("keeps a serial number of either shape whole", () => {
    for (const serial of ["6301-1C2CF8C", "7830H5001733"]) {
      expect(readOpening(frameOf(HEADER.replace("7410-2046813", serial))).identity.serial).toBe(serial);
    }
  });
});
