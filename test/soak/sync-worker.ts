import { randomUUID } from "node:crypto";
import { silentLog } from "../../src/domain/clock.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { Store } from "../../src/store/store.js";
import { nativeCloud } from "../../src/sync/clouds/native.js";
import { startEngine } from "../../src/sync/engine.js";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.js";

/**
 * The sync engine as a process of its own that is not alone on its store: `node sync-worker.js START`, with the start as
 * JSON. Rings when told to; ends when told to, or with the process that started it.
 */
async function main(start: WorkerStart, say: (message: FromWorker) => void): Promise<void> {
  const store = await Store.open({ path: start.path, role: "sync" });
  const engine = startEngine({
    store,
    cloud: nativeCloud({ url: start.cloud, token: start.token }),
    clock: systemClock,
    log: silentLog,
    holder: start.holder,
    alone: false,
    leaseMs: start.leaseMs,
    newId: randomUUID,
    random: Math.random,
  });
  const obey = async (message: ToWorker): Promise<void> => {
    if (message.type === "stop") {
      await engine.stop();
      await store.close();
      process.exit();
    }
    await engine.ring("soak", true);
    const { standby, problem } = engine.state();
    const lost = standby || problem?.code === "LEASE_LOST";
    say({ type: "rung", id: message.id, lost, problem: lost || problem === null ? null : problem.message });
  };
  process.on("message", (message: ToWorker) => void obey(message));
  process.once("disconnect", () => process.exit());
  say({ type: "ready" });
}

const [start] = process.argv.slice(2);
if (start === undefined || process.send === undefined) throw new Error("It is started by the soak only.");
await main(JSON.parse(start) as WorkerStart, (message) => process.send?.(message));
