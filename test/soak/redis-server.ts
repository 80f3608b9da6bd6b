import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { type AddressInfo, connect, createServer } from "node:net";
import { until } from "./until.js";

/** The Redis program of this machine; null if there is none. */
export function redisProgram(): string | null {
  return ["redis-server", "valkey-server"].find((name) => spawnSync(name, ["--version"]).status === 0) ?? null;
}

/** A port of this machine at which nobody listens now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a Redis on that port, which keeps nothing; resolves when it answers. */
export async function startRedis(program: string, port: number): Promise<{ kill(): Promise<void> }> {
  const child: ChildProcess = spawn(program, ["--port", String(port), "--save", "", "--appendonly", "no"], {
    stdio: "ignore",
  });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  await until("Redis to answer", 10_000, async () => (await askRedis({ port }, "PING")) === "+PONG");
  return {
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** The first line of what a Redis says to a command; null if it does not answer. */
export async function askRedis(
  place: { readonly port: number } | { readonly path: string },
  command: string,
): Promise<string | null> {
  return await new Promise((resolve) => {
    const connection = "port" in place ? connect(place.port, "127.0.0.1") : connect(place.path);
    const end = (answer: string | null): void => {
      connection.destroy();
      resolve(answer);
    };
    connection.setTimeout(1_000, () => end(null));
    connection.once("connect", () => connection.write(`${command}\r\n`));
    connection.once("data", (bytes) => end(bytes.toString("latin1").split("\r\n")[0] ?? ""));
    connection.once("error", () => end(null));
  });
}
