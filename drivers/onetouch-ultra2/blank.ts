import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { sum16 } from "../../src/kit/checksum.js";
import type { Mask } from "../../src/kit/driver.js";

/**
 * Masks the serial number wherever the meter names it (`@ "…"` and the dump's first line), and writes the sum of the line
 * anew if it was right before. Lines that arrived damaged stay damaged.
 */
export function blank(stream: Uint8Array, mask: Mask): Uint8Array {
  const hide = (text: string): string => latin1(mask(latin1Bytes(text)));
  const lines = latin1(stream).split(/(?<=\n)/);
  return latin1Bytes(lines.map((line) => blankLine(line, hide)).join(""));
}

function blankLine(line: string, hide: (text: string) => string): string {
  const named = /^(\0*(?:@ |P [0-9]{3},)")([0-9A-Z]{1,9})/.exec(line);
  if (named === null) return line;
  const [all, before = "", serial = ""] = named;
  // The ninth character tells the model, and nothing of the person.
  const masked = before + hide(serial.slice(0, 8)) + serial.slice(8) + line.slice(all.length);
  const parts = /^(\0*)(.*) ([0-9A-F]{4})(\r?\n?)$/s.exec(masked);
  const told = /^\0*(.*) [0-9A-F]{4}\r?\n?$/s.exec(line)?.[1];
  if (parts === null || told === undefined) return masked;
  const [, zeros = "", text = "", sum = "", end = ""] = parts;
  if (sum16(latin1Bytes(told)) !== Number.parseInt(sum, 16)) return masked;
  return `${zeros}${text} ${sum16(latin1Bytes(text)).toString(16).toUpperCase().padStart(4, "0")}${end}`;
}
