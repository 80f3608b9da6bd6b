import type { Clock, Log } from "../domain/clock.js";
import type { Store } from "../store/store.js";
import { syncState } from "../store/sync-state.js";
import type { Cloud } from "./clouds/cloud.js";
import type { Engine } from "./engine.js";

/** How long the cloud may hold the question open (protocol: up to 30 s). */
const WAIT_SECONDS = 25;
/** Pause where a cloud answers at once although nothing changed. */
const IMPATIENT_MS = 10_000;

/**
 * Keeps asking the cloud to say when something changes, and rings the engine then. It changes nothing itself: the
 * round pulls what the bell told of. Ends with the signal.
 */
export async function longPoll(options: {
  store: Store;
  cloud: Cloud;
  engine: Engine;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): Promise<void> {
  const { store, cloud, engine, clock, log, signal } = options;
  while (!signal.aborted) {
    try {
      await engine.healthy();
      if (signal.aborted) return;
      const { cursor } = await syncState(store);
      const asked = clock.now();
      const page = await cloud.changes(cursor, 1, WAIT_SECONDS, signal);
      if (page.changes.length > 0) await engine.ring("the cloud has something new");
      else if (clock.now() - asked < 1_000) await clock.sleep(IMPATIENT_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      log.debug({ error: String(error) }, "the long poll ended");
      // The round finds out what is wrong, says so, and pauses; this waits until it is over.
      await engine.ring("the long poll ended");
      await clock.sleep(1_000, signal).catch(() => undefined);
    }
  }
}
