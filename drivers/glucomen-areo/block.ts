import { Problem } from "../../src/domain/problem.js";
import { concat, hex, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { crc8Maxim } from "../../src/kit/checksum.js";

/** First and last line of a block of text (sheet b). */
const OPENING = "[\r\n";
const CLOSING = "]\r\n";
/** The only line of a block without readings: bytes 90 3D; such a block has no checksum (sheet b, vector set b). */
const NOTHING = "\u0090=\r\n";

/** True for the line that opens a block; noise of the cable may stand before its bracket. */
export function opens(line: Uint8Array): boolean {
  return latin1(line).endsWith(OPENING);
}

/** True for the line that closes a block. */
export function closes(line: Uint8Array): boolean {
  return latin1(line) === CLOSING;
}

/**
 * The lines between a block's brackets, each with its end, without the checksum: none if the meter says that it has
 * nothing. Throws FRAME_CHECKSUM if the block does not prove itself: the line before the closing bracket must be two
 * upper-case hex digits, CRC-8/MAXIM over everything from the opening bracket to the line end before it (sheet b).
 */
export function provenLines(block: readonly Uint8Array[]): readonly Uint8Array[] {
  const inner = block.slice(1, -1);
  if (inner.length === 1 && latin1(concat(inner)) === NOTHING) return [];
  const sent = /^([0-9A-F]{2})\r\n$/.exec(latin1(inner.at(-1) ?? new Uint8Array()))?.[1];
  if (sent === undefined) throw damaged("A block ends without its checksum.", inner);
  const expected = checksum(latin1(concat([latin1Bytes(OPENING), ...inner.slice(0, -1)])));
  if (sent !== expected) throw damaged(`A block's checksum is ${sent} where ${expected} was expected.`, inner);
  return inner.slice(0, -1);
}

/** A block with one line, as the meter takes it: a checksum in small letters is refused (sheet b). */
export function blockOf(line: string): Uint8Array {
  const covered = `${OPENING}${line}\r\n`;
  return latin1Bytes(`${covered}${checksum(covered)}\r\n${CLOSING}`);
}

/** The checksum of what it covers, as it is written. */
export function checksum(covered: string): string {
  return crc8Maxim(latin1Bytes(covered)).toString(16).toUpperCase().padStart(2, "0");
}

function damaged(detail: string, inner: readonly Uint8Array[]): Problem {
  const last = inner.at(-1);
  return new Problem("FRAME_CHECKSUM", detail, last === undefined ? {} : { line: hex(last.subarray(0, 64)) });
}
