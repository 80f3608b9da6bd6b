import { pathToFileURL } from "node:url";
import { MOMENTS } from "../cloud-messages.js";
import { soakProgram } from "../cloud-under-test.js";
import type { Counts, Scenario, Scene } from "../scenario.js";
import { passTime, until } from "../until.js";
import { World } from "../world.js";

/** Longer than BullMQ's lock on a job lasts (its `lockDuration`, 30 s by default), milliseconds. */
const BLOCK_MS = 32_000;
const FAULT_RATE = 0.05;

/** The hub stands still for longer than its queue's lock on a job lasts. */
export const block: Scenario = {
  name: "block",
  what: "the hub's event loop, or the whole hub, stands still for longer than the queue's lock on a job: nothing is lost",
  cyclesFor: (cycles) => (cycles < 40 ? 1 : 4),
  cannot: () => null,
  run,
};

async function run(scene: Scene): Promise<Counts> {
  const { cycles, random, story, say } = scene;
  const world = await World.open(scene, ["hub-a"], {
    NODE_OPTIONS: `--import=${pathToFileURL(soakProgram("block-loop")).href}`,
    SOAK_BLOCK_MS: String(BLOCK_MS),
  });
  const { hub, cloud } = world;
  try {
    await hub.start();
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      await until("the scheduler to ring", 30_000, async () => (await hub.sync()).scheduler === "bullmq");
      await cloud.setFaults(FAULT_RATE);
      world.crowd({ atEachHub: 2, atCloud: 1, pauseMs: 100 });
      await passTime(1_000);
      // In the middle of a request, so that a job is under way when the loop stops.
      const moment = random.pick(MOMENTS);
      const whole = cycle % 2 === 0;
      const signal = whole ? "SIGSTOP" : "SIGUSR2";
      story.tell(`cycle ${cycle}: ${whole ? "the whole hub" : "its event loop"} stands still from ${moment}`);
      await new Promise<void>((resolve) => {
        void cloud.arm({ pid: hub.pid ?? 0, signal, moment, skip: 0, hold: false }, () => resolve());
      });
      await passTime(BLOCK_MS);
      if (whole) hub.signal("SIGCONT");
      const before = world.ledger.count(hub.name);
      await until("the hub to take changes again", 30_000, () => world.ledger.count(hub.name) > before + 5);
      await until("the scheduler to ring again", 60_000, async () => (await hub.sync()).scheduler === "bullmq");
      await world.check();
      say(`block: ${cycle} of ${cycles}: ${whole ? "the whole hub" : "its event loop"} stood still, all is there`);
    }
    return await world.finish(cycles, `each ${BLOCK_MS / 1_000} s`);
  } finally {
    await world.close();
  }
}
