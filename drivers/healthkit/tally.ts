import { Hash } from "./hash.js";
import { HashTable } from "./hash-table.js";

/** Counts how often names occur in one import, in some 17 bytes a name: an export may have millions. */
export interface Tally {
  /**
   * The number, from 0, of this content among the different contents seen under this name; null if this content was
   * seen before.
   */
  distinct(name: Hash, content: number): number | null;
  /**
   * The number, from 0, of this occurrence of the name. The same thing may stand in the file twice, as `child` and not,
   * in either order: of each pair (same name, same content) only the first gets a number, the other null.
   */
  next(name: Hash, content: number, child: boolean): number | null;
}

/**
 * An empty tally. Names are known by their 64 bits alone: among ten million, two meet with a chance of about 1 to
 * 300,000. Contents are 32 bits of theirs, unsigned.
 */
export function createTally(): Tally {
  const table = new HashTable();
  const other = new Hash();
  /** Entries that are made only where a name has more than one thing. */
  const [CONTENT, COUNT] = [1, 2];
  return {
    distinct(name, content) {
      const first = table.find(name);
      if (first === -1) {
        table.put(name, content);
        return 0;
      }
      if (first === content) return null;
      const own = derived(name, CONTENT, content);
      if (table.find(own) !== -1) return null;
      table.put(own, 0);
      return count(derived(name, COUNT, 0));
    },
    next(name, content, child) {
      const of = ((content & ~1) | (child ? 1 : 0)) >>> 0;
      const first = table.find(name);
      if (first === -1) {
        table.put(name, of);
        return 0;
      }
      // Rare: only now is it worth an entry for each content and side, the first one's included.
      if (table.find(derived(name, COUNT, 0)) === -1) {
        count(derived(name, CONTENT, first));
        count(derived(name, COUNT, 0));
      }
      const mine = count(derived(name, CONTENT, of));
      const theirs = Math.max(0, table.find(derived(name, CONTENT, (of ^ 1) >>> 0)));
      return mine <= theirs ? null : count(derived(name, COUNT, 0)) - 1;
    },
  };

  function count(name: Hash): number {
    const value = Math.max(0, table.find(name)) + 1;
    table.put(name, value);
    return value;
  }

  function derived(name: Hash, what: number, content: number): Hash {
    other.copy(name);
    other.mix(what * 0x1_0000_0000 + content);
    return other;
  }
}
