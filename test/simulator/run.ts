import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { actOnMachines } from "./chaos.js";
import { finish } from "./finish.js";
import { actInCloud } from "./people-cloud.js";
import { actAtHub } from "./people-hub.js";
import { CHAOS_ACTS, CLOUD_ACTS, type Item, type Plan } from "./plan.js";
import { drained } from "./scheduler.js";
import type { Templates } from "./templates.js";
import type { Trace } from "./trace.js";
import { type Invariant, Violation } from "./violation.js";
import { World } from "./world.js";

/** What a run came to. */
export interface Outcome {
  /** Stands for every step of the run, its facts and its order. */
  readonly hash: string;
  readonly steps: number;
  /** The promise that was broken; null if none was. */
  readonly broken: { readonly invariant: Invariant; readonly detail: string } | null;
  readonly counts: Readonly<Record<string, number>>;
  /** What happened, as lines, where they were asked for. */
  readonly trace: Trace;
}

/** Carries out a plan from its beginning to rest, and holds it against the invariants. */
export async function run(plan: Plan, templates: Templates, verbose = false): Promise<Outcome> {
  const paths = Array.from({ length: plan.hubs }, (_, hub) => join(templates.folder, `hub-${hub}.db`));
  for (const [hub, path] of paths.entries()) {
    removeStore(path);
    copyFileSync(templates.paths[hub] ?? "", path);
  }
  const world = new World(plan, paths, verbose);
  let broken: Outcome["broken"] = null;
  try {
    for (const hub of world.hubs) world.launch(() => hub.start());
    for (const who of new Set(plan.items.map((item) => item.who)))
      world.launch(() =>
        live(
          world,
          plan.items.filter((item) => item.who === who),
        ),
      );
    await world.until(() => world.flows === 0);
    await finish(world);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    world.break(error);
  } finally {
    if (world.violation !== null) broken = { invariant: world.violation.invariant, detail: world.violation.message };
    await end(world);
    for (const path of paths) removeStore(path);
  }
  const { trace, scheduler, coverage } = world;
  return { hash: trace.hash(), steps: scheduler.steps, broken, counts: coverage.toJSON(), trace };
}

/** Somebody does one thing after the other. */
async function live(world: World, items: readonly Item[]): Promise<void> {
  for (const item of items) {
    const dueMs = world.scheduler.nowMs + item.afterMs;
    await world.scheduler.wait(null, `${item.who} rests`, { dueMs });
    const hub = world.hubs[item.hub];
    if (hub === undefined || world.over) continue;
    if ((CLOUD_ACTS as readonly string[]).includes(item.act)) await actInCloud(world, item);
    else if ((CHAOS_ACTS as readonly string[]).includes(item.act)) await actOnMachines(world, hub, item);
    else await actAtHub(world, hub, item);
  }
}

async function end(world: World): Promise<void> {
  world.over = true;
  for (const hub of world.hubs) hub.killAll();
  await drained();
  await world.closeStores(null);
  for (const hub of world.hubs) hub.close();
}

function removeStore(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}
