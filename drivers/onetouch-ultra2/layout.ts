import { Problem } from "../../src/domain/problem.js";
import { hex, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { sum16 } from "../../src/kit/checksum.js";

/** Bytes of a line as text, one character a byte, without wake-up zeros before it and the line end after it. */
export interface CheckedLine {
  readonly text: string;
  /** The line as it came, for messages and for keeping. */
  readonly frame: Uint8Array;
  /** How many bytes of the frame stand before `text`. */
  readonly start: number;
}

/**
 * Takes a line apart from its checksum: `<text> CCCC`, where CCCC is the sum of the text's bytes modulo 65,536 in four
 * upper-case hex digits (both protocol sheets; checked against the four captured lines). Zeros before the text are the
 * cable waking and belong to no line. Throws FRAME_CHECKSUM if the checksum is missing, misshapen or wrong: then the
 * line was damaged on its way and is worth asking for again.
 */
export function checkedLine(frame: Uint8Array): CheckedLine {
  let start = 0;
  while (frame[start] === 0) start += 1;
  const line = latin1(frame.subarray(start));
  const parts = /^(.*) ([0-9A-F]{4})\r?\n?$/s.exec(line);
  const text = parts?.[1];
  const sent = parts?.[2];
  if (text === undefined || sent === undefined) {
    throw damaged("A line ends without its checksum.", frame, start + line.trimEnd().length);
  }
  const expected = sum16(latin1Bytes(text));
  if (expected !== Number.parseInt(sent, 16)) {
    const shown = expected.toString(16).toUpperCase().padStart(4, "0");
    throw damaged(`A line's checksum is ${sent} where ${shown} was expected.`, frame, start + text.length + 1);
  }
  return { text, frame, start };
}

/**
 * Holds a line against its fixed layout, character by character: `N` a digit, `A` an upper-case letter, `S` either,
 * `.` anything printable but a double quote, all else itself. Throws FRAME_MALFORMED with the offset of the first
 * character that differs.
 */
export function demandLayout(line: CheckedLine, layout: string, name: string): void {
  const longest = Math.max(layout.length, line.text.length);
  for (let at = 0; at < longest; at += 1) {
    const character = line.text[at];
    const rule = layout[at];
    if (character === undefined || rule === undefined || !fits(character, rule)) throw malformed(line, at, name);
  }
}

/** A FRAME_MALFORMED for a line that came whole and does not fit, with its offset and the frame. */
export function malformed(line: CheckedLine, at: number, what: string): Problem {
  const offset = line.start + at;
  return new Problem("FRAME_MALFORMED", `${what} does not fit at byte ${offset}.`, { offset, frame: hex(line.frame) });
}

function fits(character: string, rule: string): boolean {
  switch (rule) {
    case "N":
      return /[0-9]/.test(character);
    case "A":
      return /[A-Z]/.test(character);
    case "S":
      return /[0-9A-Z]/.test(character);
    case ".":
      return /[ !#-~]/.test(character);
    default:
      return character === rule;
  }
}

function damaged(detail: string, frame: Uint8Array, offset: number): Problem {
  return new Problem("FRAME_CHECKSUM", detail, { offset, frame: hex(frame) });
}
