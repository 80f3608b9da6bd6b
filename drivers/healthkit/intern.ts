import { type DecodedText, decodeText } from "../shared/xml/text.js";

/** Most texts that are remembered: real exports have some dozen sources, units and devices. */
const MAX_KEPT = 1_000;
/** Longer ones are made anew each time. */
const MAX_LENGTH = 1_000;

interface Kept<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

/**
 * Remembers what was made of a value's bytes: the same few names stand on millions of records, and making a text costs
 * more than finding one. Bounded: when a thousand are kept, they are forgotten.
 *
 * @param make is given the value as its reader should see it
 */
export function createInterner<T>(make: (text: DecodedText) => T): (window: Buffer, from: number, to: number) => T {
  const kept = new Map<number, Kept<T>[]>();
  let count = 0;
  let last: Kept<T> | null = null;
  return (window, from, to) => {
    if (last !== null && isSame(last.bytes, window, from, to)) return last.value;
    if (to - from > MAX_LENGTH) return make(decodeText(window, from, to));
    const hash = hashOf(window, from, to);
    const alike = kept.get(hash);
    let found = alike?.find(({ bytes }) => isSame(bytes, window, from, to));
    if (found === undefined) {
      found = { bytes: new Uint8Array(window.subarray(from, to)), value: make(decodeText(window, from, to)) };
      if (count >= MAX_KEPT) {
        kept.clear();
        count = 0;
      }
      count++;
      kept.set(hash, [...(kept.get(hash) ?? []), found]);
    }
    last = found;
    return found.value;
  };
}

/** True if these bytes are those. */
export function isSame(bytes: Uint8Array, window: Uint8Array, from: number, to: number): boolean {
  if (bytes.length !== to - from) return false;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== window[from + at]) return false;
  return true;
}

/** FNV-1a, 32 bits. */
function hashOf(window: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (window[at] ?? 0), 0x01000193);
  return hash >>> 0;
}
