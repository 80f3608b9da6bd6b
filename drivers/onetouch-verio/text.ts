import { latin1 } from "../../src/kit/bytes.js";
import { misfit } from "../shared/lifescan/reply.js";

/** Longest text that is taken for an answer, letters; real ones have some ten. */
const LONGEST = 64;

/**
 * Text of two bytes a letter, low byte first, that ends with a zero (both sheets); zeros may follow. Throws
 * FRAME_MALFORMED for anything else, also for letters beyond ASCII: no name or version of a meter has them.
 */
export function readText(data: Uint8Array): string {
  const text = textIn(data);
  if (text === null) throw misfit(data, 0, "A text");
  return text;
}

/** The text, if the data is one as `readText` has it. */
export function textIn(data: Uint8Array): string | null {
  if (data.length < 4 || data.length % 2 !== 0) return null;
  const low = data.filter((_, at) => at % 2 === 0);
  const high = data.filter((_, at) => at % 2 === 1);
  if (high.some((byte) => byte !== 0)) return null;
  const text = /^([ -~]+)\0+$/.exec(latin1(low))?.[1]?.trim() ?? "";
  return text.length === 0 || text.length > LONGEST ? null : text;
}

/** A serial number: letters and digits. Throws FRAME_MALFORMED for any other text: readings hang on it. */
export function readSerial(data: Uint8Array): string {
  const text = readText(data);
  if (!/^[0-9A-Za-z-]{4,32}$/.test(text)) throw misfit(data, 0, "A serial number");
  return text;
}
