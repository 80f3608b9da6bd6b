import { Problem } from "../domain/problem.js";

/** The bytes as lower-case pairs with a space between: `11 0d 44`. Empty for none. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/**
 * The bytes of pairs of hex digits in either case, with or without white space between the pairs.
 * Throws FRAME_MALFORMED for anything else, also for a pair that is torn apart (`1 1`).
 */
export function unhex(text: string): Uint8Array {
  if (!/^(?:\s*[0-9a-f]{2})*\s*$/i.test(text)) {
    throw new Problem("FRAME_MALFORMED", `not pairs of hex digits: ${text.slice(0, 60)}`);
  }
  return Uint8Array.from(Buffer.from(text.replace(/\s+/g, ""), "hex"));
}

/** One array with the bytes of all, in order; always a copy. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Text in which each character is one byte, 0 to 255: nothing is lost either way. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** The bytes of text made of characters 0 to 255. Throws FRAME_MALFORMED for a character beyond. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = Uint8Array.from(Buffer.from(text, "latin1"));
  if (latin1(bytes) !== text) throw new Problem("FRAME_MALFORMED", "text holds a character that is no single byte");
  return bytes;
}
