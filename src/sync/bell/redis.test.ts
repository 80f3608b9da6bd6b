import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterEach, describe, expect, test, vi } from "vitest";
import { redisProgram } from "../../../test/helpers/private-redis.js";
import { type Clock, type Log, silentLog } from "../../domain/clock.js";
import { systemClock } from "../../kit/system-clock.js";
import { type RedisOptions, type RedisState, type RedisSupervisor, superviseRedis } from "./redis.js";
import { findRedis, programFolders, redisCommand } from "./redis-program.js";
import { askRedis } from "./redis-socket.js";

const program = redisProgram();
const undo: (() => unknown)[] = [];
const soon = { timeout: 10_000, interval: 10 };

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "glucohub-data-"));
  undo.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** The machine's clock, but with pauses cut short (not the bounds of starting and ending); keeps the pauses. */
function hastyClock(): { clock: Clock; pauses: number[] } {
  const pauses: number[] = [];
  const sleep: Clock["sleep"] = async (ms, signal) => {
    if (ms >= 100 && ms !== 20_000 && ms !== 4_000) {
      pauses.push(ms);
      return await systemClock.sleep(10, signal);
    }
    return await systemClock.sleep(ms, signal);
  };
  return { clock: { now: systemClock.now, sleep }, pauses };
}

function supervise(options: Partial<RedisOptions>): { redis: RedisSupervisor; states: RedisState[] } {
  const states: RedisState[] = [];
  const redis = superviseRedis({
    dataDir: folder(),
    log: silentLog,
    clock: systemClock,
    onState: (state) => void states.push(state),
    ...options,
  });
  undo.push(() => redis.close());
  return { redis, states };
}

async function up(redis: RedisSupervisor): Promise<void> {
  await vi.waitFor(() => expect(redis.state()).toBe("up"), soon);
}

async function ask(socket: string, name: string, ...args: string[]): Promise<unknown> {
  const client = new Redis({ path: socket, retryStrategy: () => null });
  client.on("error", () => undefined);
  try {
    return await client.call(name, ...args);
  } finally {
    client.disconnect();
  }
}

