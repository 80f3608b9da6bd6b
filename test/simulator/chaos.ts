import { rmSync, writeFileSync } from "node:fs";
import { restoreBackup } from "../../src/store/restore.js";
import type { Hub } from "./hub.js";
import type { ChaosAct, Item } from "./plan.js";
import type { SyncWorker } from "./sync-worker.js";
import type { World } from "./world.js";

const JUMPS_MS = [-3_600_000, -30_000, 30_000, 3_600_000, 365 * 86_400_000] as const;

/** Something happens to a machine. */
export async function actOnMachines(world: World, hub: Hub, item: Item): Promise<void> {
  world.tell("chaos", `${item.act} (${hub.name})`);
  world.coverage.count(`act ${item.act}`);
  await ACTS[item.act as ChaosAct](world, hub, item);
}

const ACTS: Readonly<Record<ChaosAct, (world: World, hub: Hub, item: Item) => Promise<void>>> = {
  "stall worker": async (world, hub, item) => {
    const worker = await idleWorker(world, hub, item);
    if (worker === null) return;
    worker.process.stalledUntil = world.scheduler.nowMs + 61_000 + Math.floor(item.detail * 100_000);
    // A hub that knows that it is alone starts another one when it holds the old one for dead.
    if (world.plan.alone) hub.startWorker();
  },
  "stop worker": async (world, hub, item) => {
    const worker = await idleWorker(world, hub, item);
    if (worker === null) return;
    await worker.stop();
    hub.kill(worker.process);
    await world.scheduler.wait(null, "is started again", { dueMs: world.scheduler.nowMs + 1_000 });
    if (hub.local !== null) hub.startWorker();
  },
  "second worker": async (_world, hub) => {
    if (hub.local !== null) hub.startWorker();
  },
  "hub clock jumps": async (world, hub, item) => {
    const jump = JUMPS_MS[Math.floor(item.detail * JUMPS_MS.length)] ?? 0;
    // A lease that a dead worker left behind runs out by the wall clock: nobody waits an hour for it here.
    hub.clockErrorMs += world.plan.alone ? jump : Math.max(jump, -30_000);
  },
  "cloud clock jumps": async (world, _hub, item) => {
    world.cloudClockErrorMs += JUMPS_MS[Math.floor(item.detail * JUMPS_MS.length)] ?? 0;
  },
  "cloud snapshot": async (world) => {
    world.snapshots.push(world.cloud.snapshot());
  },
  "cloud restore": async (world) => {
    const { restoreMode } = world.plan;
    world.cloud.restore(world.snapshots.at(-1) ?? NOTHING, restoreMode);
    if (world.cloud.wentBackUnsaid || world.hubs.some(({ ledger }) => ledger.cursor === null)) world.unnoticed = true;
    world.oddAnswers += 1;
    world.keptAnswers.clear();
    world.coverage.count(`cloud restore ${restoreMode}`);
  },
  "hub copy": async (world, hub) => {
    world.copies.set(hub.index, hub.copy());
  },
  "hub restore": async (world, hub, item) => {
    const copy = world.copies.get(hub.index);
    if (copy === undefined) return;
    hub.killAll();
    await world.scheduler.wait(null, "puts a copy back", { ready: () => hub.writer === null });
    await world.outside(async () => {
      await world.closeStores(hub);
      await hub.exchange(async () => {
        const backup = `${hub.path}.backup`;
        writeFileSync(backup, copy);
        const at = new Date(hub.wallMs()).toISOString();
        const { kept } = await restoreBackup({ backup, path: hub.path, epoch: world.newId(), at });
        for (const file of [backup, kept]) if (file !== null) rmSync(file, { force: true });
      });
    });
    world.coverage.count("hub restored");
    await world.scheduler.wait(null, "starts again", {
      dueMs: world.scheduler.nowMs + Math.floor(item.detail * 5_000),
    });
    if (hub.local === null) await hub.start();
  },
};

/** Before the cloud had anything. */
const NOTHING = { length: 0, newest: new Map(), captures: new Map() } as const;

/** One of the hub's workers at a moment at which it keeps nobody from writing. */
async function idleWorker(world: World, hub: Hub, item: Item): Promise<SyncWorker | null> {
  const worker = hub.workers[item.record % Math.max(1, hub.workers.length)];
  if (worker === undefined) return null;
  const ready = (): boolean => worker.process.dead || !worker.process.writes;
  await world.scheduler.wait(null, "looks for a worker", { ready });
  return worker.process.dead ? null : worker;
}
