import type { CloudUnderTest } from "./cloud-under-test.js";
import type { HubUnderTest } from "./hub-under-test.js";
import type { Ledger } from "./ledger.js";
import type { Random } from "./random.js";
import { passTime } from "./until.js";

/** What everybody who writes has. */
export interface Person {
  readonly name: string;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Ids of records that people know of; shared, and added to. */
  readonly known: string[];
  /** Longest pause between two changes, milliseconds; 0 for as fast as it goes. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
}

/** One who writes at a hub. */
export interface PersonAtHub extends Person {
  readonly hub: HubUnderTest;
}

/** One who writes in the cloud. */
export interface PersonAtCloud extends Person {
  readonly cloud: CloudUnderTest;
}

/** Goes on making changes, one after the other, until the signal. A change whose request fails in any way ends only itself. */
export async function goOn<P extends Person>(person: P, change: (person: P) => Promise<void>): Promise<void> {
  const { signal, random, pauseMs, ledger } = person;
  while (!signal.aborted) {
    try {
      await change(person);
    } catch {
      ledger.unanswered += 1;
      await passTime(20, signal);
    }
    if (pauseMs > 0) await passTime(random.int(pauseMs), signal);
  }
}
