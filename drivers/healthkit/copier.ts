/** How many bytes of elements share one piece of memory. */
const BLOCK_BYTES = 1 << 16;

/** Copies pieces of a window, whose memory goes on to other uses, into memory that nobody writes to again. */
export function createCopier(): (window: Buffer, from: number, to: number) => Uint8Array {
  let block = new Uint8Array(0);
  let used = 0;
  return (window, from, to) => {
    const length = to - from;
    if (length > BLOCK_BYTES / 4) return new Uint8Array(window.subarray(from, to));
    if (used + length > block.length) {
      block = new Uint8Array(BLOCK_BYTES);
      used = 0;
    }
    window.copy(block, used, from, to);
    used += length;
    return block.subarray(used - length, used);
  };
}
