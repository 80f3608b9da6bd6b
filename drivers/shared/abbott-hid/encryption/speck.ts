/** Rounds, and by how many bits each half turns (the cipher's paper; sheet b). */
const ROUNDS = 27;
const RIGHT = 8;
const LEFT = 3;

/** A block as two words: `x` its upper half, `y` its lower one. */
export interface Block {
  readonly x: number;
  readonly y: number;
}

/** Encrypts a block. */
export type Cipher = (block: Block) => Block;

/**
 * Speck64/128 with that key of 16 bytes, the lowest byte first (sheet b): the lower 32 bits are the first round key, the others
 * three words of the schedule. Throws RangeError for a key of another length.
 */
export function speck64(key: Uint8Array): Cipher {
  if (key.length !== 16) throw new RangeError("a key has 16 bytes");
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const schedule = [view.getUint32(4, true), view.getUint32(8, true), view.getUint32(12, true)];
  const keys = Uint32Array.of(view.getUint32(0, true), ...Array.from({ length: ROUNDS - 1 }, () => 0));
  for (let round = 0; round < ROUNDS - 1; round += 1) {
    const next = { x: schedule[round % 3] ?? 0, y: keys[round] ?? 0 };
    const { x, y } = turn(next, round);
    schedule[round % 3] = x;
    keys[round + 1] = y;
  }
  return (block) => {
    let now = block;
    for (const roundKey of keys) now = turn(now, roundKey);
    return now;
  };
}

function turn({ x, y }: Block, key: number): Block {
  const newX = ((((x >>> RIGHT) | (x << (32 - RIGHT))) + y) ^ key) >>> 0;
  return { x: newX, y: (((y << LEFT) | (y >>> (32 - LEFT))) ^ newX) >>> 0 };
}
