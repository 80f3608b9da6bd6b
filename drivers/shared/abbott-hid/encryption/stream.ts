import { BLOCK_BYTES, bytesOf, turned } from "./cmac.js";
import { type Block, speck64 } from "./speck.js";

/** Encrypts, and decrypts just so. */
export type Stream = (iv: Block, data: Uint8Array) => Uint8Array;

/** A number as a block, from bytes of which the highest comes first: as the readers send it. */
export function ivOf(bytes: Uint8Array): Block {
  let [x, y] = [0, 0];
  for (const byte of bytes) {
    x = ((x << 8) | (y >>> 24)) >>> 0;
    y = ((y << 8) | byte) >>> 0;
  }
  return { x, y };
}

/**
 * Counter mode over Speck64 (sheet b): the number with its bytes in the opposite order is the first counter, each block's is
 * one more; what comes of encrypting them is combined with the data.
 */
export function stream(key: Uint8Array): Stream {
  const cipher = speck64(key);
  return (iv, data) => {
    const out = Uint8Array.from(data);
    let counter = turned(iv);
    for (let from = 0; from < out.length; from += BLOCK_BYTES) {
      const pad = bytesOf(cipher(counter));
      for (let at = from; at < Math.min(from + BLOCK_BYTES, out.length); at += 1) {
        out[at] = (out[at] ?? 0) ^ (pad[at - from] ?? 0);
      }
      const y = (counter.y + 1) >>> 0;
      counter = { x: (counter.x + (y === 0 ? 1 : 0)) >>> 0, y };
    }
    return out;
  };
}
