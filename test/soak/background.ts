/** Things that go on beside a scenario. */
export interface Background {
  /** Throws the first of their errors, if there is one. */
  demand(): void;
  /** Resolves when all have ended; rejects with the first of their errors. */
  readonly over: Promise<void>;
}

/** Watches over things that go on until a signal; their errors wait for whoever asks. */
export function inBackground(lives: readonly Promise<unknown>[]): Background {
  const errors: unknown[] = [];
  const demand = (): void => {
    if (errors.length > 0) throw errors[0];
  };
  const over = Promise.all(lives.map((life) => life.catch((error: unknown) => errors.push(error)))).then(demand);
  // Whoever waits for the end hears of errors; until then nobody does.
  over.catch(() => undefined);
  return { demand, over };
}
