import type { Hub } from "./hub.js";
import { checkFates } from "./invariants/fates.js";
import type { RecordLedger } from "./ledger.js";
import { isBrokenContent } from "./readings.js";
import type { SyncWorker } from "./sync-worker.js";
import { Violation } from "./violation.js";
import type { World } from "./world.js";

/** How many rounds at every hub, one after the other, may pass before all sides are equal. */
const MOST_CYCLES = 5;
/** How often a round may find the lease in a dead worker's hands (60 s at most, a try every 10 s). */
const MOST_WAITS = 12;

/** Longer than hub and cloud go without comparing, by a clock that may have gone back an hour. */
const DAYS_MS = 2 * 86_400_000;

/** Brings the run to rest, and holds what it comes to against the invariants. Throws a Violation. */
export async function finish(world: World): Promise<void> {
  await calmDown(world);
  await converge(world, world.unnoticed ? null : MOST_CYCLES);
  if (world.unnoticed) {
    // What one hub brings back another one may not be told of before it compares as well.
    for (const _ of world.hubs) await compareAll(world);
    await converge(world, MOST_CYCLES);
  }
  await stayQuiet(world);
  for (const hub of world.hubs) checkHub(world, hub);
  checkAnswers(world);
}

/** Faults and edits are over; everything that is under way arrives; every hub is up with one worker. */
async function calmDown(world: World): Promise<void> {
  world.calm = true;
  world.cloud.calm = true;
  await world.until(() => world.flows === 0);
  for (const hub of world.hubs) {
    for (const worker of hub.workers) worker.process.stalledUntil = 0;
    // Who wakes now with an old lease must still do no harm.
    const { nowMs } = world.scheduler;
    let passed = false;
    void world.scheduler.wait(null, "lets them wake", { dueMs: nowMs + 1_000 }).then(() => {
      passed = true;
    });
    await world.until(() => passed && world.flows === 0);
    for (const worker of hub.workers.slice(1)) hub.kill(worker.process);
    if (hub.local === null) throw new Violation("I14", `${hub.name} is not up again`);
    if (hub.workers.length === 0) hub.startWorker();
    await world.until(() => hub.workers[0]?.engine != null);
  }
}

/** Round after round at each hub until all are equal; no matter whether they become so where `most` is null. */
async function converge(world: World, most: number | null): Promise<void> {
  let waits = 0;
  for (let cycle = 0; cycle < (most ?? 1); cycle += 1) {
    for (const hub of world.hubs) {
      for (;;) {
        const problem = await roundOf(world, workerOf(hub));
        if (problem === null) break;
        // Another's lease runs out, or a round that was under way before the calm fails.
        waits += 1;
        if (waits > MOST_WAITS) throw new Violation("I7", `${hub.name} does not get well: ${problem}`);
        await pass(world, 10_000);
      }
    }
    if (differenceOf(world) !== null) continue;
    world.coverage.count(`equal after ${cycle + 1}`);
    return;
  }
  if (most !== null) throw new Violation("I7", `after ${most} rounds: ${differenceOf(world)}`);
}

/**
 * A cloud that went back without a hub being told is found out by the daily comparison; where it tells no digest, by a
 * full one that somebody asks for.
 */
async function compareAll(world: World): Promise<void> {
  for (const hub of world.hubs) {
    // The time passes on the wall clock only: every round of it would be a quiet one.
    hub.clockErrorMs += DAYS_MS;
    const problem = await roundOf(world, workerOf(hub), !world.plan.digest);
    if (problem !== null) throw new Violation("I7", `${hub.name}: a comparison ended with ${problem}`);
  }
}

/** One more round at each hub: no push, no state, no number changes. */
async function stayQuiet(world: World): Promise<void> {
  for (const hub of world.hubs) {
    const before = standing(hub);
    const pushes = world.coverage.counts.get("request POST") ?? 0;
    const states = world.cloud.log.length;
    const problem = await roundOf(world, workerOf(hub));
    if (problem !== null) throw new Violation("I8", `${hub.name}: a quiet round ended with ${problem}`);
    if ((world.coverage.counts.get("request POST") ?? 0) !== pushes)
      throw new Violation("I8", `${hub.name} pushed although nothing had changed`);
    if (world.cloud.log.length !== states || standing(hub) !== before)
      throw new Violation("I8", `${hub.name}: a quiet round changed something`);
  }
  const difference = differenceOf(world);
  if (difference !== null) throw new Violation("I8", difference);
}

