import { MOMENTS, type Moment } from "../cloud-messages.js";
import type { Counts, Scenario, Scene } from "../scenario.js";
import { passTime } from "../until.js";
import { World } from "../world.js";

/** How often something goes wrong with a request. */
const FAULT_RATE = 0.12;
/** Latest random moment of a kill: after the start of the process, or after its first answer, milliseconds. */
const LATEST_MS = 4_000;
/** So many pushes, or pulls, may pass before one is struck. */
const MOST_PASSING = 12;
/** How long a kill at a request may be waited for before it is done by hand. */
const REQUEST_MS = 8_000;
/** How often everything is compared on the way. */
const CHECK_EVERY = 25;

/** The hub dies by `kill -9` again and again while everybody writes. */
export const kill9: Scenario = {
  name: "kill9",
  what: "kill -9 of the hub at random moments, in pushes and in pulls, under edits on both sides and faults",
  cyclesFor: (cycles) => cycles,
  cannot: () => null,
  run,
};

async function run(scene: Scene): Promise<Counts> {
  const { random, cycles, story, say } = scene;
  const world = await World.open(scene);
  const kills = { starting: 0, push: 0, pull: 0, elsewhere: 0 };
  try {
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      if (cycle % CHECK_EVERY === 1) {
        await world.cloud.setFaults(FAULT_RATE);
        world.crowd({ atEachHub: 4, atCloud: 1, pauseMs: 100 });
      }
      const where = await killOnce(
        world,
        random.chance(0.6) ? random.pick(MOMENTS) : null,
        random.int(LATEST_MS),
        random.int(MOST_PASSING),
      );
      kills[where] += 1;
      story.tell(`cycle ${cycle}: killed (${where}); ${world.ledger.count()} acknowledged so far`);
      if (cycle % CHECK_EVERY === 0 || cycle === cycles) {
        await world.hub.start();
        await world.check();
        say(
          `kill9: ${cycle} of ${cycles} kills, ${world.ledger.count()} changes acknowledged by the hub, ${world.ledger.count("cloud")} by the cloud, all there`,
        );
        if (cycle < cycles) await world.hub.end("SIGKILL");
      }
    }
    const where = `${kills.starting} killed while starting, ${kills.push} in a push, ${kills.pull} in a pull, ${kills.elsewhere} elsewhere`;
    return await world.finish(cycles, where);
  } finally {
    await world.close();
  }
}

/** Starts the hub and kills it, at a moment of a request or after some time; where it was struck. */
async function killOnce(
  { hub, cloud }: World,
  moment: Moment | null,
  afterMs: number,
  skip: number,
): Promise<"starting" | "push" | "pull" | "elsewhere"> {
  const { started } = hub.launch();
  if (moment === null) {
    const answering = await Promise.race([started, passTime(afterMs).then(() => null)]);
    if (answering === true) await passTime(afterMs);
    await hub.end("SIGKILL");
    return answering === true ? "elsewhere" : "starting";
  }
  const { pid } = hub;
  if (pid === null) throw new Error("the hub has no process");
  const struck = new Promise<Moment>((resolve) => {
    void cloud.arm({ pid, signal: "SIGKILL", moment, skip, hold: false }, resolve);
  });
  const where = await Promise.race([struck, passTime(REQUEST_MS).then(() => null)]);
  await cloud.arm(null);
  await hub.end("SIGKILL");
  return where === null ? "elsewhere" : where.startsWith("push") ? "push" : "pull";
}
