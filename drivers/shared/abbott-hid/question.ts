import { Problem } from "../../../src/domain/problem.js";
import { hex, latin1 } from "../../../src/kit/bytes.js";

/** Something that a meter can be asked in text. */
export interface Question<T> {
  /** Begins with `$`; without a line end (both sheets). */
  readonly word: string;
  /** How long an answer may be: a few bytes, or a whole memory. */
  readonly size: "line" | "log";
  /** What the answer's message means. Throws FRAME_MALFORMED for one that is no answer to this question. */
  read(message: Uint8Array): T;
}

/** The message's only line. Throws FRAME_MALFORMED if there is another, or none. */
export function lineOf(message: Uint8Array): string {
  const line = /^([^\r\n]*)\r\n$/.exec(latin1(message));
  if (line === null) throw notUnderstood("An answer is not one line.", message);
  return line[1] ?? "";
}

/** Its numbers, as many as are wanted, separated by commas. Throws FRAME_MALFORMED for anything else. */
export function numbersOf(message: Uint8Array, count: number): readonly number[] {
  const parts = lineOf(message).split(",");
  if (parts.length !== count || !parts.every((part) => /^[0-9]{1,3}$/.test(part))) {
    throw notUnderstood(`An answer is not ${count} numbers.`, message);
  }
  return parts.map(Number);
}

/** A FRAME_MALFORMED for an answer that was proven and does not fit its question. */
export function notUnderstood(detail: string, message: Uint8Array): Problem {
  return new Problem("FRAME_MALFORMED", detail, { bytes: message.length, begins: hex(message.subarray(0, 32)) });
}

/** Serial numbers of all models have this form (samples of sheet b): letters, digits and a hyphen. */
const SERIAL = /^[0-9A-Z]{3,12}-?[0-9A-Z]{3,12}$/;
/** The word in place of one that was never given (sheet b). */
const NO_SERIAL = /^0*(?: *\(No SerialNum\))?$/;

/**
 * The question for the serial number. Its reading throws METER_UNSUPPORTED where the meter has none: nobody could tell then
 * whose readings these are.
 */
export function serialQuestion(word: "$serlnum?" | "$sn?"): Question<string> {
  return {
    word,
    size: "line",
    read(message) {
      const text = lineOf(message).trim();
      if (NO_SERIAL.test(text)) throw new Problem("METER_UNSUPPORTED", "The meter does not tell its serial number.");
      if (!SERIAL.test(text)) throw notUnderstood("An answer is no serial number.", message);
      return text;
    },
  };
}

/** The software's version: free text (both sheets). */
export const FIRMWARE: Question<string> = {
  word: "$swver?",
  size: "line",
  read(message) {
    const text = lineOf(message).trim();
    // Dates, times and units are numbers alone: an answer to one of them that came late is no version.
    if (!/^[ -~]{1,60}$/.test(text) || /^[0-9,]*$/.test(text)) throw notUnderstood("An answer is no version.", message);
    return text;
  },
};

/** The display's unit: 0 mmol/L, 1 mg/dL. Values are mg/dL on the wire all the same (sheet b). */
export function unitQuestion(word: "$gunits?" | "$uom?"): Question<"mg/dL" | "mmol/L"> {
  return {
    word,
    size: "line",
    read(message) {
      const [unit] = numbersOf(message, 1);
      if (unit !== 0 && unit !== 1) throw notUnderstood("An answer is no unit.", message);
      return unit === 0 ? "mmol/L" : "mg/dL";
    },
  };
}