/** Rings for one round and lets it happen; the code of the problem that it ended with. */
async function roundOf(world: World, worker: SyncWorker, full = false): Promise<string | null> {
  const ended: { problem: string | null; yes: boolean } = { problem: null, yes: false };
  void worker.ring("calm", true, full).then((problem) => {
    ended.problem = problem;
    ended.yes = true;
  });
  await world.until(() => ended.yes);
  return ended.problem;
}

async function pass(world: World, ms: number): Promise<void> {
  let passed = false;
  void world.scheduler.wait(null, "waits", { dueMs: world.scheduler.nowMs + ms }).then(() => {
    passed = true;
  });
  await world.until(() => passed);
}

function workerOf(hub: Hub): SyncWorker {
  const [worker] = hub.workers;
  if (worker === undefined) throw new Violation("I14", `${hub.name} has no worker`);
  return worker;
}

function standing(hub: Hub): string {
  hub.ledger.look();
  return JSON.stringify([...hub.ledger.records.values()].map(({ id, now, own }) => [id, now, own.length]));
}

/**
 * In what the sides differ, null if in nothing. A change that the cloud refuses for good stays at the hub, and what is
 * no record stays in the cloud: the hub keeps it aside, and its own state of that record as it was.
 */
function differenceOf(world: World): string | null {
  for (const hub of world.hubs) {
    for (const [id, { now }] of hub.ledger.records) {
      if (now === null) continue;
      const state = world.cloud.records.get(id);
      const name = `${world.nameOf(id)} at ${hub.name}`;
      if (now.rejectedVersion === now.version && now.version > now.versionSynced) {
        // What others made of it since is here all the same.
        if (state === undefined || now.rev === state.rev || isBrokenContent(state)) continue;
        return `${name} was refused and has rev ${now.rev}, the cloud ${state.rev}`;
      }
      if (state === undefined) return `${name} is not in the cloud`;
      if (isBrokenContent(state)) continue;
      if (now.content.text !== state.text) return `${name} is ${now.content.text}, the cloud has ${state.text}`;
      if (now.version > now.versionSynced) return `${name} has version ${now.version}, synced ${now.versionSynced}`;
      if (now.rev !== state.rev) return `${name} has rev ${now.rev}, the cloud ${state.rev}`;
    }
    for (const [id, state] of world.cloud.records) {
      if (hub.ledger.records.get(id)?.now != null) continue;
      if (isBrokenContent(state) && hub.ledger.revs.has(state.rev)) continue;
      return `${world.nameOf(id)} is not at ${hub.name}`;
    }
  }
  return null;
}

function checkHub(world: World, hub: Hub): void {
  for (const [id, record] of hub.ledger.records) {
    if (!world.known.has(id)) throw new Violation("I6", `${hub.name} has a record that nobody made: ${id}`);
    // Where the cloud went back unnoticed and somebody there changed what it had gone back to, nobody can tell.
    if (record.now !== null && !world.cloud.wentBackSilently)
      world.coverage.count("fates", checkFates(record, othersOf(world, hub, id), world.cloud, world.unnoticed));
  }
  for (const id of world.cloud.records.keys())
    if (!world.known.has(id)) throw new Violation("I6", `the cloud has a record that nobody made: ${id}`);
}

function othersOf(world: World, hub: Hub, id: string): RecordLedger[] {
  return world.hubs.filter((other) => other !== hub).flatMap((other) => other.ledger.records.get(id) ?? []);
}

/** What was answered for stands in the history, unless the store was put back since; and captures reached the cloud. */
function checkAnswers(world: World): void {
  for (const { hub, life, id, text } of world.answers) {
    if (hub.ledger.lives !== life) continue;
    const states = hub.ledger.records.get(id)?.own ?? [];
    if (!states.some(({ content }) => content.text === text))
      throw new Violation("I12", `${hub.name} answered for ${text} of ${world.nameOf(id)}`);
  }
  // A cloud that went back unsaid has lost captures that no comparison covers.
  if (!world.plan.captures || world.unnoticed) return;
  for (const { hub, life, id } of world.captures) {
    if (hub.ledger.lives === life && !world.cloud.captures.has(id))
      throw new Violation("I1", `capture ${id} of ${hub.name} is not in the cloud`);
  }
}
