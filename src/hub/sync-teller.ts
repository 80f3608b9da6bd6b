import type { Clock } from "../domain/clock.js";
import type { HubEvent, SyncStatus } from "../domain/status.js";

/** Changes of state come by the dozen while a meter is read: told at most this often. */
const GATHER_MS = 250;
/** And no more than that share of the time goes into it: with millions of unsynced records, counting them takes a while. */
const SHARE = 1 / 20;

/**
 * Tells how the synchronisation is while it is heard, one telling after the other so that the last one told is the
 * newest. Returns what asks for it.
 */
export function teller(options: {
  status(): Promise<SyncStatus>;
  clock: Clock;
  signal: AbortSignal;
  /** False while nobody would hear of it; who comes then must ask first. */
  heard(): boolean;
  emit(event: HubEvent): void;
  onProblem(error: unknown): void;
}): () => void {
  const { clock, signal, emit } = options;
  let wanted = false;
  let telling = false;
  let conflicts: number | null = null;
  let tookMs = 0;

  async function tell(): Promise<void> {
    while (wanted && !signal.aborted) {
      await clock.sleep(Math.max(GATHER_MS, tookMs / SHARE), signal);
      wanted = false;
      if (!options.heard()) continue;
      const from = clock.now();
      const data = await options.status();
      tookMs = clock.now() - from;
      emit({ type: "sync", data });
      if (data.conflicts !== conflicts) emit({ type: "conflict", data: { open: data.conflicts } });
      conflicts = data.conflicts;
    }
  }

  return () => {
    wanted = true;
    if (telling || signal.aborted) return;
    telling = true;
    tell()
      .catch((error) => {
        if (!signal.aborted) options.onProblem(error);
      })
      .finally(() => {
        telling = false;
      });
  };
}
