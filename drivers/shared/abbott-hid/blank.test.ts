import { expect, test } from "vitest";
import { maskText } from "../../../src/kit/blank.js";
import { latin1 } from "../../../src/kit/bytes.js";
import { blank } from "./blank.js";
import { accepted, logOf, reportOf, sendReports } from "./scripted-reader.js";

const SERIAL = "JQGV217-T4093";

function sent(text: string, content = 62): Uint8Array[] {
  const reports: Uint8Array[] = [];
  sendReports(0x60, text, (report) => reports.push(report), content);
  return reports;
}

function contents(reports: readonly Uint8Array[]): string {
  return reports.map((report) => latin1(report.slice(2, 2 + (report[1] ?? 0)))).join("");
}

test("the serial number is masked and its answer's sum made right, and all other answers stay as they are", () => {
  const others = [accepted("1.07 Mar 03 2016\r\n"), accepted("8,5\r\n"), accepted(logOf(["7,61,9,14,23,16,20,1,127"]))];
  const reports = [...sent(accepted(`${SERIAL}\r\n`)), ...others.flatMap((text) => sent(text))];
  const blanked = blank(reports, maskText);
  expect(contents(blanked)).toBe([accepted("XXXX000-X0000\r\n"), ...others].join(""));
  expect(blanked.map(({ length }) => length)).toEqual(reports.map(({ length }) => length));
});

test("a serial number is masked that falls into two reports, with keep-alives between", () => {
  const pieces = sent(accepted(`${SERIAL}\r\n`), 7).flatMap((report) => [report, reportOf(0x22, "\x03")]);
  const blanked = blank(pieces, maskText);
  expect(contents(blanked.filter((report) => report[0] === 0x60))).toBe(accepted("XXXX000-X0000\r\n"));
  expect(blanked).toHaveLength(pieces.length);
});

test("stale bytes behind a report's length are emptied: an earlier answer may stand in them", () => {
  const stale = reportOf(0x22, "\x03");
  stale.set(
    Array.from(`${SERIAL}\r\n`, (character) => character.charCodeAt(0)),
    10,
  );
  const [blanked] = blank([stale], maskText);
  expect([...(blanked ?? [])]).toEqual([0x22, 1, 3, ...Array.from({ length: 61 }, () => 0)]);
});

test("a patient's name is masked, and so is a serial number in a binary answer, or in one that broke off", () => {
  expect(contents(blank(sent(accepted("Ada Lovelace\r\n")), maskText))).toBe(accepted("XXX XXXXXXXX\r\n"));
  expect(contents(blank([reportOf(0x06, `${SERIAL}\0`)], maskText))).toBe("XXXX000-X0000\0");
  expect(contents(blank(sent(`${SERIAL}\r\nCK`), maskText))).toBe("XXXX000-X0000\r\nCK");
  expect(contents(blank(sent("7,61,9,14,23,16"), maskText))).toBe("7,61,9,14,23,16");
});

test("a sum that was wrong stays wrong by as much", () => {
  const [, sum = ""] = /CKSM:([0-9A-F]{8})/.exec(accepted("XXXX000-X0000\r\n")) ?? [];
  const damaged = accepted(`${SERIAL}\r\n`).replace(/CKSM:([0-9A-F]{8})/, (_, right: string) => {
    return `CKSM:${(Number.parseInt(right, 16) + 3).toString(16).toUpperCase().padStart(8, "0")}`;
  });
  const [, blanked = ""] = /CKSM:([0-9A-F]{8})/.exec(contents(blank(sent(damaged), maskText))) ?? [];
  expect(Number.parseInt(blanked, 16) - Number.parseInt(sum, 16)).toBe(3);
});

test("damaged reports stay as they are, but for a serial number in them", () => {
  const short = reportOf(0x60, "abc").slice(0, 20);
  const long = reportOf(0x60, "abc");
  long[1] = 200;
  const [one, two] = blank([short, long], maskText);
  expect([one, two]).toEqual([short, long]);
});
