import { spawnSync } from "node:child_process";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Counts, Scenario, Scene } from "../scenario.js";
import { passTime, until } from "../until.js";
import { World } from "../world.js";

const DISK = "12m";
const FAULT_RATE = 0.05;

/** The disk under the data folder fills up while people write, and is cleared again. */
export const diskfull: Scenario = {
  name: "diskfull",
  what: "the data folder on a small disk that fills up while people write, also over a kill and a start; then there is room",
  cyclesFor: (cycles) => Math.max(1, Math.round(cycles / 40)),
  cannot: () => {
    if (process.platform !== "linux" || process.getuid?.() !== 0) return "Only root may mount a small disk here.";
    const probe = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
    return probe.status === 0 ? null : "No disk can be mounted here.";
  },
  run,
};

async function run(scene: Scene): Promise<Counts> {
  const { cycles, story, say } = scene;
  const world = await World.open(scene);
  const { hub, ledger, cloud } = world;
  const disk = hub.data;
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK},mode=0700`, "tmpfs", disk]).status !== 0)
    throw new Error("the small disk can't be mounted");
  const ballast = join(disk, "ballast");
  let starts = 0;
  try {
    await hub.start();
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      await cloud.setFaults(FAULT_RATE);
      world.crowd({ atEachHub: 3, atCloud: 1, pauseMs: 40 });
      await passTime(1_000);
      const before = full(world);
      fill(ballast);
      story.tell(`cycle ${cycle}: the disk is full`);
      await until("an entry to be refused", 60_000, () => {
        // What is freed meanwhile (Redis rewrites its file) is taken again.
        fill(ballast);
        return full(world) >= before + 5;
      });
      if (cycle % 2 === 1) {
        // A hub that dies now starts again, or says why it does not, and either way spoils nothing.
        await hub.end("SIGKILL");
        const { started: answering, output } = hub.launch();
        const started = await Promise.race([answering, passTime(10_000).then(() => false)]);
        story.tell(
          `cycle ${cycle}: killed on the full disk; ${started ? "it started" : `it did not start: ${output()}`}`,
        );
        if (started) starts += 1;
        await passTime(1_000);
        await hub.end("SIGKILL");
        rmSync(ballast);
        await hub.start();
      } else {
        await passTime(1_500);
        rmSync(ballast);
      }
      const acknowledged = ledger.count(hub.name);
      await until("entries to be taken again", 30_000, () => ledger.count(hub.name) > acknowledged + 10);
      await world.check();
      say(`diskfull: ${cycle} of ${cycles}: ${full(world)} entries refused so far, the others are there`);
    }
    const refused = full(world);
    return await world.finish(cycles, `${refused} entries refused for want of room, ${starts} starts on a full disk`);
  } finally {
    await world.close();
    spawnSync("umount", ["-l", disk]);
  }
}

/** How many changes were refused for want of room. */
function full({ ledger }: World): number {
  return ledger.refused.filter(({ status }) => status === 507).length;
}

/** Fills the disk to its last byte. */
function fill(file: string): void {
  for (const size of [1_048_576, 65_536, 4_096, 1]) {
    for (;;) {
      try {
        appendFileSync(file, Buffer.alloc(size));
      } catch {
        break;
      }
      if (size === 1) break;
    }
  }
}
