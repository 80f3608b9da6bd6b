import { Problem } from "../../../src/domain/problem.js";
import { hex, latin1 } from "../../../src/kit/bytes.js";

/** A record's line cut into its fields. */
export interface Fields {
  /** Latin1, one character a byte, without the quotation marks of texts. */
  readonly all: readonly string[];
  /** The line with its end, as it came. */
  readonly line: Uint8Array;
}

/** The fields of a record's line: separated by commas, texts between quotation marks (sheet b). */
export function fieldsOf(line: Uint8Array): Fields {
  const text = latin1(line).replace(/\r?\n$/, "");
  if (!text.includes('"')) return { all: text.split(","), line };
  const all: string[] = [];
  for (let at = 0; at <= text.length; ) {
    // A text ends at a quotation mark before a comma or the end: what marks within it look like is not known.
    const quoted = text[at] === '"' ? /"(?=,|$)/.exec(text.slice(at + 1)) : null;
    const end = quoted === null ? endOfField(text, at) : at + 1 + quoted.index + 1;
    all.push(quoted === null ? text.slice(at, end) : text.slice(at + 1, end - 1));
    at = end + 1;
  }
  return { all, line };
}

/** The field of that number (from 0) as a whole number without sign. Throws FRAME_MALFORMED if it is none. */
export function numberAt(fields: Fields, place: number): number {
  const text = fields.all[place] ?? "";
  if (!/^[0-9]{1,10}$/.test(text)) throw malformed(fields, place, "is no number");
  return Number(text);
}

/** A FRAME_MALFORMED for a record that came whole and is not understood, with the field's number (from 0) and the line. */
export function malformed({ line, all }: Fields, place: number, what: string): Problem {
  const detail = `Field ${place} of a record ${what}.`;
  return new Problem("FRAME_MALFORMED", detail, { field: place, fields: all.length, frame: hex(line) });
}

function endOfField(text: string, from: number): number {
  const comma = text.indexOf(",", from);
  return comma < 0 ? text.length : comma;
}
