/** Counts how often names occur in one import, in some 24 bytes a name: an export may have millions. */
export interface Tally {
  /**
   * The number, from 0, of this content among the different contents seen under this name; null if this content was
   * seen before.
   */
  distinct(name: string, content: string): number | null;
  /**
   * The number, from 0, of this occurrence of the name. The same thing may stand in the file twice, as `child` and not,
   * in either order: of each pair (same name, same content) only the first gets a number, the other null.
   */
  next(name: string, content: string, child: boolean): number | null;
}

/** An empty tally. Names are kept as 64-bit hashes: among ten million, two meet with a chance of about 1 to 300,000. */
export function createTally(): Tally {
  const table = new HashTable();
  return {
    distinct(name, content) {
      const of = contentHash(content);
      const slot = table.slot(name);
      if (table.fresh) {
        table.info[slot] = of;
        return 0;
      }
      if (table.info[slot] === of) return null;
      // Rare: under one name, another content. It gets an entry of its own, and the name one that counts them.
      table.slot(`${name}\u0000${content}`);
      return table.fresh ? count(`${name}\u0000\u0000`) : null;
    },
    next(name, content, child) {
      const of = ((contentHash(content) & ~1) | (child ? 1 : 0)) >>> 0;
      const slot = table.slot(name);
      if (table.fresh) {
        table.info[slot] = of;
        return 0;
      }
      // Rare: only now is it worth an entry for each content and side, the first one's included.
      if (table.find(`${name}\u0000\u0000`) === -1) {
        count(`${name}\u0000${table.info[slot] ?? 0}`);
        count(`${name}\u0000\u0000`);
      }
      const mine = count(`${name}\u0000${of}`);
      const theirs = peek(`${name}\u0000${(of ^ 1) >>> 0}`);
      return mine <= theirs ? null : count(`${name}\u0000\u0000`) - 1;
    },
  };

  function count(name: string): number {
    const slot = table.slot(name);
    const value = table.fresh ? 1 : (table.info[slot] ?? 0) + 1;
    table.info[slot] = value;
    return value;
  }

  function peek(name: string): number {
    const slot = table.find(name);
    return slot === -1 ? 0 : (table.info[slot] ?? 0);
  }
}

function contentHash(content: string): number {
  return mix(0x811c9dc5, 0x01000193, content);
}

/** 32 bits of the text, by Murmur3's final mixing over a multiplying walk. Different factors give independent ones. */
function mix(start: number, factor: number, text: string): number {
  let value = start;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), factor);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

const FIRST_SLOTS = 1024;

/** Open addressing over flat arrays; a slot is free while both halves of its hash are 0. */
class HashTable {
  /** What is remembered with each name. */
  info = new Uint32Array(FIRST_SLOTS);
  /** Whether the last call of `slot` made a new one. */
  fresh = false;
  #high = new Uint32Array(FIRST_SLOTS);
  #low = new Uint32Array(FIRST_SLOTS);
  #used = 0;

  /** Index of this name's slot, -1 if there is none. */
  find(name: string): number {
    const at = this.#probe(highHash(name), lowHash(name));
    return this.#high[at] === 0 && this.#low[at] === 0 ? -1 : at;
  }

  /** Index of this name's slot, made (with 0) if there was none. Valid until the next call. */
  slot(name: string): number {
    if (this.#used * 4 >= this.info.length * 3) this.#grow();
    const [high, low] = [highHash(name), lowHash(name)];
    const at = this.#probe(high, low);
    this.fresh = this.#high[at] === 0 && this.#low[at] === 0;
    if (this.fresh) {
      this.#high[at] = high;
      this.#low[at] = low;
      this.#used++;
    }
    return at;
  }

  #probe(high: number, low: number): number {
    const mask = this.info.length - 1;
    let at = low & mask;
    while ((this.#high[at] !== 0 || this.#low[at] !== 0) && (this.#high[at] !== high || this.#low[at] !== low)) {
      at = (at + 1) & mask;
    }
    return at;
  }

  #grow(): void {
    const [high, low, info] = [this.#high, this.#low, this.info];
    this.#high = new Uint32Array(high.length * 2);
    this.#low = new Uint32Array(high.length * 2);
    this.info = new Uint32Array(high.length * 2);
    for (let from = 0; from < high.length; from++) {
      const [oldHigh, oldLow] = [high[from] ?? 0, low[from] ?? 0];
      if (oldHigh === 0 && oldLow === 0) continue;
      const to = this.#probe(oldHigh, oldLow);
      this.#high[to] = oldHigh;
      this.#low[to] = oldLow;
      this.info[to] = info[from] ?? 0;
    }
  }
}

function highHash(name: string): number {
  return mix(0xdeadbeef, 0x9e3779b1, name);
}

/** Never 0, so that a used slot is never taken for a free one. */
function lowHash(name: string): number {
  return mix(0x41c6ce57, 0x5f356495, name) || 1;
}
