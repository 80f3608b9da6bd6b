import { join } from "node:path";
import { probe } from "../probe.js";
import { askRedis, freePort, redisProgram, startRedis } from "../redis-server.js";
import type { Counts, Scenario, Scene } from "../scenario.js";
import { passTime, until } from "../until.js";
import { World } from "../world.js";

/** How long an edit may take to the cloud while Redis is in trouble: several intervals of the hub's own timer. */
const REACHES_MS = 15_000;
const COMES_BACK_MS = 60_000;
/** How long Redis hangs: longer than a command may take. */
const HANGS_MS = 5_000;

/** Redis dies, forgets, hangs and is not there, while people write. */
export const redis: Scenario = {
  name: "redis",
  what: "Redis killed, emptied, hanging, and absent at the start: edits reach the cloud, and the scheduler comes back",
  cyclesFor: (cycles) => Math.max(1, Math.round(cycles / 50)),
  cannot: () => (redisProgram() === null ? "There is no redis-server on this machine." : null),
  run,
};

async function run(scene: Scene): Promise<Counts> {
  const { cycles, short, story, say } = scene;
  const world = await World.open(scene);
  let slowest = 0;
  const reaches = async (why: string): Promise<void> => {
    story.tell(why);
    slowest = Math.max(slowest, await probe(world, REACHES_MS, why));
  };
  const comesBack = (why: string) =>
    until(
      `the scheduler to come back ${why}`,
      COMES_BACK_MS,
      async () => (await world.hub.sync()).scheduler === "bullmq",
    );
  try {
    await world.hub.start();
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      world.crowd({ atEachHub: 2, atCloud: 1, pauseMs: 100 });
      await comesBack("at the start");

      kill(world, "SIGKILL");
      await reaches("after Redis was killed");
      await comesBack("after Redis was killed");

      const socket = { path: join(world.hub.data, "redis/redis.sock") };
      const answer = await askRedis(socket, "FLUSHALL");
      if (answer !== "+OK") throw new Error(`Redis answered FLUSHALL with ${answer}`);
      await reaches("after Redis was emptied");
      await until("the job scheduler to be made again", COMES_BACK_MS, async () =>
        /^\*[1-9]/.test((await askRedis(socket, "KEYS *repeat*")) ?? ""),
      );
      await comesBack("after Redis was emptied");

      if (!short) {
        kill(world, "SIGSTOP");
        const hanging = passTime(HANGS_MS);
        await reaches("while Redis hangs");
        await hanging;
        kill(world, "SIGCONT");
        await comesBack("after Redis hung");
      }

      await absentAtTheStart(world, reaches, comesBack);
      await world.check();
      say(`redis: ${cycle} of ${cycles}: killed, emptied, hung, absent; slowest edit ${Math.round(slowest)} ms`);
    }
    return await world.finish(cycles, `slowest edit to the cloud in trouble ${Math.round(slowest)} ms`);
  } finally {
    await world.close();
  }
}

function kill({ hub }: World, signal: NodeJS.Signals): void {
  const servers = hub.processes("redis-server");
  if (servers.length === 0) throw new Error("the hub has no Redis");
  for (const pid of servers) process.kill(pid, signal);
}

/** The hub is started with the address of a server that comes later, and goes again. */
async function absentAtTheStart(
  world: World,
  reaches: (why: string) => Promise<void>,
  comesBack: (why: string) => Promise<unknown>,
): Promise<void> {
  const port = await freePort();
  await world.hub.end("SIGTERM");
  await world.hub.start({ GLUCOHUB_REDIS_URL: `redis://127.0.0.1:${port}` });
  await reaches("while Redis is absent from the start");
  const { scheduler } = await world.hub.sync();
  if (scheduler !== "timer") throw new Error(`without Redis the scheduler is called ${scheduler}`);
  const server = await startRedis(redisProgram() ?? "redis-server", port);
  try {
    await comesBack("when Redis comes late");
  } finally {
    await server.kill();
  }
  await reaches("after the late Redis went");
  await world.hub.end("SIGTERM");
  await world.hub.start();
}
