import { concat, latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import type { Mask } from "../../../src/kit/driver.js";
import { CONTENT_BYTES, REPORT_BYTES, TYPES } from "./report.js";

/**
 * Masks serial numbers, names and other free text of one line wherever a meter says them, and empties the padding of each
 * report, in which earlier answers are left over. Each checksum is moved by what the masked bytes moved the sum: a
 * right one stays right, and damage stays damage. As many reports as before, each as long.
 */
export function blank(reports: readonly Uint8Array[], mask: Mask): Uint8Array[] {
  const clean = reports.map(withoutPadding);
  const parts = clean.filter(isText).map((report) => report.subarray(2, 2 + (report[1] ?? 0)));
  const { text, telling } = blankText(concat(parts), mask);
  let at = 0;
  for (const part of parts) {
    part.set(text.subarray(at, at + part.length));
    at += part.length;
  }
  for (const report of clean) {
    if (!isText(report)) maskOther(report, telling, mask);
  }
  return clean;
}

/** An answer's message up to its checksum; the last one may have broken off. */
const ANSWER = /([\s\S]*?)(?:CKSM:([0-9A-F]{8})\r\nCMD (?:OK|Fail!)\r\n|$)/g;
/** Messages of one line that tell nothing about anybody: numbers, versions, and words of the protocol. */
const HARMLESS =
  /^(?:[0-9]{0,3}(?:,[0-9]{0,3})*|[0-9]+\.[ -~]*|Log Empty|DB Record Number = [0-9]+|DBRECORDS = [0-9]+)$/;
/** What looks like a serial number, wherever it stands (samples of sheet b). */
const SERIAL = /[A-Z][0-9A-Z]{6}-[0-9A-Z]{5}/g;
/** Shorter texts may stand anywhere by chance. */
const TELLING_BYTES = 5;

function withoutPadding(report: Uint8Array): Uint8Array {
  const clean = Uint8Array.from(report);
  const length = clean[1] ?? 0;
  if (clean.length === REPORT_BYTES && length <= CONTENT_BYTES) clean.fill(0, 2 + length);
  return clean;
}

function isText(report: Uint8Array): boolean {
  return report[0] === TYPES.text && report.length === REPORT_BYTES && (report[1] ?? 0) <= CONTENT_BYTES;
}

function blankText(
  bytes: Uint8Array,
  mask: Mask,
): { readonly text: Uint8Array; readonly telling: ReadonlySet<string> } {
  const telling = new Set<string>();
  const answers: { from: number; to: number; sum: string | undefined }[] = [];
  const text = latin1(bytes);
  for (const match of text.matchAll(ANSWER)) {
    const [all, message = "", sum] = match;
    if (all === "") continue;
    answers.push({ from: match.index, to: match.index + message.length, sum });
    const line = message.replace(/\r?\n?$/, "");
    if (!/[\r\n]/.test(line) && !HARMLESS.test(line) && !isRecord(line)) telling.add(line);
    for (const serial of message.matchAll(SERIAL)) telling.add(serial[0]);
  }
  const masked = Uint8Array.from(bytes);
  for (const word of telling) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      // A short text is masked only where it is a whole message.
      const isMessage = answers.some(({ from }) => from === at);
      if (isMessage || word.length >= TELLING_BYTES) masked.set(mask(latin1Bytes(word)), at);
    }
  }
  for (const { from, to, sum } of answers) {
    if (sum === undefined) continue;
    const moved = total(masked.subarray(from, to)) - total(bytes.subarray(from, to));
    if (moved === 0) continue;
    const right = (Number.parseInt(sum, 16) + moved) >>> 0;
    masked.set(latin1Bytes(right.toString(16).toUpperCase().padStart(8, "0")), to + 5);
  }
  return { text: masked, telling };
}

/** The begin of a log that broke off in its first line. */
function isRecord(line: string): boolean {
  return /^[0-9]{1,10},[0-9]/.test(line);
}

/** Serial numbers in binary answers (06 and the like). */
function maskOther(report: Uint8Array, telling: ReadonlySet<string>, mask: Mask): void {
  const text = latin1(report);
  const words = new Set([...telling].filter((word) => word.length >= TELLING_BYTES));
  if (report[0] === TYPES.serialReply) words.add(text.slice(2, 2 + (report[1] ?? 0)).replace(/\0.*$/s, ""));
  for (const serial of text.matchAll(SERIAL)) words.add(serial[0]);
  for (const word of words) {
    if (word === "") continue;
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) report.set(mask(latin1Bytes(word)), at);
  }
}

function total(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte, 0);
}
