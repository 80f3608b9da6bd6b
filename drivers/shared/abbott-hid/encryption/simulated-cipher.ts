const WORD = 0xffffffffn;
const BLOCK = 0xffffffffffffffffn;

/** Speck64/128 on whole numbers, as its paper writes it: key of 128 bits, block of 64. */
export function simulatedSpeck(key: bigint, block: bigint): bigint {
  const schedule = [(key >> 32n) & WORD, (key >> 64n) & WORD, key >> 96n];
  let [x, y, round] = [block >> 32n, block & WORD, key & WORD];
  for (let number = 0n; number < 27n; number += 1n) {
    [x, y] = half(x, y, round);
    const [left = 0n, ...others] = schedule;
    const [newLeft, newRound] = half(left, round, number);
    schedule.splice(0, 3, ...others, newLeft);
    round = newRound;
  }
  return (x << 32n) | y;
}

/** The check of these bytes: eight, the lowest first. */
export function simulatedMac(key: bigint, bytes: readonly number[]): number[] {
  const k1 = double(swap(simulatedSpeck(key, 0n)));
  const blocks = Math.max(1, Math.ceil(bytes.length / 8));
  let state = 0n;
  for (let block = 0; block < blocks; block += 1) {
    const piece = bytes.slice(block * 8, block * 8 + 8);
    const isFull = piece.length === 8;
    let next = number(isFull ? piece : [...piece, 0x80]);
    if (block === blocks - 1) next ^= swap(isFull ? k1 : double(k1));
    state = simulatedSpeck(key, state ^ next);
  }
  return low(state);
}

/** A key derived from a constant one. */
export function simulatedKey(constant: bigint, label: string, context: readonly number[]): bigint {
  const letters = Array.from(label, (letter) => letter.charCodeAt(0));
  const [one, two] = [1, 2].map((half) => number(simulatedMac(constant, [half, ...letters, 0, ...context, 0x80, 0])));
  return ((two ?? 0n) << 64n) | (one ?? 0n);
}

/** What comes of combining the bytes with the key's stream. */
export function simulatedStream(key: bigint, iv: bigint, bytes: readonly number[]): number[] {
  const first = swap(iv);
  return bytes.map((byte, at) => {
    const pad = simulatedSpeck(key, (first + BigInt(at >> 3)) & BLOCK);
    return byte ^ Number((pad >> BigInt(8 * (at & 7))) & 255n);
  });
}

function half(x: bigint, y: bigint, key: bigint): [bigint, bigint] {
  const newX = ((((x >> 8n) | (x << 24n)) + y) & WORD) ^ key;
  return [newX, (((y << 3n) | (y >> 29n)) & WORD) ^ newX];
}

function double(block: bigint): bigint {
  return ((block << 1n) & BLOCK) ^ (block >> 63n === 1n ? 0x1bn : 0n);
}

function swap(block: bigint): bigint {
  return number(low(block).reverse());
}

function low(block: bigint): number[] {
  return Array.from({ length: 8 }, (_, at) => Number((block >> BigInt(8 * at)) & 255n));
}

function number(bytes: readonly number[]): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}
