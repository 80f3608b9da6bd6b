import { seededRandom } from "../../src/kit/simulated.js";

/**
 * A number from 0 to below 1 that depends on the seed and the labels alone: what is drawn for one thing does not move
 * when another is left out, which is what makes a failing run shrink.
 */
export function draw(seed: number, ...labels: readonly (string | number)[]): number {
  return mixed(seed, labels) / 2 ** 32;
}

/** A stream of numbers of its own, repeatable by its seed and name. */
export class Random {
  /** From 0 to below 1. */
  readonly next: () => number;

  /** @param seed a whole number from 0 to below 2^32 */
  constructor(seed: number, ...name: readonly (string | number)[]) {
    this.next = seededRandom(mixed(seed, name));
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** A whole number from `first` to `last`, both included. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of them; throws RangeError where there is none. */
  pick<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)];
    if (one === undefined) throw new RangeError("nothing to pick from");
    return one;
  }

  /** One of them, each as often as its weight says. */
  weighted<T>(list: readonly (readonly [T, number])[]): T {
    let left = this.next() * list.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [one, weight] of list) {
      left -= weight;
      if (left < 0) return one;
    }
    return this.pick(list.map(([one]) => one));
  }
}

/** 32 well-mixed bits (FNV-1a over the labels, then the finaliser of MurmurHash3). */
function mixed(seed: number, labels: readonly (string | number)[]): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  hash = Math.imul(hash, 0x01000193);
  for (const label of labels) {
    if (typeof label === "number") hash = Math.imul(hash ^ label, 0x85ebca6b) ^ (hash >>> 15);
    else for (let at = 0; at < label.length; at += 1) hash = Math.imul(hash ^ label.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ 0xff, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
