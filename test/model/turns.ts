/** Lets at most `most` pieces of work go on at a time; the others wait for their turn, in the order in which they came. */
export function takingTurns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let going = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (going >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else going += 1;
    try {
      return await work();
    } finally {
      // The turn is handed on as it is, so that nobody who comes now can slip in before those who wait.
      const next = waiting.shift();
      if (next === undefined) going -= 1;
      else next();
    }
  };
}
