import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import type { Mask } from "../../../src/kit/driver.js";
import { type Frame, frameAt, frameBytes } from "./frame.js";
import { serialIn } from "./reply.js";

/** How many letters and digits in a row, outside sound frames, are taken for a serial number or a piece of one. */
const SHORTEST_PIECE = 6;
/** How many bytes that are letters or digits make what a damaged answer carries a serial number: no record has as many. */
const LETTERS_OF_A_SERIAL = 6;

/**
 * Masks the serial numbers in all that a meter of this family sent, and makes their frames' checksums right again. What
 * arrived damaged stays damaged, with whatever looks like a serial number in it masked.
 */
export function blankFrames(stream: Uint8Array, mask: Mask, prefixes: readonly number[]): Uint8Array {
  const blanked = Uint8Array.from(stream);
  const serials = new Set<string>();
  let loose = 0;
  for (let at = 0; at < stream.length; ) {
    const frame = frameAt(stream, at);
    if (frame === null) {
      at += 1;
      continue;
    }
    blankLoose(blanked.subarray(loose, at), mask, prefixes);
    const serial = serialOf(frame, prefixes);
    if (serial !== null) {
      serials.add(serial);
      blanked.set(maskedFrame(frame, serial, mask), at);
    }
    at += frame.bytes.length;
    loose = at;
  }
  blankLoose(blanked.subarray(loose), mask, prefixes);
  for (const serial of serials) blankWherever(blanked, serial, mask);
  return blanked;
}

/** The serial number, if the frame carries one: letters and digits, then nothing but zeros. */
function serialOf({ message }: Frame, prefixes: readonly number[]): string | null {
  const isAnswer = prefixes.includes(message[0] ?? -1) && message[1] === 6;
  return isAnswer ? serialIn(message.subarray(2)) : null;
}

function maskedFrame(frame: Frame, serial: string, mask: Mask): Uint8Array {
  const message = Uint8Array.from(frame.message);
  message.set(mask(latin1Bytes(serial)), 2);
  return frameBytes(message, frame.link);
}

/** Masks in place, in bytes that are no sound frames: what an answer that was cut or damaged carries, and long words. */
function blankLoose(bytes: Uint8Array, mask: Mask, prefixes: readonly number[]): void {
  for (let at = bytes.indexOf(2); at >= 0; at = bytes.indexOf(2, at + 1)) {
    if (!prefixes.includes(bytes[at + 3] ?? -1) || bytes[at + 4] !== 6) continue;
    const carried = bytes.subarray(at + 5, at + (bytes[at + 1] ?? 0) - 3);
    const letters = carried.filter(isLetter).length;
    if (letters >= LETTERS_OF_A_SERIAL || letters === carried.length) carried.set(mask(carried.slice()));
  }
  for (let at = 0; at < bytes.length; ) {
    let end = at;
    while (isLetter(bytes[end] ?? 0)) end += 1;
    if (end - at >= SHORTEST_PIECE) bytes.set(mask(bytes.slice(at, end)), at);
    at = end + 1;
  }
}

function blankWherever(bytes: Uint8Array, serial: string, mask: Mask): void {
  const masked = mask(latin1Bytes(serial));
  if (latin1(masked) === serial) return;
  for (let at = latin1(bytes).indexOf(serial); at >= 0; at = latin1(bytes).indexOf(serial)) bytes.set(masked, at);
}

function isLetter(byte: number): boolean {
  return /[0-9A-Za-z]/.test(String.fromCharCode(byte));
}
