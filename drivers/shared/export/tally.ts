const FIRST_SLOTS = 1_024;

/**
 * Counts under names, in some 24 bytes a name whatever its length, since an export may hold millions. Names are kept as
 * hashes of 64 bits: among ten million, two meet with a chance of about 1 to 370,000.
 */
export class Tally {
  #high = new Uint32Array(FIRST_SLOTS);
  #low = new Uint32Array(FIRST_SLOTS);
  #counts = new Uint32Array(FIRST_SLOTS);
  #used = 0;

  /** Counts this name; gives how often it had been counted before. */
  next(name: string): number {
    if (this.#used * 4 >= this.#counts.length * 3) this.#grow();
    // Never two zeros: they mark a free slot.
    const [high, low] = [hash(name, 0x9747b28c, 0x01000193), hash(name, 0x3c6ef372, 0x5f356495) || 1];
    const at = probe(this.#high, this.#low, high, low);
    if (this.#low[at] === 0) {
      this.#high[at] = high;
      this.#low[at] = low;
      this.#used += 1;
    }
    const before = this.#counts[at] ?? 0;
    this.#counts[at] = before + 1;
    return before;
  }

  #grow(): void {
    const [highs, lows, counts] = [this.#high, this.#low, this.#counts];
    this.#high = new Uint32Array(highs.length * 2);
    this.#low = new Uint32Array(highs.length * 2);
    this.#counts = new Uint32Array(highs.length * 2);
    for (const [from, low] of lows.entries()) {
      if (low === 0) continue;
      const high = highs[from] ?? 0;
      const to = probe(this.#high, this.#low, high, low);
      this.#high[to] = high;
      this.#low[to] = low;
      this.#counts[to] = counts[from] ?? 0;
    }
  }
}

/** The slot of this hash, or the free one where it belongs. */
function probe(highs: Uint32Array, lows: Uint32Array, high: number, low: number): number {
  const mask = lows.length - 1;
  let at = low & mask;
  while (lows[at] !== 0 && (lows[at] !== low || highs[at] !== high)) at = (at + 1) & mask;
  return at;
}

/** 32 bits of the text: a multiplying walk and Murmur3's last mixing. Different starts and factors are independent. */
function hash(text: string, start: number, factor: number): number {
  let value = start;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), factor);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
