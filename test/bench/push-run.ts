import { randomUUID } from "node:crypto";
import { silentLog } from "../../src/domain/clock.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { Store } from "../../src/store/store.js";
import { dirtyPage } from "../../src/store/sync-records.js";
import { nativeCloud } from "../../src/sync/clouds/native.js";
import { startEngine } from "../../src/sync/engine.js";

/** The token of the clouds of the benchmarks. */
export const TOKEN = "bench";

/** What pushing a whole store took. */
export interface PushRun {
  /** Milliseconds until every record was acknowledged, and that was noted durably. */
  readonly pushMs: number;
  /** Until the engine was idle: its own changes were pulled back and found known. */
  readonly roundMs: number;
}

/**
 * Pushes a store by the sync engine. Rejects unless all that many records were accepted, and nothing is left.
 *
 * @param path a store in which nothing was pushed yet
 * @param url a cloud of the native protocol that takes `TOKEN`
 * @param onBody told each request's body
 * @param onPushed told when everything was acknowledged; the round goes on when it resolves
 */
export async function pushAll(
  path: string,
  url: string,
  count: number,
  onBody: (body: string) => void = () => undefined,
  onPushed: () => Promise<void> = async () => undefined,
): Promise<PushRun> {
  const store = await Store.open({ path, role: "sync" });
  let pushedAt = 0;
  const watched: typeof fetch = async (target, init) => {
    if (typeof init?.body === "string") onBody(init.body);
    // The first question for changes comes when every push is settled in the store.
    else if (pushedAt === 0) {
      pushedAt = performance.now();
      await onPushed();
    }
    return fetch(target, init);
  };
  const engine = startEngine({
    store,
    cloud: nativeCloud({ url, token: TOKEN, fetch: watched }),
    clock: systemClock,
    log: silentLog,
    holder: "bench",
    alone: true,
    newId: randomUUID,
    random: Math.random,
  });
  try {
    const start = performance.now();
    await engine.ring("bench", true);
    const end = performance.now();
    const { state, problem, last } = engine.state();
    if (problem !== null) throw new Error(`the push failed: ${problem.message}`);
    if (state !== "idle" || last?.pushed !== count || (await dirtyPage(store, 0, 1)).length > 0)
      throw new Error(`only ${last?.pushed} of ${count} records were pushed`);
    return { pushMs: pushedAt - start, roundMs: end - start };
  } finally {
    await engine.stop();
    await store.close();
  }
}
