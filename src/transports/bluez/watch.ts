import type { Clock } from "../../domain/clock.js";
import type { Attachment } from "../attachments.js";
import { REACH_MS } from "./limits.js";
import type { Reach } from "./reach.js";
import type { Scanner } from "./scanner.js";

/** What watching needs. */
export interface WatchParts {
  readonly reach: Reach;
  readonly scanner: Scanner;
  readonly clock: Clock;
}

/** Listens, and tells the list of those in reach at once and whenever it is another one, until aborted. */
export async function watchReach(
  { reach, scanner, clock }: WatchParts,
  onChange: (attached: readonly Attachment[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const enough = scanner.want();
  // Who was not listened to can't be missed.
  const forgetListening = scanner.onListening((deafMs) => reach.excuse(deafMs));
  let wake = new AbortController();
  const forgetChange = reach.onChange(() => wake.abort());
  const stop = (): void => wake.abort();
  signal.addEventListener("abort", stop);
  try {
    let told: string | null = null;
    while (!signal.aborted) {
      wake = new AbortController();
      const left = scanner.listening ? reach.expire() : null;
      const list = reach.list();
      const now = JSON.stringify(list);
      if (now !== told) onChange(list);
      told = now;
      if (signal.aborted) return;
      await clock.sleep(left ?? REACH_MS, wake.signal).catch(() => undefined);
      // What belongs together comes in several messages.
      await new Promise(setImmediate);
    }
  } finally {
    signal.removeEventListener("abort", stop);
    forgetChange();
    forgetListening();
    enough();
  }
}
