import { randomUUID } from "node:crypto";
import { silentLog } from "../../src/domain/clock.js";
import { systemClock } from "../../src/kit/system-clock.js";
import type { Store } from "../../src/store/store.js";
import { type Engine, startEngine } from "../../src/sync/engine.js";
import type { RoundReport } from "../../src/sync/round.js";
import type { ReadyCloud } from "./ready-cloud.js";

/** An engine over a store of the sync role, with a cloud in the same process. */
export function readyEngine(store: Store, cloud: ReadyCloud): Engine {
  return startEngine({
    store,
    cloud,
    clock: systemClock,
    log: silentLog,
    holder: "bench",
    alone: true,
    newId: randomUUID,
    random: Math.random,
  });
}

/** Runs one round to its end; what it did. Rejects where it failed. */
export async function roundOf(engine: Engine): Promise<RoundReport> {
  await engine.ring("bench", true);
  const { state, problem, last } = engine.state();
  if (problem !== null) throw new Error(`the round failed: ${problem.message}`);
  if (state !== "idle" || last === null) throw new Error(`the engine is ${state} after the round`);
  return last;
}
