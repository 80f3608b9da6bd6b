import { seededRandom } from "../../src/kit/simulated.js";

/** Chance that comes out the same again for the same seed. */
export interface Random {
  /** From 0 up to 1, 1 not included. */
  next(): number;
  /** A whole number from 0 up to `below`, not included. */
  int(below: number): number;
  /** True with that probability. */
  chance(probability: number): boolean;
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** Chance of its own for somebody, so that what others draw does not change what comes to them. */
  for(name: string): Random;
}

/** Chance from a seed: 32 bits of state are enough for choosing faults. */
export function seeded(seed: number): Random {
  const next = seededRandom(seed);
  const int = (below: number): number => Math.floor(next() * below);
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (list) => {
      if (list.length === 0) throw new Error("there is nothing to pick from");
      return list[int(list.length)] as (typeof list)[number];
    },
    for: (name) =>
      seeded([...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed ^ 0x5bd1e995)),
  };
}
