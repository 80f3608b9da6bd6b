import { Problem } from "../../src/domain/problem.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { sum8 } from "../../src/kit/checksum.js";
import type { PlaceOf } from "../shared/hid/payloads.js";
import type { ReportShape } from "../shared/hid/report-stream.js";

/** First byte of a report to the meter; its length and the text follow (sheet a). */
const TO_METER = 0xa0;
/** Most bytes of text in a report: its length is told to be below 64 (sheet a). */
const PAYLOAD_BYTES = 63;
/** Two digits stand behind the closing parenthesis (sheet a). */
const SUM_DIGITS = 2;
/** Longest text of a frame that is waited for: many times the longest known one. */
const FRAME_BYTES = 128;
const [OPEN, CLOSE] = [0x28, 0x29];
/** Frames are text (sheet a). */
const [FIRST_CHARACTER, LAST_CHARACTER] = [0x20, 0x7e];

/** Reports of a True Metrix: to it A0, the length and text; from it the length and text (sheet a). */
export const trueMetrixReports: ReportShape = {
  payloadOf(report) {
    const length = report[0] ?? PAYLOAD_BYTES + 1;
    return length <= PAYLOAD_BYTES && length < report.length ? report.slice(1, 1 + length) : null;
  },
  // No word of the hub's is longer than a report.
  reportsOf: (bytes) => [Uint8Array.of(0, TO_METER, bytes.length, ...bytes)],
};

/** Where the text stands in an input report; as far as it goes in one that is damaged. */
export const payloadPlace: PlaceOf = (report) => {
  const from = Math.min(1, report.length);
  return [from, Math.min(from + Math.min(report[0] ?? 0, PAYLOAD_BYTES), report.length)];
};

/** What the hub sends: the text in parentheses with its sum: `(I)9A`. */
export function command(text: string): Uint8Array {
  const framed = latin1Bytes(`(${text})`);
  return latin1Bytes(`(${text})${digitsOf(framed)}`);
}

/**
 * Where the first piece of a stream ends: a frame, or what stands before the next one; 0 while that is not known. A new
 * parenthesis ends a frame that was not closed.
 */
export function pieceEnd(bytes: Uint8Array): number {
  const next = bytes.indexOf(OPEN, 1);
  if (bytes[0] !== OPEN) return next < 0 ? bytes.length : next;
  const close = bytes.indexOf(CLOSE);
  if (next > 0 && (close < 0 || next <= close + SUM_DIGITS)) return next;
  if (close >= 0) return close + SUM_DIGITS < bytes.length ? close + SUM_DIGITS + 1 : 0;
  return bytes.length > FRAME_BYTES ? bytes.length : 0;
}

/**
 * The text of a frame, `(text)cc`. Throws FRAME_MALFORMED for bytes of another shape or no text, FRAME_TRUNCATED for the beginning of
 * a frame, and FRAME_CHECKSUM if its two upper-case digits are not the sum of its characters with both parentheses,
 * modulo 256 (sheet a).
 */
export function readFrame(raw: Uint8Array): string {
  if (raw[0] !== OPEN) throw new Problem("FRAME_MALFORMED", "What came begins no frame.", { bytes: raw.length });
  const close = raw.length - SUM_DIGITS - 1;
  if (raw.indexOf(CLOSE) !== close) throw new Problem("FRAME_TRUNCATED", undefined, { bytes: raw.length });
  const stated = latin1(raw.subarray(close + 1));
  const right = digitsOf(raw.subarray(0, close + 1));
  if (stated !== right) {
    throw new Problem(
      "FRAME_CHECKSUM",
      `The frame says the checksum ${JSON.stringify(stated)}, but its bytes give ${right}.`,
      { offset: close + 1, bytes: raw.length },
    );
  }
  const body = raw.subarray(1, close);
  const strange = body.findIndex((byte) => byte < FIRST_CHARACTER || byte > LAST_CHARACTER);
  if (strange >= 0) throw new Problem("FRAME_MALFORMED", "A frame holds what is no text.", { offset: 1 + strange });
  return latin1(body);
}

function digitsOf(framed: Uint8Array): string {
  return sum8(framed).toString(16).toUpperCase().padStart(2, "0");
}
