import { type Block, type Cipher, speck64 } from "./speck.js";

/** Bytes of a block. */
export const BLOCK_BYTES = 8;
/** What a doubled number that runs over is reduced by, in a field of 64 bits (the standard for CMAC; sheet b). */
const REDUCTION = 0x1b;
/** What fills up a last block that is not full. */
const PADDING = 0x80;

/** Makes the check of a message: eight bytes, the lowest first. */
export type Mac = (message: Uint8Array) => Uint8Array;

/**
 * CMAC over Speck64 with that key (sheet b). Blocks are numbers whose lowest byte comes first, but the two helping keys come of
 * doubling with the bytes in the opposite order.
 */
export function cmac(key: Uint8Array): Mac {
  const cipher = speck64(key);
  const { k1, k2 } = helpingKeys(cipher);
  return (message) => {
    let state: Block = { x: 0, y: 0 };
    const lastFrom = Math.max(0, Math.ceil(message.length / BLOCK_BYTES) - 1) * BLOCK_BYTES;
    for (let at = 0; at < lastFrom; at += BLOCK_BYTES) state = cipher(xor(state, blockOf(message, at)));
    const last = message.subarray(lastFrom);
    const isFull = last.length === BLOCK_BYTES;
    const padded = new Uint8Array(BLOCK_BYTES);
    padded.set(last);
    if (!isFull) padded[last.length] = PADDING;
    return bytesOf(cipher(xor(xor(state, blockOf(padded, 0)), isFull ? k1 : k2)));
  };
}

/** The two keys that the last block is combined with: for a full one, and for one that was filled up. */
export function helpingKeys(cipher: Cipher): { readonly k1: Block; readonly k2: Block } {
  const first = doubled(turned(cipher({ x: 0, y: 0 })));
  return { k1: turned(first), k2: turned(doubled(first)) };
}

/** The eight bytes from there, the lowest first; what is missing is zero. */
export function blockOf(bytes: Uint8Array, at: number): Block {
  const word = (from: number): number =>
    ((bytes[from] ?? 0) |
      ((bytes[from + 1] ?? 0) << 8) |
      ((bytes[from + 2] ?? 0) << 16) |
      ((bytes[from + 3] ?? 0) << 24)) >>>
    0;
  return { x: word(at + 4), y: word(at) };
}

/** A block's bytes, the lowest first. */
export function bytesOf({ x, y }: Block): Uint8Array {
  const bytes = new Uint8Array(BLOCK_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, y, true);
  view.setUint32(4, x, true);
  return bytes;
}

/** The number whose bytes are in the opposite order. */
export function turned(block: Block): Block {
  return blockOf(bytesOf(block).reverse(), 0);
}

function doubled({ x, y }: Block): Block {
  const over = x >>> 31 === 1 ? REDUCTION : 0;
  return { x: ((x << 1) | (y >>> 31)) >>> 0, y: ((y << 1) ^ over) >>> 0 };
}

function xor(one: Block, other: Block): Block {
  return { x: (one.x ^ other.x) >>> 0, y: (one.y ^ other.y) >>> 0 };
}
