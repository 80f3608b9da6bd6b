import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import { latin1Bytes, unhex } from "../../src/kit/bytes.js";
import { readClock } from "../shared/astm/contour.js";
import type { Told } from "../shared/astm/dump.js";
import { type Frame, readFrame } from "../shared/astm/frame.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";
import { readOpening, readRecord } from "./codec.js";
import { modelOf } from "./models.js";
import { AVERAGE, END, HEADER, resultOf } from "./scripted-meter.js";

const frameOf = (text: string): Frame => readFrame(simulatedFrame(1, text, false));
const { header } = readOpening(frameOf(HEADER));
const whatIs = (text: string, first = false): Told["is"] => readRecord(frameOf(text), header, first).is;

interface Vector {
  readonly input_text?: string;
  readonly input_hex?: string;
  readonly expected: Readonly<{ local_time?: string; product?: string; value?: number; deviceTime?: string }>;
}

/** The samples of both sets that hold a frame whose checksum is right, with what is expected of them. */
function samples(): readonly { readonly frame: Frame; readonly expected: Vector["expected"] }[] {
  const files = ["set-a/contour-next-hid", "set-b/contour-usb"].map(
    (name) => new URL(`../../../shared/vectors/${name}.json`, import.meta.url),
  );
  if (!files.every((file) => existsSync(file))) return [];
  const vectors = files.flatMap((file): readonly Vector[] => JSON.parse(readFileSync(file, "utf8")).vectors);
  return vectors.flatMap(({ input_text = "", input_hex = "", expected }) => {
    const bytes = input_hex === "" ? latin1Bytes(input_text) : unhex(input_hex);
    const from = bytes.indexOf(2);
    try {
      return from < 0 ? [] : [{ frame: readFrame(bytes.slice(from, bytes.lastIndexOf(10) + 1)), expected }];
    } catch {
      return [];
    }
  });
}

describe.skipIf(samples().length === 0)("the framed samples of this family's relatives", () => {
  test("read as a header that names its meter, or as a record of a dump", () => {
    let [headers, readings] = [0, 0];
    for (const { frame, expected } of samples()) {
      if (frame.text.startsWith("H|")) {
        const opening = readOpening(frame);
        expect(opening.identity.model).toBe(expected.product);
        expect(readClock(opening.header)).toBe(expected.local_time);
        headers += 1;
      } else {
        const told = readRecord(frame, header, false);
        expect(told.is).toBe("reading");
        if (told.is === "reading" && expected.value !== undefined) {
          expect([told.reading.value, told.reading.deviceTime]).toEqual([expected.value, expected.deviceTime]);
        }
        readings += 1;
      }
    }
    expect([headers, readings]).toEqual([2, 2]);
  });
});

describe("a record", () => {
  test.each([
    [resultOf(1), false, "reading"],
    [resultOf(1), true, "unreadable"],
    [AVERAGE, true, "average"],
    [AVERAGE, false, "average"],
    [resultOf(1).replace("Glucose", "Carb"), false, "unreadable"],
    ["R|1|^^^Glucose", false, "unreadable"],
    ["P|1", false, "other"],
    ["O|1|x", false, "other"],
    ["P", false, "other"],
    ["PX|1", false, "unreadable"],
    ["C|1|a comment", false, "unreadable"],
    ["", false, "unreadable"],
  ] as const)("%s (first: %s) is %s", (text, first, is) => {
    expect(whatIs(text, first)).toBe(is);
  });

  test.each([
    [END, true],
    ["L|1|N", true],
    ["L|1", true],
    ["L", true],
    ["L|1|T", false],
    ["L|1||E", false],
  ])("%s ends the message; whole: %s", (text, whole) => {
    expect(readRecord(frameOf(text), header, false)).toEqual({ is: "end", whole });
  });

  test("breaks nothing, whatever its text is", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 60 }).map((text) => text.replace(/[^ -~]/g, " ")),
        fc.boolean(),
        (text, first) => {
          expect(["unreadable", "other", "end"]).toContain(whatIs(text, first));
        },
      ),
    );
  });
});

describe("a header", () => {
  test("of another maker is another driver's", () => {
    for (const product of ["PRIME", "Acme7150", "Bayer", "Contour12"]) {
      expect(modelOf(product)).toBeNull();
      let code: string | null = null;
      try {
        readOpening(frameOf(HEADER.replace("Bayer7150", product)));
      } catch (error) {
        code = isProblem(error) ? error.code : null;
      }
      expect(code).toBe("METER_UNSUPPORTED");
    }
  });

  test("without a serial number or versions says so", () => {
    const { identity } = readOpening(frameOf("H|\\^&||x|Bayer7150|"));
    expect(identity).toMatchObject({ serial: null, firmware: null, displayUnit: null });
  });
});
