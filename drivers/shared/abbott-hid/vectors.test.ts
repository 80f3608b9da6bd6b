import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../src/domain/problem.js";
import { hex, latin1, latin1Bytes, unhex } from "../../../src/kit/bytes.js";
import { readAnswer } from "./answer.js";
import { readLog } from "./log.js";
import { FIRMWARE, lineOf, numbersOf, serialQuestion } from "./question.js";
import { readReport, reportOf } from "./report.js";
import { sumText } from "./sum32.js";
import { wallOf } from "./wall.js";

interface Vector {
  readonly description: string;
  readonly input_hex?: string;
  readonly input_text?: string;
  readonly expected: Readonly<Record<string, unknown>> | string;
}

function fileOf(path: string): URL {
  return new URL(`../../../../shared/vectors/${path}.json`, import.meta.url);
}

function vectorsOf(path: string): readonly Vector[] {
  return JSON.parse(readFileSync(fileOf(path), "utf8")).vectors;
}

/** The code of the problem that it throws. */
function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "none";
}

describe.skipIf(!existsSync(fileOf("set-b/freestyle-hid-shared")))("the samples of the shared protocol", () => {
  test("read, are written, or are refused as expected", () => {
    let ran = 0;
    for (const { description, input_hex, input_text, expected } of vectorsOf("set-b/freestyle-hid-shared")) {
      expect(typeof expected, description).toBe("object");
      const wanted = expected as Readonly<Record<string, unknown>>;
      if (input_text !== undefined) checkText(latin1Bytes(input_text), wanted, description);
      else if ("message" in wanted) checkText(unhex(input_hex ?? ""), wanted, description);
      else checkReport(unhex(input_hex ?? ""), wanted, description);
      ran += 1;
    }
    expect(ran).toBe(13);
  });

  function checkText(bytes: Uint8Array, wanted: Readonly<Record<string, unknown>>, why: string): void {
    const { message, accepted } = readAnswer(bytes);
    if (wanted["error"] === "command-failed") expect(accepted, why).toBe(false);
    else if (wanted["error"] === "invalid-device-time") expect(numbersOf(message, 3), why).toEqual([255, 255, 255]);
    else if ("records" in wanted) expect([...readLog(message).lines()], why).toEqual([]);
    else if ("date" in wanted) {
      const [month = 0, day = 0, year = 0] = numbersOf(message, 3);
      expect(wallOf({ month, day, year, hour: 0, minute: 0, second: 0 }), why).toBe(`${wanted["date"]}T00:00:00`);
    } else {
      expect([latin1(message), accepted, wanted["status"]], why).toEqual([wanted["message"], true, "OK"]);
      if (lineOf(message) !== "") expect(FIRMWARE.read(message), why).toBe(lineOf(message));
      else expect(sumText(message.reduce((a, b) => a + b, 0)), why).toBe(wanted["checksum_hex"]);
    }
  }

  function checkReport(bytes: Uint8Array, wanted: Readonly<Record<string, unknown>>, why: string): void {
    const { type, content } = readReport(bytes);
    if (wanted["error"] === "unknown-message") {
      expect([type, hex(content)], why).toEqual([0x30, "85"]);
      return;
    }
    expect(type, why).toBe(wanted["type"]);
    if ("content" in wanted) {
      expect(latin1(content), why).toBe(wanted["content"]);
      expect(hex(reportOf(type, content)), why).toBe(`00 ${hex(bytes)}`);
    } else if ("content_hex" in wanted) expect(hex(content).replaceAll(" ", ""), why).toBe(wanted["content_hex"]);
    else if ("serial" in wanted) {
      expect(latin1(content).replace(/\0$/, ""), why).toBe(wanted["serial"]);
      expect(serialQuestion("$sn?").read(latin1Bytes(`${wanted["serial"]}\r\n`)), why).toBe(wanted["serial"]);
    } else expect(hex(reportOf(type)), why).toBe(`00 ${hex(bytes)}`);
  }
});

describe.skipIf(!existsSync(fileOf("set-a/abbott-freestyle-libre")))("the samples of the Libre in text", () => {
  test("read as captured, and damaged ones are refused", () => {
    let ran = 0;
    for (const { input_text, expected, description } of vectorsOf("set-a/abbott-freestyle-libre")) {
      // The others are of the binary protocol.
      if (input_text === undefined || !input_text.includes("CMD ")) continue;
      const bytes = latin1Bytes(input_text);
      if (expected !== "error") expect(lineOf(readAnswer(bytes).message), description).toBe(expected);
      else if (input_text.includes("Fail!")) expect(readAnswer(bytes).accepted, description).toBe(false);
      else
        expect(
          codeOf(() => readAnswer(bytes)),
          description,
        ).toBe("FRAME_CHECKSUM");
      ran += 1;
    }
    expect(ran).toBe(5);
  });
});
