/** How many pairs are measured; the one in the middle counts. */
const PAIRS = 3;

/** The pair of runs that counts. */
export interface Compared<T> {
  readonly ours: T;
  readonly floor: T;
  /** Ours as a multiple of the floor. */
  readonly ratio: number;
}

/**
 * Runs ours and the floor in turn, three times each and not always in the same order, so that a machine that grows
 * slower (or busier) meanwhile slows both. Of the three pairs, the one with the middle ratio counts, whole: its two
 * figures and its ratio belong together. Ours runs first in the first pair.
 *
 * @param value what of a run is compared, above 0
 * @param say told of each pair, so that a person sees how far they lie apart
 */
export async function compare<T>(
  ours: () => Promise<T>,
  floor: () => Promise<T>,
  value: (run: T) => number,
  say: (line: string) => void,
): Promise<Compared<T>> {
  const pairs: Compared<T>[] = [];
  for (let round = 0; round < PAIRS; round += 1) {
    const [one, other] = round % 2 === 0 ? [ours, floor] : [floor, ours];
    const first = await one();
    const second = await other();
    const [mine, least] = round % 2 === 0 ? [first, second] : [second, first];
    const ratio = value(mine) / value(least);
    say(`Pair ${round + 1}: ${value(mine).toFixed(2)} against ${value(least).toFixed(2)}, ratio ${ratio.toFixed(2)}.`);
    pairs.push({ ours: mine, floor: least, ratio });
  }
  pairs.sort((a, b) => a.ratio - b.ratio);
  const middle = pairs[Math.floor(PAIRS / 2)];
  if (middle === undefined) throw new Error("nothing was compared");
  return middle;
}

/**
 * The value below or at which that share of the values lies (nearest rank). Throws for an empty list.
 *
 * @param share above 0 and at most 1
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const found = sorted[Math.ceil(share * sorted.length) - 1];
  if (found === undefined) throw new Error("there is no percentile of nothing");
  return found;
}
