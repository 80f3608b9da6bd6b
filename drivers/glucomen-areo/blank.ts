import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { crc8Maxim } from "../../src/kit/checksum.js";
import type { Mask } from "../../src/kit/driver.js";

/**
 * Masks the serial number in every info line, and wherever else the same characters stand. A block's checksum changes with
 * what it covers, so that a sound block stays sound and a damaged one stays damaged.
 */
export function blank(stream: Uint8Array, mask: Mask): Uint8Array {
  const lines = latin1(stream).split(/(?<=\n)/);
  const serials = new Set(lines.flatMap((line) => (isInfo(line) ? placesIn(line).map(([, text]) => text) : [])));
  const masked = (text: string): string => latin1(mask(latin1Bytes(text)));
  const blanked = lines.map((line) => {
    let text = line;
    if (isInfo(line)) {
      for (const [at, serial] of placesIn(line)) {
        text = `${text.slice(0, at)}${masked(serial)}${text.slice(at + serial.length)}`;
      }
    }
    for (const serial of serials) if (serial.length >= TELLING) text = text.replaceAll(serial, masked(serial));
    return text;
  });
  return concat(withChecksums(lines, blanked).map(latin1Bytes));
}

/** Fewer characters than this occur by chance, and name nobody. */
const TELLING = 6;

/** True for a line that may be the meter's word about itself, whole, cut off or damaged: no reading, no checksum. */
function isInfo(line: string): boolean {
  return !/^[A-Za-z]{3},/.test(line) && line.split(",").length <= 5;
}

/** Where in an info line a serial number stands, and its text: the fourth field, and any other long run of characters. */
function placesIn(line: string): [number, string][] {
  const fourth = /^(?:[^,]*,){3} *([^,\r\n]*)/.exec(line);
  const places = [...line.matchAll(/[0-9A-Za-z]{6,}/g)].map((run): [number, string] => [run.index, run[0]]);
  if (fourth?.[1]) places.push([fourth[0].length - fourth[1].length, fourth[1]]);
  return places;
}

/** Puts into each block the checksum that differs from the right one as much as the one sent did: by nothing, if sound. */
function withChecksums(lines: readonly string[], blanked: readonly string[]): string[] {
  const result = [...blanked];
  let start = -1;
  for (const [at, line] of lines.entries()) {
    if (line.endsWith("[\r\n")) start = at;
    if (line !== "]\r\n" || start < 0) continue;
    const sent = /^([0-9A-F]{2})\r\n$/.exec(lines[at - 1] ?? "")?.[1];
    if (sent !== undefined && at - 1 > start) {
      const right = (all: readonly string[]): number =>
        crc8Maxim(latin1Bytes(`[\r\n${all.slice(start + 1, at - 1).join("")}`));
      const now = Number.parseInt(sent, 16) ^ right(lines) ^ right(blanked);
      result[at - 1] = `${now.toString(16).toUpperCase().padStart(2, "0")}\r\n`;
    }
    start = -1;
  }
  return result;
}
