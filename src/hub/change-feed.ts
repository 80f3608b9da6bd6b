import type { Clock } from "../domain/clock.js";
import type { GlucoRecord } from "../domain/record.js";
import { beyond, changesAfter, lastChange } from "../store/queries.js";
import type { Store } from "../store/store.js";

/** How often to look whether another process (a command) wrote to the store. A look costs microseconds. */
const LOOK_MS = 250;
const PAGE = 500;

/** Tells of every change of the store, in its order, each once. */
export interface ChangeFeed {
  /** Looks at once: something was written. */
  look(): void;
}

/**
 * Follows the store's sequence of changes from now on, whoever makes them: this process, the sync worker, a command.
 *
 * @param heard false while nobody would hear of a change: an import makes a million, and each costs a look
 * @param onChange told of each change while it is heard; `onLocal` once after changes that the cloud has not seen
 */
export async function startChangeFeed(options: {
  store: Store;
  clock: Clock;
  signal: AbortSignal;
  heard(): boolean;
  onChange(seq: number, record: GlucoRecord): void;
  onLocal(): void;
  onProblem(error: unknown): void;
}): Promise<ChangeFeed> {
  const { store, clock, signal } = options;
  let place = await lastChange(store);
  let looking: Promise<void> | null = null;
  let again = false;

  async function tell(): Promise<void> {
    do {
      again = false;
      for (;;) {
        if (!options.heard() && (await skipped())) break;
        const changes = await changesAfter(store, place, PAGE);
        for (const change of changes) {
          place = change.seq;
          options.onChange(change.seq, change.record);
        }
        if (changes.some((change) => change.local)) options.onLocal();
        if (changes.length < PAGE) break;
      }
    } while (again);
  }

  /** Goes on to the newest change without a look at those between; false if somebody has come to hear of them. */
  async function skipped(): Promise<boolean> {
    const { last, local } = await beyond(store, place);
    if (options.heard()) return false;
    place = last;
    if (local) options.onLocal();
    return true;
  }

  function look(): void {
    again = true;
    if (looking !== null || signal.aborted) return;
    looking = tell()
      .catch(options.onProblem)
      .finally(() => {
        looking = null;
      });
  }

  async function watch(): Promise<void> {
    let seen = store.commits();
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal);
      const now = store.commits();
      if (now !== seen) look();
      seen = now;
    }
  }

  store.onCommit(look);
  watch().catch((error) => {
    if (!signal.aborted) options.onProblem(error);
  });
  return { look };
}
