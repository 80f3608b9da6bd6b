import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import { sum8 } from "../../../src/kit/checksum.js";
import type { Mask } from "../../../src/kit/driver.js";
import { CR, ETB, ETX, LF, STX } from "./control.js";
import { DELIMITERS } from "./record.js";

/** Places in a header and its product field that may name the meter or its owner, counted from 0. */
interface Telling {
  /** Components of the product field from this one on. */
  readonly componentsFrom: number;
}

/** The password may be made of the serial number; behind the patient record's number stands who it is. */
const FIELD = { password: 3, product: 4 } as const;
/** How serial numbers of these meters look where a damaged header no longer says which field they are in (both sheets). */
const LIKE_SERIAL = /\d{4}[-A-Z][0-9A-Z]{6,8}/g;

/**
 * Masks what headers and patient records tell of the meter and its owner, and what looks like a serial number in lines
 * that arrived damaged; then makes the checksums right again by exactly as much as the bytes changed, so that a damaged
 * frame stays damaged.
 */
export function blankFrames(stream: Uint8Array, mask: Mask, { componentsFrom }: Telling): Uint8Array {
  const masked = Uint8Array.from(stream);
  const hide = (from: number, to: number): void => masked.set(mask(stream.slice(from, to)), from);
  const serials = new Set<string>();
  for (const [from, to] of linesOf(stream)) {
    const text = latin1(stream.subarray(from, to));
    const fields = placesOf(text, "|", from);
    const letter = /([A-Z])\|/.exec(text.slice(0, 4))?.[1];
    if (letter === "H" || text.includes(`|${DELIMITERS}|`)) {
      const password = fields[FIELD.password];
      if (password !== undefined) hide(...password);
      const product = fields[FIELD.product] ?? [to, to];
      const parts = placesOf(latin1(stream.subarray(...product)), "^", product[0]);
      for (const part of parts.slice(componentsFrom)) {
        hide(...part);
        const serial = latin1(stream.subarray(...part));
        if (serial.length >= 6) serials.add(serial);
      }
    } else if (letter === "P") {
      for (const field of fields.slice(2)) hide(...field);
    }
    if (stream[from] !== STX && !text.includes("^")) continue;
    for (const like of text.matchAll(LIKE_SERIAL)) hide(from + like.index, from + like.index + like[0].length);
  }
  const whole = latin1(stream);
  for (const serial of serials) {
    for (let at = whole.indexOf(serial); at >= 0; at = whole.indexOf(serial, at + 1)) hide(at, at + serial.length);
  }
  correctChecksums(stream, masked);
  return masked;
}

/** From where to where each line goes: it ends with LF, or where a new frame begins. */
function linesOf(stream: Uint8Array): readonly (readonly [number, number])[] {
  const starts = [...stream.keys()].filter((at) => at === 0 || stream[at] === STX || stream[at - 1] === LF);
  return starts.map((from, index) => [from, starts[index + 1] ?? stream.length] as const);
}

/** From where to where each part goes, without what stands behind the text (CR, checksum). */
function placesOf(text: string, separator: string, from: number): readonly (readonly [number, number])[] {
  const end = text.indexOf("\r");
  let at = from;
  return (end < 0 ? text : text.slice(0, end)).split(separator).map((part) => {
    const place = [at, at + part.length] as const;
    at += part.length + separator.length;
    return place;
  });
}

/** Changes each frame's stated checksum by as much as its bytes changed. */
function correctChecksums(stream: Uint8Array, masked: Uint8Array): void {
  for (const [from, to] of linesOf(stream)) {
    if (stream[from] !== STX) continue;
    for (let at = from; at + 4 < to; at += 1) {
      const ends = (stream[at] === ETB || stream[at] === ETX) && stream[at + 3] === CR && stream[at + 4] === LF;
      const stated = latin1(stream.subarray(at + 1, at + 3));
      if (!ends || !/^[0-9A-F]{2}$/.test(stated)) continue;
      const change = sum8(masked.subarray(from, at)) - sum8(stream.subarray(from, at));
      const right = (Number.parseInt(stated, 16) + change + 512) & 0xff;
      masked.set(latin1Bytes(right.toString(16).toUpperCase().padStart(2, "0")), at + 1);
    }
  }
}
