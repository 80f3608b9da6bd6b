import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import type { Mask } from "../../../src/kit/driver.js";
import { findHeader } from "./header.js";

/**
 * Masks the serial number wherever the meter says it, also in an answer that broke off or came damaged, and moves each
 * checksum by what the masked bytes moved the sum: a right one stays right, and damage stays damage.
 *
 * @param kept how many characters of a serial number stay, because they tell the model
 */
export function blank(stream: Uint8Array, mask: Mask, kept = 0): Uint8Array {
  const masked = Uint8Array.from(stream);
  for (const [from, to] of serialPlaces(latin1(stream))) masked.set(mask(stream.slice(from + kept, to)), from + kept);
  let answerFrom = 0;
  for (const sum of latin1(stream).matchAll(SUM_LINE)) {
    const end = sum.index;
    const header = findHeader(latin1(stream.subarray(answerFrom, end)));
    const from = answerFrom + (header?.from ?? 0);
    const moved = total(masked.subarray(from, end)) - total(stream.subarray(from, end));
    const wanted = (Number.parseInt(sum[1] ?? "", 16) + moved) & 0xffff;
    if (moved !== 0) masked.set(latin1Bytes(wanted.toString(16).toUpperCase().padStart(4, "0")), end + 2);
    answerFrom = end + sum[0].length;
  }
  return masked;
}

/** An answer's checksum. The word behind it is left out: it may be what arrived damaged. */
const SUM_LINE = /0x([0-9A-Fa-f]{4}) /g;

/** Where serial numbers stand, each by what is around it or by its own shape (sheet a's and b's patterns). */
const PLACES: readonly RegExp[] = [
  // The line two before the clock, whatever it holds.
  /(?<=\n)[^\n]{1,34}(?=\n[^\n]{0,34}\n[A-Z][a-z]{2}[a-z ] \d\d \d{4} \d\d:\d\d)/g,
  // The first line of an answer, cut short or damaged further on.
  /(?=[!-~])(?<=(?:^|END\r\n|OK\r\n|Fail!\r\n)[^!-~]*\n)[^\n]{1,34}/g,
  /(?<=S\/N:\t)[^\r\n\t]+/g,
  /\b[A-Z0-9]-[A-Z0-9]{4}-[A-Z0-9]{5}\b/g,
  /\b[A-Z][A-Z0-9]{6}-[A-Z0-9]{5}\b/g,
  /\b[XC]X[GM][A-Z0-9]{8}\b/g,
];

/** Places from and to of everything that is a serial number, or the same text as one elsewhere. */
function serialPlaces(text: string): [number, number][] {
  const places: [number, number][] = [];
  const known = new Set<string>();
  for (const form of PLACES) {
    for (const match of text.matchAll(form)) {
      places.push([match.index, match.index + match[0].length]);
      known.add(match[0].trim());
    }
  }
  for (const serial of known) {
    if (serial.length < 5) continue;
    for (let at = text.indexOf(serial); at >= 0; at = text.indexOf(serial, at + 1))
      places.push([at, at + serial.length]);
  }
  return places;
}

function total(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte, 0);
}