async function pidAt(socket: string): Promise<number> {
  return Number(/process_id:(\d+)/.exec(String(await ask(socket, "INFO", "server")))?.[1]);
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("without a server program", () => {
  test("the state is missing, it is said once, and close returns", async () => {
    const warned: string[] = [];
    const log: Log = { ...silentLog, warn: (_facts, message) => void warned.push(message) };
    const { clock, pauses } = hastyClock();
    const { redis, states } = supervise({ folders: [folder()], clock, log });
    await vi.waitFor(() => expect(pauses.length).toBeGreaterThan(3), soon);
    expect(states).toEqual(["missing"]);
    expect(new Set(pauses)).toEqual(new Set([60_000]));
    expect(warned).toHaveLength(1);
    await redis.close();
    expect(redis.state()).toBe("down");
  });

  test("a program that fails is started again with growing pauses", async () => {
    const broken = folder();
    writeFileSync(join(broken, "redis-server"), "#!/bin/sh\nexit 1\n");
    chmodSync(join(broken, "redis-server"), 0o755);
    const { clock, pauses } = hastyClock();
    const { states } = supervise({ folders: [broken], clock });
    await vi.waitFor(() => expect(pauses.length).toBeGreaterThan(8), soon);
    expect(pauses.slice(0, 9)).toEqual([100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 30_000]);
    expect(states.slice(0, 3)).toEqual(["down", "starting", "down"]);
    expect(states).not.toContain("up");
  });
});

describe.skipIf(program === null)("with a server program", () => {
  test("it comes up on a socket for this user only, with what BullMQ needs", async () => {
    const dataDir = folder();
    const { redis, states } = supervise({ dataDir });
    await up(redis);
    expect(states).toEqual(["up"]);
    expect(redis.socket).toBe(join(dataDir, "redis", "redis.sock"));
    expect(statSync(redis.socket).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, "redis")).mode & 0o777).toBe(0o700);
    const set = async (name: string): Promise<unknown> =>
      ((await ask(redis.socket, "CONFIG", "GET", name)) as string[])[1];
    expect(await set("port")).toBe("0");
    expect(await set("appendonly")).toBe("yes");
    expect(await set("save")).toBe("");
    expect(await set("maxmemory-policy")).toBe("noeviction");
    expect(await set("maxmemory")).toBe(String(32 * 1024 * 1024));
  });

  test("when it is killed it is started again and has what it had", async () => {
    const { redis, states } = supervise({});
    await up(redis);
    for (let round = 1; round <= 2; round += 1) {
      await ask(redis.socket, "SET", "bell", String(round));
      const pid = await pidAt(redis.socket);
      process.kill(pid, "SIGKILL");
      await vi.waitFor(() => expect(states.filter((state) => state === "up")).toHaveLength(round + 1), soon);
      expect(await ask(redis.socket, "GET", "bell")).toBe(String(round));
      expect(await pidAt(redis.socket)).not.toBe(pid);
    }
    expect(states.slice(0, 4)).toEqual(["up", "down", "starting", "up"]);
  });

  test("close ends it, also while it is being started", async () => {
    const first = supervise({});
    await up(first.redis);
    const pid = await pidAt(first.redis.socket);
    await first.redis.close();
    expect(alive(pid)).toBe(false);
    expect(first.redis.state()).toBe("down");

    for (const wait of [0, 1, 5, 10, 20]) {
      const { redis } = supervise({});
      await systemClock.sleep(wait);
      await redis.close();
      expect(await askRedis(redis.socket, "PING", 500)).not.toBe("+PONG");
    }
  });

  test("a killed parent takes the server with it", async ({ skip }) => {
    const found = await findRedis(programFolders(process.env["PATH"]));
    if (found === null || found.setpriv === null) return skip("no setpriv on this machine");
    const dataDir = folder();
    const socket = join(dataDir, "redis.sock");
    const [command, args] = redisCommand(found, socket, dataDir);
    const script = `require("node:child_process").spawn(${JSON.stringify(command)}, ${JSON.stringify(args)}, {detached: true}); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ["-e", script], { stdio: "ignore" });
    undo.push(() => parent.kill("SIGKILL"));
    await vi.waitFor(async () => expect(await askRedis(socket, "PING", 500)).toBe("+PONG"), soon);
    parent.kill("SIGKILL");
    // Whether the process is gone can't be asked: it is a zombie until the machine's first process has looked.
    await vi.waitFor(async () => expect(await askRedis(socket, "PING", 500)).toBeNull(), soon);
  });

  test("a server that a killed hub left running is ended first", async () => {
    const found = await findRedis(programFolders(process.env["PATH"]));
    const dataDir = folder();
    const files = join(dataDir, "redis");
    mkdirSync(files);
    const untied = { server: found?.server ?? "", setpriv: null };
    const [command, args] = redisCommand(untied, join(files, "redis.sock"), files);
    const left = spawn(command, args, { stdio: "ignore" });
    undo.push(() => left.kill("SIGKILL"));
    const ended = new Promise((resolve) => left.once("exit", resolve));
    await vi.waitFor(async () => expect(await askRedis(join(files, "redis.sock"), "PING", 500)).toBe("+PONG"), soon);
    await ask(join(files, "redis.sock"), "SET", "bell", "kept");
    const { redis } = supervise({ dataDir });
    await up(redis);
    await ended;
    expect(await pidAt(redis.socket)).not.toBe(left.pid);
    expect(await ask(redis.socket, "GET", "bell")).toBe("kept");
  });

  test("where the data folder's path is too long for a socket, the socket has a private folder of its own", async () => {
    const dataDir = join(folder(), "a-folder-with-a-rather-long-name".repeat(3));
    mkdirSync(dataDir);
    const first = supervise({ dataDir });
    await up(first.redis);
    expect(Buffer.byteLength(first.redis.socket)).toBeLessThanOrEqual(107);
    expect(statSync(join(first.redis.socket, "..")).mode & 0o777).toBe(0o700);
    await ask(first.redis.socket, "SET", "bell", "kept");

    // As after a kill: the first is not closed, and its socket is only known from the note beside the data.
    const second = supervise({ dataDir, folders: programFolders(process.env["PATH"]) });
    expect(second.redis.socket).not.toBe(first.redis.socket);
    await first.redis.close();
    await up(second.redis);
    expect(await ask(second.redis.socket, "GET", "bell")).toBe("kept");
    await second.redis.close();
    expect(existsSync(join(second.redis.socket, ".."))).toBe(false);
  });

  test("a file that it can't start on is set aside, and it begins anew", async () => {
    const dataDir = folder();
    const first = supervise({ dataDir });
    await up(first.redis);
    await ask(first.redis.socket, "SET", "bell", "1");
    await first.redis.close();
    const damaged = spoil(join(dataDir, "redis"));
    expect(damaged).toBeGreaterThan(0);
    const { redis, states } = supervise({ dataDir });
    await up(redis);
    expect(states.filter((state) => state === "down")).toHaveLength(3);
    expect(await ask(redis.socket, "GET", "bell")).toBeNull();
    expect(existsSync(join(dataDir, "redis.damaged"))).toBe(true);
  });

  test("a program that is installed later is found", async () => {
    const bin = folder();
    const { redis } = supervise({ folders: [bin], clock: hastyClock().clock });
    await vi.waitFor(() => expect(redis.state()).toBe("missing"), soon);
    const found = await findRedis(programFolders(process.env["PATH"]));
    symlinkSync(found?.server ?? "", join(bin, "redis-server"));
    await up(redis);
    expect(await askRedis(redis.socket, "PING", 500)).toBe("+PONG");
  });
});

/** Overwrites the middle of every file of the server's log of commands; returns how many. */
function spoil(files: string): number {
  let spoiled = 0;
  for (const entry of readdirSync(files, { recursive: true, encoding: "utf8" })) {
    const file = join(files, entry);
    if (!entry.includes("appendonly") || !statSync(file).isFile()) continue;
    writeFileSync(file, "neither a log nor a snapshot\r\n");
    spoiled += 1;
  }
  return spoiled;
}
