/** How many different names are remembered: what would have to be told apart stands close together in a report. */
const REMEMBERED = 2_048;

/**
 * Gives each reading of one report a name of its own, the same in every report in which it stands: what it is called by,
 * and a number, from 0, that tells apart those of the same minute which agree in all of that. So two reports of one meter
 * that overlap, in one archive or one after the other, make no second record. Remembers a bounded number of them.
 */
export function createNames(): (called: string) => string {
  const counts = new Map<string, number>();
  return (called) => {
    const count = counts.get(called) ?? 0;
    // Put last again, so that the first one is the longest forgotten.
    counts.delete(called);
    counts.set(called, count + 1);
    if (counts.size > REMEMBERED) {
      const [oldest] = counts.keys();
      if (oldest !== undefined) counts.delete(oldest);
    }
    return `${called} ${count}`;
  };
}
