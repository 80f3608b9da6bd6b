import { afterEach, describe, expect, test, vi } from "vitest";
import { type PrivateRedis, privateRedis, redisProgram } from "../../../test/helpers/private-redis.js";
import { type Log, silentLog } from "../../domain/clock.js";
import { systemClock } from "../../kit/system-clock.js";
import { type Schedule, type ScheduleOptions, startSchedule } from "./schedule.js";

interface Ring {
  readonly why: string;
  readonly at: number;
}

const program = redisProgram();
const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** A schedule that keeps its rings. */
function start(options: Partial<ScheduleOptions>): { schedule: Schedule; rings: Ring[]; whys: () => string[] } {
  const rings: Ring[] = [];
  const schedule = startSchedule({
    redis: null,
    everyMs: 200,
    log: silentLog,
    clock: systemClock,
    prefix: "test",
    ring: async (why) => void rings.push({ why, at: performance.now() }),
    ...options,
  });
  opened.push(schedule);
  return { schedule, rings, whys: () => rings.map((ring) => ring.why) };
}

async function redis(persistent: boolean): Promise<PrivateRedis> {
  const server = privateRedis(program ?? "", persistent);
  opened.push({ close: () => server.dispose() });
  return server;
}

const soon = { timeout: 8_000, interval: 5 };

/** Milliseconds from a nudge to the first ring that begins after it, whatever rings it. */
async function nudged(schedule: Schedule, rings: Ring[]): Promise<number> {
  const before = rings.length;
  const at = performance.now();
  schedule.nudge();
  await vi.waitFor(() => expect(rings.length).toBeGreaterThan(before), soon);
  return (rings[before]?.at ?? Number.NaN) - at;
}

/** Rounds of which each begins with a change: thirty must follow one another, though the next tick is far away. */
async function expectEveryNudgeFollowed(place: ScheduleOptions["redis"]): Promise<void> {
  let rounds = 0;
  const { schedule } = start({
    redis: place,
    everyMs: 3_600_000,
    ring: async () => {
      rounds += 1;
      if (rounds > 1 && rounds <= 30) schedule.nudge();
      await systemClock.sleep(rounds % 3);
    },
  });
  if (place !== null) await vi.waitFor(() => expect(schedule.state()).toBe("bullmq"), soon);
  schedule.nudge();
  await vi.waitFor(() => expect(rounds).toBeGreaterThan(30), soon);
}

describe("without Redis", () => {
  test("the timer rings at the start and then every interval", async () => {
    const { schedule, rings, whys } = start({ everyMs: 100 });
    expect(whys()).toEqual(["start"]);
    await vi.waitFor(() => expect(rings.length).toBeGreaterThanOrEqual(5), soon);
    expect(whys().slice(0, 5)).toEqual(["start", "timer", "timer", "timer", "timer"]);
    expect((rings[4]?.at ?? 0) - (rings[0]?.at ?? 0)).toBeGreaterThan(380);
    expect(schedule.state()).toBe("timer");
  });

  test("a nudge rings long before the interval is over, and a burst of a thousand rings once", async () => {
    const { schedule, rings, whys } = start({ everyMs: 60_000 });
    const delays: number[] = [];
    for (let turn = 0; turn < 15; turn += 1) delays.push(await nudged(schedule, rings));
    expect(delays).toHaveLength(15);
    const before = rings.length;
    for (let turn = 0; turn < 1_000; turn += 1) schedule.nudge();
    await nudged(schedule, rings);
    expect(whys().slice(before)).toEqual(["nudge"]);
  });

  test("a nudge during a round is followed by a round that begins after it", async () => {
    const begun: string[] = [];
    let end: () => void = () => undefined;
    const { schedule } = start({
      everyMs: 60_000,
      ring: (why) => {
        begun.push(why);
        return new Promise((resolve) => {
          end = resolve;
        });
      },
    });
    for (let turn = 0; turn < 20; turn += 1) schedule.nudge();
    await systemClock.sleep(30);
    expect(begun).toEqual(["start"]);
    end();
    await vi.waitFor(() => expect(begun).toEqual(["start", "nudge"]), soon);
    end();
  });

  test("a nudge that comes as a round begins is followed by another round, every time", async () => {
    await expectEveryNudgeFollowed(null);
  });

  test("no ring begins after close, and close waits for the running one", async () => {
    let ended = false;
    const { schedule, rings } = start({
      ring: async () => {
        await systemClock.sleep(60);
        ended = true;
      },
    });
    schedule.nudge();
    await schedule.close();
    expect(ended).toBe(true);
    schedule.nudge();
    await systemClock.sleep(30);
    expect(rings).toEqual([]);
  });

  test("an address where nobody listens is as good as none, and close does not wait for it", async () => {
    const { schedule, rings } = start({ redis: { url: "redis://127.0.0.1:1" }, everyMs: 100 });
    await vi.waitFor(() => expect(rings.length).toBeGreaterThanOrEqual(3), soon);
    await nudged(schedule, rings);
    const at = performance.now();
    await schedule.close();
    expect(performance.now() - at).toBeLessThan(soon.timeout);
  });
});

