import { isSpace, nameEnd, TagError, tagEnd } from "../shared/xml/tag.js";

/** A tag longer than this is damage: real ones have some hundred bytes. */
export const MAX_TAG_BYTES = 1 << 20;
/** Bytes of `<Record`, of `<Record type="`, and of `</Record>`. */
export const [RECORD_BYTES, TYPE_BYTES, RECORD_END_BYTES] = [7, 14, 9] as const;
/** The R of `<Record`. */
export const RECORD_INITIAL = 82;

const [SPACE, QUOTE, SLASH, GREATER] = [32, 34, 47, 62];

/** Index of the tag's `>`, looking at each byte; -1 if it is not there yet. Throws TagError if the tag is longer than any. */
export function slowTagEnd(window: Buffer, at: number): number {
  const end = tagEnd(window, at + 1);
  if ((end === -1 ? window.length : end) - at <= MAX_TAG_BYTES) return end;
  throw new TagError(`a tag of more than ${MAX_TAG_BYTES} bytes`, at);
}

/**
 * True for `<Record` with its name's end, of whose `<` and `R` was asked before. These are asked millions of times: each byte
 * by itself is the fastest way to compare so few.
 */
export function isRecord(w: Uint8Array, at: number): boolean {
  return ecord(w, at + 2) && endsName(w[at + RECORD_BYTES]);
}

/** True for `</Record>`, of whose `</` was asked before. */
export function isRecordEnd(w: Uint8Array, at: number): boolean {
  return w[at + 2] === RECORD_INITIAL && ecord(w, at + 3) && w[at + 8] === GREATER;
}

function ecord(w: Uint8Array, at: number): boolean {
  return w[at] === 101 && w[at + 1] === 99 && w[at + 2] === 111 && w[at + 3] === 114 && w[at + 4] === 100;
}

/** True if ` type="` follows on `<Record`, which stands at `tag`. */
export function isTypeFirst(w: Uint8Array, tag: number): boolean {
  const at = tag + RECORD_BYTES;
  const named = w[at + 1] === 116 && w[at + 2] === 121 && w[at + 3] === 112 && w[at + 4] === 101;
  return named && w[at] === 32 && w[at + 5] === 61 && w[at + 6] === QUOTE;
}

/** `isSpace`, quickly false: it is asked of every tag's `<`. */
export function isGap(byte: number | undefined): boolean {
  return byte !== undefined && byte <= SPACE && isSpace(byte);
}

/** True for a letter of ASCII. */
export function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122));
}

/** True if these bytes stand there. */
export function begins(window: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) if (window[at + index] !== bytes[index]) return false;
  return true;
}

/** True for a byte that can't go on a name. */
export function endsName(byte: number | undefined): boolean {
  return byte === SLASH || byte === GREATER || isSpace(byte);
}

/** The name in an end tag. Throws TagError if there is more than a name, or none. */
export function endName(window: Buffer, at: number, last: number): string {
  const stop = nameEnd(window, at + 2);
  if (stop === at + 2) throw new TagError("a tag without a name", at);
  for (let rest = stop; rest < last; rest++)
    if (!isSpace(window[rest])) throw new TagError("an end tag with more than a name", rest);
  return window.toString("latin1", at + 2, stop);
}
