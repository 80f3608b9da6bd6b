import { ask } from "../facts.js";
import type { Counts, Scenario, Scene } from "../scenario.js";
import { until } from "../until.js";
import { World } from "../world.js";

/** Connections that edit as fast as they are answered. */
const STORMERS = 6;
/** How long the pull may take while the storm goes on: it must end, whatever people do. */
const PULL_MS = 180_000;

/** People edit as fast as HTTP goes while some thousand changes come from the cloud. */
export const storm: Scenario = {
  name: "storm",
  what: "edits as fast as HTTP goes during a pull of some thousand changes: the pull ends while the storm goes on",
  cyclesFor: (cycles) => (cycles < 40 ? 1 : 3),
  cannot: () => null,
  run,
};

async function run(scene: Scene): Promise<Counts> {
  const { cycles, short, story, say } = scene;
  const size = short ? 1_000 : 4_000;
  const world = await World.open(scene);
  const { hub, cloud, ledger } = world;
  const took: number[] = [];
  try {
    await hub.start();
    await cloud.order({ type: "fill", count: size });
    await world.settle();
    const rows = await ask(hub.path, "SELECT id FROM records");
    world.known.push(...rows.map((row) => String(row["id"])));
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      const before = ledger.count(hub.name);
      world.crowd({ atEachHub: STORMERS, atCloud: 0, pauseMs: 0 });
      await until("the storm to rise", 20_000, () => ledger.count(hub.name) > before + 50);
      const text = `bulk.${cycle}.`;
      const changed = await cloud.order({ type: "bulk", count: size, text });
      const begun = performance.now();
      const atBegin = ledger.count(hub.name);
      const sql = `SELECT count(DISTINCT record) AS count FROM history WHERE json_extract(fields, '$.patient') GLOB '${text}*'`;
      await until(
        `all ${changed} changes of the cloud to be here`,
        PULL_MS,
        async () => Number((await ask(hub.path, sql))[0]?.["count"]) >= changed,
      );
      took.push(performance.now() - begun);
      const during = ledger.count(hub.name) - atBegin;
      if (during < 20) throw new Error(`there was no storm: ${during} edits during the pull`);
      story.tell(`cycle ${cycle}: ${changed} changes pulled in ${took.at(-1)} ms during ${during} edits`);
      await world.check();
      say(
        `storm: ${cycle} of ${cycles}: ${changed} changes pulled in ${Math.round(took.at(-1) ?? 0)} ms during ${during} edits`,
      );
    }
    return await world.finish(
      cycles,
      `${size} changes pulled in at most ${Math.round(Math.max(...took))} ms each time`,
    );
  } finally {
    await world.close();
  }
}
