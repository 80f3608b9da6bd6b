import { Problem } from "../../../src/domain/problem.js";
import { hex, latin1 } from "../../../src/kit/bytes.js";
import { sum32, sumText } from "./sum32.js";

/** A whole answer in text, its checksum found right. */
export interface TextAnswer {
  /** The message with its own line end, a part of the bytes that came; empty where the meter had nothing to say. */
  readonly message: Uint8Array;
  /** False: the meter declined (`CMD Fail!`). */
  readonly accepted: boolean;
}

/** What ends an answer: the checksum's line, then how it went (both sheets). */
const END = /CKSM:([0-9A-F]{8})\r\nCMD (OK|Fail!)\r\n$/;
/** The last line alone. The checksum's line before it may have come damaged, and the answer is over all the same. */
const LAST_LINE = /\nCMD (?:OK|Fail!)\r\n/;
/** Bytes in which the end of an answer has room. */
const END_BYTES = 32;
/** A line feed or carriage return may stand in a message; no other control character may. */
const LF = 0x0a;
const CR = 0x0d;
const FIRST_PRINTABLE = 0x20;

/**
 * Where an answer ends in what has come: its length in bytes, or 0 while it is not whole. `searched`: how many of the
 * bytes were looked through before.
 */
export function answerLength(bytes: Uint8Array, searched = 0): number {
  const from = Math.max(0, searched - END_BYTES);
  const end = LAST_LINE.exec(latin1(bytes.subarray(from)));
  return end === null ? 0 : from + end.index + end[0].length;
}

/**
 * Takes an answer apart and proves it: message, `CKSM:`, eight upper-case hex digits that are the sum of the message's
 * bytes, its line end among them, then `CMD OK` or `CMD Fail!` (both sheets). A refusal is believed with a checksum of zeros
 * as well, whatever its words (sheet b). Throws FRAME_CHECKSUM if the sum is wrong or missing, FRAME_MALFORMED for bytes that
 * no text holds.
 */
export function readAnswer(bytes: Uint8Array): TextAnswer {
  const end = END.exec(latin1(bytes.subarray(-END_BYTES)));
  if (end === null) throw problem("FRAME_CHECKSUM", "An answer came without its checksum.", bytes);
  const message = bytes.subarray(0, bytes.length - end[0].length);
  const accepted = end[2] === "OK";
  // Zeros do not change the sum: a length that was damaged on its way could let the padding in unseen.
  const strange = message.findIndex((byte) => byte < FIRST_PRINTABLE && byte !== CR && byte !== LF);
  if (strange >= 0) {
    throw new Problem("FRAME_MALFORMED", "An answer holds bytes that no text holds.", { offset: strange });
  }
  const [told = "", sum] = [end[1], sumText(sum32(message))];
  const isBareRefusal = !accepted && told === "00000000";
  if (told !== sum && !isBareRefusal) {
    throw problem("FRAME_CHECKSUM", `An answer's checksum is ${told} where ${sum} was expected.`, bytes);
  }
  return { message, accepted };
}

function problem(code: "FRAME_CHECKSUM", detail: string, bytes: Uint8Array): Problem {
  return new Problem(code, detail, { bytes: bytes.length, begins: hex(bytes.subarray(0, 32)) });
}
