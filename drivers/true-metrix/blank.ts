import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { sum8 } from "../../src/kit/checksum.js";
import type { Mask } from "../../src/kit/driver.js";
import { editPayloads } from "../shared/hid/payloads.js";
import { payloadPlace } from "./frame.js";

/** Shortest text that is searched for elsewhere once it is known as a serial number. */
const TELLING_CHARACTERS = 4;

/** Bodies of frames that hold no serial number. */
const KNOWN = /^(?:i[0-9A-Z]{1,8}|t\d{12}|g[0-9A-F]{0,13}|x.{0,5}|v[0-9.]*)$/;

/**
 * Masks the serial number wherever it stands, also across reports, and changes the checksum of its frame by as much as its
 * characters changed, so that a damaged frame stays damaged. What stands behind a report's text is zeros in a sound one,
 * and masked in a damaged one, whose length may be wrong.
 */
export function blank(reports: readonly Uint8Array[], mask: Mask): Uint8Array[] {
  return editPayloads(reports, payloadPlace, (stream) => blankStream(stream, mask)).map((report) => {
    const [, to] = payloadPlace(report);
    report.set(mask(report.slice(to)), to);
    return report;
  });
}

function blankStream(stream: Uint8Array, mask: Mask): Uint8Array {
  const text = latin1(stream);
  const masked = Uint8Array.from(stream);
  const hide = (from: number, to: number): void => masked.set(mask(stream.slice(from, to)), from);
  const serials = new Set<string>();
  // What stands between parentheses, or where one was turned over; cut off, or not.
  for (const { index, 0: body } of text.matchAll(/[^()]+/g)) {
    const sign = body.indexOf("z1");
    // A damaged frame that can't be the answer to another question may be this one.
    const suspect = sign < 0 && text[index - 1] === "(" && !KNOWN.test(body) && isDamaged(text, index - 1);
    if (sign < 0 && !suspect) continue;
    const from = suspect ? index : index + sign + 2;
    hide(from, index + body.length);
    const serial = text.slice(from, index + body.length);
    if (!suspect && serial.length >= TELLING_CHARACTERS) serials.add(serial);
  }
  for (const serial of serials) {
    for (let at = text.indexOf(serial); at >= 0; at = text.indexOf(serial, at + 1)) hide(at, at + serial.length);
  }
  correctSums(text, stream, masked);
  return masked;
}

/** True if the frame that begins there is not whole, or its sum is wrong. */
function isDamaged(text: string, from: number): boolean {
  const frame = /^\([^()]*\)([0-9A-F]{2})/.exec(text.slice(from));
  return frame === null || frame[1] !== digitsOf(sum8(latin1Bytes(frame[0].slice(0, -2))));
}

function correctSums(text: string, stream: Uint8Array, masked: Uint8Array): void {
  for (const { index, 0: frame, 1: stated = "" } of text.matchAll(/\([^()]*\)([0-9A-F]{2})/g)) {
    const end = index + frame.length - 2;
    const change = sum8(masked.subarray(index, end)) - sum8(stream.subarray(index, end));
    if (change !== 0) masked.set(latin1Bytes(digitsOf((Number.parseInt(stated, 16) + change) & 0xff)), end);
  }
}

function digitsOf(sum: number): string {
  return sum.toString(16).toUpperCase().padStart(2, "0");
}
