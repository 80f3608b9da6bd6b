import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type Child, startChild } from "./child.js";
import { repositoryFile } from "./repository-file.js";

/** How long the hub may take to answer, milliseconds. */
const START_MS = 60_000;

/** The token of the hubs of the benchmarks. */
export const HUB_TOKEN = "bench";

/** A hub that runs. */
export interface HubProcess {
  readonly pid: number;
  readonly url: string;
  /** Rejects where something of it is down: a hub without sync or Redis would look cheaper than it is. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A hub as `npm start` starts it, with a Redis of its own, in step with a cloud of the native protocol. Null, with all
 * that it said told, where it did not start.
 */
export async function startHubProcess(options: {
  readonly data: string;
  readonly cloud: { readonly url: string; readonly token: string };
  say(line: string): void;
}): Promise<HubProcess | null> {
  const said: string[] = [];
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const hub = startChild(repositoryFile("config/prepare.mjs"), ["start"], {
    env: hubEnvironment(options.data, port, options.cloud),
    say: (line) => said.push(line),
  });
  if (!(await answers(hub, `${url}/healthz`))) {
    for (const line of said) options.say(`hub: ${line}`);
    await hub.stop();
    return null;
  }
  return {
    pid: hub.pid,
    url,
    async check() {
      const text = await (await fetch(`${url}/healthz`)).text();
      const { ok, degraded } = JSON.parse(text) as { ok: boolean; degraded: readonly string[] };
      if (!ok || degraded.length > 0) throw new Error(`the hub is not well: ${text}`);
    },
    stop: () => hub.stop(),
  };
}

/** This process's environment without any setting of a hub, and with those of this one. */
function hubEnvironment(data: string, port: number, cloud: { url: string; token: string }): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("GLUCOHUB_"));
  return {
    ...Object.fromEntries(others),
    GLUCOHUB_DATA: data,
    GLUCOHUB_HTTP_PORT: String(port),
    GLUCOHUB_API_TOKEN: HUB_TOKEN,
    GLUCOHUB_CLOUD_KIND: "native",
    GLUCOHUB_CLOUD_URL: cloud.url,
    GLUCOHUB_CLOUD_TOKEN: cloud.token,
  };
}

/** Waits until the address answers; false if the hub ends or takes too long. */
async function answers(hub: Child, url: string): Promise<boolean> {
  const end = performance.now() + START_MS;
  const gone = new AbortController();
  void drain(hub).then(() => gone.abort());
  while (!gone.signal.aborted && performance.now() < end) {
    const there = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (there) return true;
    await delay(100);
  }
  return false;
}

/** Reads what the hub prints until it ends. */
async function drain(hub: Child): Promise<void> {
  try {
    for (;;) await hub.line();
  } catch {
    // it ended
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
