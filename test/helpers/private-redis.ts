import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";

/** A Redis server of a test's own, on a socket of its own, that can be stopped, killed and started again. */
export interface PrivateRedis {
  readonly socket: string;
  /** Starts it, on what the last one left if that was persistent; resolves when it answers. */
  start(): Promise<void>;
  /** Sends the signal; with an ending one, resolves when the process is gone. */
  signal(signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): Promise<void>;
  /** One command, on a connection of its own. */
  command(name: string, ...args: string[]): Promise<unknown>;
  /** Ends it and removes its files. */
  dispose(): Promise<void>;
}

/** The server program of this machine, or null: then tests that need it are skipped. */
export function redisProgram(): string | null {
  for (const name of ["redis-server", "valkey-server"]) {
    if (spawnSync(name, ["--version"]).status === 0) return name;
  }
  return null;
}

/** Prepares a server that is not started yet. `persistent`: it keeps what it has over a restart. */
export function privateRedis(program: string, persistent: boolean): PrivateRedis {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-redis-"));
  const socket = join(folder, "test.sock");
  let child: ChildProcess | null = null;

  const command = async (name: string, ...args: string[]): Promise<unknown> => {
    const client = new Redis({ path: socket, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  };

  const end = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await gone;
  };

  return {
    socket,
    command,
    start: async () => {
      const kept = persistent ? "yes" : "no";
      const args = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--appendonly", kept, "--save", ""];
      child = spawn(program, [...args, "--appendfsync", "always"], { stdio: "ignore" });
      for (;;) {
        if (child.exitCode !== null) throw new Error("the test's Redis did not start");
        if ((await command("PING").catch(() => null)) === "PONG") return;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    signal: async (signal) => {
      if (signal === "SIGSTOP" || signal === "SIGCONT") child?.kill(signal);
      else await end(signal);
    },
    dispose: async () => {
      child?.kill("SIGCONT");
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
