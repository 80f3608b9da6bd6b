import { Problem } from "../../src/domain/problem.js";
import { hex, latin1 } from "../../src/kit/bytes.js";
import { wallOf } from "../shared/abbott-text/date.js";

/** What the answer to `$colq` tells (sheet b only). It has no checksum. */
export interface Info {
  readonly serial: string;
  readonly version: string;
  /** Null where the word for the unit is not known. */
  readonly displayUnit: "mg/dL" | "mmol/L" | null;
  /** The meter's clock, wall time; null if it shows none that exists. */
  readonly clock: string | null;
}

/**
 * Reads the answer to `$colq`: lines of a name, tabs and values, and `CMD OK` at the end. Lines that nobody asked for are
 * passed over. Throws FRAME_MALFORMED if the serial number, the version or the clock is missing, or the meter declines.
 */
export function readInfo(bytes: Uint8Array): Info {
  const text = latin1(bytes);
  const serial = /S\/N:\t([!-~]{1,32})\r\n/.exec(text)?.[1];
  const [, version, unit] = /Ver:\t([!-~]{1,32})\t([A-Za-z/]{1,10})\r\n/.exec(text) ?? [];
  const clockLine = /Clock:\t[ -~\t]{1,32}(?=\r\n)/.exec(text)?.[0];
  if (serial === undefined || version === undefined || clockLine === undefined || !text.includes("CMD OK")) {
    throw new Problem("FRAME_MALFORMED", "The meter's answer about itself does not fit.", { frame: hex(bytes) });
  }
  return { serial, version, displayUnit: unitOf(unit ?? ""), clock: readClockLine(clockLine) };
}

/** The clock's line without its end, `Clock:`, a tab, date, a tab and time; null if it has another form or no date. */
export function readClockLine(line: string): string | null {
  return line.startsWith("Clock:\t") ? wallOf(line.slice("Clock:\t".length), "seconds") : null;
}

/** `MMOL` (sheet b). The other word is not known; whatever begins as mg/dL does can only mean that. */
function unitOf(word: string): Info["displayUnit"] {
  if (word === "MMOL") return "mmol/L";
  return /^mg/i.test(word) ? "mg/dL" : null;
}
