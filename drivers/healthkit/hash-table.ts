import type { Hash } from "./hash.js";

/** Parts that grow each by itself, so that growing never needs the memory of the whole twice. */
const PARTS = 64;
const FIRST_SLOTS = 16;
/** How full a part may be, and how much larger it then becomes: some three quarters of all slots are in use. */
const [FULL, GROWTH] = [0.85, 1.4];

/** What is remembered with each name. */
type Values = Uint32Array | Float64Array;

/** Maps 64-bit hashes to numbers in flat memory: 8 bytes and the number a slot. */
export class HashTable {
  readonly #values: (length: number) => Values;
  /** Made when the first name comes that belongs there. */
  readonly #parts: (Part | undefined)[] = [];

  /** @param values makes room for that many numbers, which decides what numbers can be kept; default unsigned 32 bits */
  constructor(values: (length: number) => Values = (length) => new Uint32Array(length)) {
    this.#values = values;
  }

  /** The name's number; -1 if it has none. */
  find(name: Hash): number {
    return this.#parts[name.high % PARTS]?.find(name.high, name.low || 1) ?? -1;
  }

  /** Gives the name a number. */
  put(name: Hash, value: number): void {
    const index = name.high % PARTS;
    const part = this.#parts[index] ?? new Part(this.#values);
    this.#parts[index] = part;
    part.put(name.high, name.low || 1, value);
  }
}

/** Open addressing; a slot is free while its lower half is 0, which no name's is. */
class Part {
  readonly #values: (length: number) => Values;
  #info: Values;
  #high = new Uint32Array(FIRST_SLOTS);
  #low = new Uint32Array(FIRST_SLOTS);
  #used = 0;

  constructor(values: (length: number) => Values) {
    this.#values = values;
    this.#info = values(FIRST_SLOTS);
  }

  find(high: number, low: number): number {
    const at = this.#probe(high, low);
    return this.#low[at] === 0 ? -1 : (this.#info[at] ?? -1);
  }

  put(high: number, low: number, value: number): void {
    let at = this.#probe(high, low);
    if (this.#low[at] === 0) {
      if (this.#used >= this.#low.length * FULL) {
        this.#grow();
        at = this.#probe(high, low);
      }
      this.#used++;
      this.#high[at] = high;
      this.#low[at] = low;
    }
    this.#info[at] = value;
  }

  #probe(high: number, low: number): number {
    const slots = this.#low.length;
    let at = Math.floor((low * slots) / 0x1_0000_0000);
    while (this.#low[at] !== 0 && (this.#low[at] !== low || this.#high[at] !== high))
      at = at + 1 === slots ? 0 : at + 1;
    return at;
  }

  #grow(): void {
    const [high, low, info] = [this.#high, this.#low, this.#info];
    const slots = Math.ceil(low.length * GROWTH);
    this.#high = new Uint32Array(slots);
    this.#low = new Uint32Array(slots);
    this.#info = this.#values(slots);
    for (let from = 0; from < low.length; from++) {
      if (low[from] === 0) continue;
      const at = this.#probe(high[from] ?? 0, low[from] ?? 0);
      this.#high[at] = high[from] ?? 0;
      this.#low[at] = low[from] ?? 0;
      this.#info[at] = info[from] ?? 0;
    }
  }
}