describe.skipIf(program === null)("with Redis", () => {
  test("BullMQ rings every interval", async () => {
    const server = await redis(false);
    await server.start();
    const { schedule, whys } = start({ redis: { path: server.socket }, everyMs: 100 });
    await vi.waitFor(() => expect(whys().filter((why) => why === "tick").length).toBeGreaterThan(3), soon);
    expect(schedule.state()).toBe("bullmq");
    expect(whys().slice(whys().indexOf("tick"))).not.toContain("timer");
  });

  test("a nudge comes through Redis and rings long before the interval is over", async () => {
    const server = await redis(false);
    await server.start();
    const { schedule, rings, whys } = start({ redis: { path: server.socket }, everyMs: 60_000 });
    await vi.waitFor(() => expect(whys()).toContain("tick"), soon);
    const before = Number(await server.command("GET", "test:sync:id"));
    const delays: number[] = [];
    for (let turn = 0; turn < 15; turn += 1) delays.push(await nudged(schedule, rings));
    expect(delays).toHaveLength(15);
    expect(whys().slice(-15)).toEqual(Array(15).fill("nudge"));
    // That they came by Redis and not by hand: it counted their jobs.
    expect(Number(await server.command("GET", "test:sync:id")) - before).toBe(15);
  });

  test("a nudge that comes as a round begins is followed by another round through Redis too, every time", async () => {
    const server = await redis(false);
    await server.start();
    await expectEveryNudgeFollowed({ path: server.socket });
  });

  test("nudges during a round that Redis rang give one more round, not one each", async () => {
    const server = await redis(false);
    await server.start();
    const begun: string[] = [];
    let hold = false;
    let end: () => void = () => undefined;
    const { schedule } = start({
      redis: { path: server.socket },
      everyMs: 60_000,
      ring: (why) => {
        begun.push(why);
        if (!hold) return Promise.resolve();
        return new Promise((resolve) => {
          end = resolve;
        });
      },
    });
    await vi.waitFor(() => expect(begun).toContain("tick"), soon);
    hold = true;
    const before = begun.length;
    schedule.nudge();
    await vi.waitFor(() => expect(begun.length).toBe(before + 1), soon);
    for (let turn = 0; turn < 20; turn += 1) {
      schedule.nudge();
      await systemClock.sleep(10);
    }
    hold = false;
    end();
    await vi.waitFor(() => expect(begun.length).toBe(before + 2), soon);
    await systemClock.sleep(400);
    expect(begun.slice(before)).toEqual(["nudge", "nudge"]);
  });

  test("a server that comes late takes over from the timer", async () => {
    const server = await redis(false);
    const { schedule, rings, whys } = start({ redis: { path: server.socket }, everyMs: 100 });
    await vi.waitFor(() => expect(whys()).toContain("timer"), soon);
    await nudged(schedule, rings);
    await server.start();
    await vi.waitFor(() => expect(schedule.state()).toBe("bullmq"), soon);
    await vi.waitFor(() => expect(whys().slice(-3)).toEqual(["tick", "tick", "tick"]), soon);
  });

  for (const persistent of [true, false]) {
    const how = persistent ? "that keeps its data" : "that loses all its data";
    test(`killing a server ${how} hands over to the timer; its return hands back`, async () => {
      const server = await redis(persistent);
      await server.start();
      const { schedule, rings, whys } = start({ redis: { path: server.socket }, everyMs: 100 });
      await vi.waitFor(() => expect(schedule.state()).toBe("bullmq"), soon);
      for (let round = 0; round < 2; round += 1) {
        await server.signal("SIGKILL");
        await vi.waitFor(() => expect(schedule.state()).toBe("timer"), soon);
        const before = rings.length;
        await vi.waitFor(() => expect(whys().slice(before)).toContain("timer"), soon);
        await nudged(schedule, rings);
        await server.start();
        await vi.waitFor(() => expect(schedule.state()).toBe("bullmq"), soon);
        const after = rings.length;
        await vi.waitFor(
          () =>
            expect(
              whys()
                .slice(after)
                .filter((why) => why === "tick").length,
            ).toBeGreaterThan(2),
          soon,
        );
        await nudged(schedule, rings);
      }
    });
  }

  test("after FLUSHALL the scheduler comes back by itself, and nothing is missed meanwhile", async () => {
    const server = await redis(false);
    await server.start();
    const { schedule, rings, whys } = start({ redis: { path: server.socket }, everyMs: 100 });
    await vi.waitFor(() => expect(schedule.state()).toBe("bullmq"), soon);
    for (let round = 0; round < 3; round += 1) {
      await server.command("FLUSHALL");
      const before = rings.length;
      await nudged(schedule, rings);
      await vi.waitFor(
        () =>
          expect(
            whys()
              .slice(before)
              .filter((why) => why === "tick").length,
          ).toBeGreaterThan(2),
        soon,
      );
      expect(schedule.state()).toBe("bullmq");
    }
  });

  test("a server that hangs hands over to the timer; its waking hands back", async () => {
    const server = await redis(false);
    await server.start();
    const { schedule, rings, whys } = start({ redis: { path: server.socket }, everyMs: 100 });
    await vi.waitFor(() => expect(schedule.state()).toBe("bullmq"), soon);
    await server.signal("SIGSTOP");
    await nudged(schedule, rings);
    await vi.waitFor(() => expect(schedule.state()).toBe("timer"), soon);
    const before = rings.length;
    await vi.waitFor(
      () =>
        expect(
          whys()
            .slice(before)
            .filter((why) => why === "timer").length,
        ).toBeGreaterThan(2),
      soon,
    );
    await server.signal("SIGCONT");
    await vi.waitFor(() => expect(schedule.state()).toBe("bullmq"), soon);
  });

  test("an interval changed between two starts holds after the second", async () => {
    const server = await redis(true);
    await server.start();
    const slow = start({ redis: { path: server.socket }, everyMs: 3_600_000 });
    await vi.waitFor(() => expect(slow.whys()).toContain("tick"), soon);
    await slow.schedule.close();
    const quick = start({ redis: { path: server.socket }, everyMs: 100 });
    await vi.waitFor(() => expect(quick.schedule.state()).toBe("bullmq"), soon);
    await vi.waitFor(() => expect(quick.whys().filter((why) => why === "tick").length).toBeGreaterThan(3), soon);
  });

  test("a nudge that a killed hub left in Redis does not hold back the next hub's nudges", async () => {
    const server = await redis(true);
    await server.start();
    const dead = start({ redis: { path: server.socket }, everyMs: 60_000, ring: () => new Promise(() => undefined) });
    await vi.waitFor(async () => expect(await server.command("EXISTS", "test:sync:repeat")).toBe(1), soon);
    // What a process killed in the middle of a nudge's job leaves: the key that says that one is under way.
    await server.command("SET", "test:sync:de:nudge", "17");
    await server.command("HSET", "test:sync:17", "name", "nudge", "data", "{}");
    await server.command("LPUSH", "test:sync:active", "17");
    const { schedule, rings, whys } = start({ redis: { path: server.socket }, everyMs: 60_000 });
    await vi.waitFor(async () => expect(await server.command("EXISTS", "test:sync:de:nudge")).toBe(0), soon);
    await nudged(schedule, rings);
    expect(whys().at(-1)).toBe("nudge");
    expect(dead.rings).toEqual([]);
    void dead.schedule.close();
    opened.splice(opened.indexOf(dead.schedule), 1);
  });

  test("close waits for the running round while Redis is there, and not for Redis once it is gone", async () => {
    const server = await redis(false);
    await server.start();
    let ended = 0;
    const first = start({
      redis: { path: server.socket },
      everyMs: 100,
      ring: async (why) => {
        await systemClock.sleep(why === "tick" ? 150 : 0);
        ended += 1;
      },
    });
    await vi.waitFor(() => expect(first.schedule.state()).toBe("bullmq"), soon);
    await first.schedule.close();
    const at = ended;
    await systemClock.sleep(250);
    expect(ended).toBe(at);

    const second = start({ redis: { path: server.socket }, everyMs: 100 });
    await vi.waitFor(() => expect(second.schedule.state()).toBe("bullmq"), soon);
    await server.signal("SIGKILL");
    const since = performance.now();
    await second.schedule.close();
    expect(performance.now() - since).toBeLessThan(soon.timeout);

    await server.start();
    const third = start({ redis: { path: server.socket }, everyMs: 100 });
    await vi.waitFor(() => expect(third.schedule.state()).toBe("bullmq"), soon);
    await server.signal("SIGSTOP");
    const stopped = performance.now();
    await third.schedule.close();
    expect(performance.now() - stopped).toBeLessThan(soon.timeout);
  });

  test("Redis holds no data of jobs, keeps no finished ones, and is hardly asked at rest", async () => {
    const server = await redis(false);
    await server.start();
    const { schedule, rings, whys } = start({ redis: { path: server.socket }, everyMs: 60_000 });
    await vi.waitFor(() => expect(whys()).toContain("tick"), soon);
    for (let turn = 0; turn < 5; turn += 1) await nudged(schedule, rings);
    await systemClock.sleep(100);
    const keys = (await server.command("KEYS", "*")) as string[];
    expect(keys.every((key) => key.startsWith("test:sync"))).toBe(true);
    const jobs: string[] = [];
    for (const key of keys) {
      if ((await server.command("TYPE", key)) !== "hash") continue;
      const data = await server.command("HGET", key, "data");
      if (data !== null) jobs.push(String(data));
    }
    // The one left is the next tick, waiting for its time.
    expect(jobs).toEqual(["{}"]);
    const asked = async (): Promise<number> =>
      Number(/total_commands_processed:(\d+)/.exec(String(await server.command("INFO", "stats")))?.[1]);
    const before = await asked();
    const used = process.cpuUsage();
    await systemClock.sleep(3_000);
    const { user, system } = process.cpuUsage(used);
    expect((await asked()) - before).toBeLessThan(30);
    expect((user + system) / 3_000_000).toBeLessThan(0.5);
  });

  test("nothing is printed and no error is logged while Redis comes and goes", async () => {
    const printed = [vi.spyOn(console, "error"), vi.spyOn(console, "warn"), vi.spyOn(console, "log")];
    const errors: string[] = [];
    const log: Log = { ...silentLog, error: (_facts, message) => void errors.push(message) };
    const server = await redis(false);
    const { schedule } = start({ redis: { path: server.socket }, everyMs: 100, log });
    await systemClock.sleep(150);
    await server.start();
    await vi.waitFor(() => expect(schedule.state()).toBe("bullmq"), soon);
    await server.signal("SIGKILL");
    await vi.waitFor(() => expect(schedule.state()).toBe("timer"), soon);
    await systemClock.sleep(200);
    await schedule.close();
    await systemClock.sleep(200);
    expect(errors).toEqual([]);
    expect(printed.map((spy) => spy.mock.calls)).toEqual([[], [], []]);
  });
});
