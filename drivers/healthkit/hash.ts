/**
 * 64 bits of a name, as two unsigned halves that are mixed with different factors. Made once and set anew for each name:
 * millions are looked up.
 */
export class Hash {
  high = 0;
  low = 0;
  readonly #number = new Float64Array(1);
  readonly #words = new Uint32Array(this.#number.buffer);

  /** Makes it the hash of a text. */
  set(text: string): void {
    this.high = 0xdeadbeef;
    this.low = 0x41c6ce57;
    this.mixText(text);
  }

  /** Mixes a text in. */
  mixText(text: string): void {
    let [high, low] = [this.high, this.low];
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      high = Math.imul(high ^ code, 0x9e3779b1);
      low = Math.imul(low ^ code, 0x5f356495);
    }
    this.high = finished(high);
    this.low = finished(low);
  }

  /** Makes it the same as another. */
  copy(other: Hash): void {
    this.high = other.high;
    this.low = other.low;
  }

  /** Mixes a number in, all 64 bits of it; -0 is 0. */
  mix(number: number): void {
    this.#number[0] = number + 0;
    const first = this.#words[0] ?? 0;
    const second = this.#words[1] ?? 0;
    this.high = mixed(mixed(this.high, first, 0xcc9e2d51), second, 0x1b873593);
    this.low = mixed(mixed(this.low, first, 0x85ebca6b), second, 0xc2b2ae35);
  }
}

function mixed(state: number, word: number, factor: number): number {
  return finished(Math.imul(state ^ word, factor) + 0x7f4a7c15);
}

/** Murmur3's final mixing; unsigned. */
function finished(state: number): number {
  let value = state;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
