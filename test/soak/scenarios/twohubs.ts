import { sampleExport } from "../../../drivers/healthkit/simulator.js";
import { ask, readCloud } from "../facts.js";
import { plugMeterIn } from "../meter.js";
import type { Counts, Scenario, Scene } from "../scenario.js";
import { passTime, until } from "../until.js";
import { World } from "../world.js";

const READINGS = 25;
const FAULT_RATE = 0.08;

/** Two hubs with one cloud read the same meter and the same export; a second hub on one data folder is refused. */
export const twohubs: Scenario = {
  name: "twohubs",
  what: "two hubs with one cloud that read the same meter and the same export under edits; a second hub on one data folder",
  cyclesFor: (cycles) => Math.max(1, Math.round(cycles / 40)),
  cannot: () => null,
  run,
};

async function run(scene: Scene): Promise<Counts> {
  const { cycles, story, say, seed } = scene;
  const world = await World.open(scene, ["hub-a", "hub-b"]);
  const meters: { unplug(): Promise<void> }[] = [];
  try {
    await Promise.all(world.hubs.map((hub) => hub.start()));
    await world.cloud.setFaults(FAULT_RATE);
    const serials: string[] = [];
    let imported = 0;
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      world.crowd({ atEachHub: 2, atCloud: 1, pauseMs: 80 });
      const meter = await plugMeterIn({
        portsDirs: world.hubs.map(({ data }) => `${data}/ports`),
        count: READINGS,
        seed: seed + cycle,
      });
      meters.push(meter);
      serials.push(meter.serial);
      const text = sampleExport({
        seed: seed + cycle,
        days: 2,
        endMs: Date.UTC(2026, 1, 1 + 3 * cycle),
        zone: "Europe/London",
      });
      const taken = await Promise.all(world.hubs.map((hub) => hub.import(text)));
      if (taken.includes(null)) throw new Error("an export was refused");
      await refuseSecond(world);
      story.tell(`cycle ${cycle}: meter ${meter.serial} and an export at both hubs, a second hub refused`);
      for (const hub of world.hubs)
        await until(
          `${hub.name} to have read ${meter.serial}`,
          60_000,
          async () => (await countOf(hub.path, meter.serial)) === READINGS,
        );
      // Both know what they read; now people change it on both.
      world.known.push(...(await idsOf(world.hub.path, meter.serial)));
      await passTime(1_500);
      await world.check();
      const cloud = await readCloud(world.cloud.path);
      const exported = [...cloud.records.values()].filter(({ chain }) =>
        /healthkit/.test(chain[0]?.measured ?? ""),
      ).length;
      if (exported <= imported) throw new Error("nothing of the export has arrived");
      imported = exported;
      await world.cloud.setFaults(FAULT_RATE);
      say(`twohubs: ${cycle} of ${cycles}: three sides equal, ${cloud.records.size} records`);
    }
    for (const hub of world.hubs)
      for (const serial of serials) {
        const count = await countOf(hub.path, serial);
        if (count !== READINGS)
          throw new Error(`${hub.name} has ${count} records of a meter with ${READINGS} readings`);
      }
    for (const meter of meters.splice(0)) await meter.unplug();
    return await world.finish(cycles, `${serials.length} meters and exports read twice, ${cycles} second hubs refused`);
  } finally {
    for (const meter of meters) await meter.unplug();
    await world.close();
  }
}

/** A second hub on the first one's folder ends with a sentence; the first one goes on, with the Redis that it had. */
async function refuseSecond({ hub }: World): Promise<void> {
  const before = hub.processes("redis-server");
  const { status, stderr } = await hub.command("start", "--port", "0");
  if (status !== 1 || !/Another hub is running on /.test(stderr))
    throw new Error(`a second hub on ${hub.data} ended with ${status}: ${stderr}`);
  const after = hub.processes("redis-server");
  if (before.join() !== after.join())
    throw new Error(`the second hub disturbed Redis: ${before.join()} became ${after.join()}`);
  await hub.sync();
}

async function countOf(path: string, serial: string): Promise<number> {
  return (await idsOf(path, serial)).length;
}

async function idsOf(path: string, serial: string): Promise<string[]> {
  const rows = await ask(path, `SELECT id FROM records WHERE json_extract(fields, '$.serial') = '${serial}'`);
  return rows.map((row) => String(row["id"]));
}
