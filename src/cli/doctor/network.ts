import { createServer } from "node:net";
import { Redis } from "ioredis";
import { asProblem, isProblem } from "../../domain/problem.js";
import type { Settings } from "../../settings/settings.js";
import { findRedis, programFolders } from "../../sync/bell/redis-program.js";
import { openCloud } from "../../sync/clouds/index.js";
import type { Cli } from "../cli.js";
import type { FoundHub } from "../hub-client.js";
import { bad, type Finding, ok, warn } from "./finding.js";

/** How long a server may take to answer, milliseconds. */
const ANSWER_MS = 5_000;

/** Redis, which rings the sync's bell; without it a timer does. */
export async function checkRedis({ io }: Cli, { redis }: Settings): Promise<Finding> {
  if (redis.url === null) {
    const program = await findRedis(programFolders(io.env["PATH"]));
    return program === null
      ? warn("redis", "No Redis server is installed: the hub rings itself by a timer.", "Install redis-server.")
      : ok("redis", `The hub runs its own Redis with ${program.server}.`);
  }
  const place = redis.url.startsWith("unix://") ? { path: redis.url.slice("unix://".length) } : null;
  const options = { lazyConnect: true, connectTimeout: ANSWER_MS, retryStrategy: () => null, maxRetriesPerRequest: 0 };
  const client = place === null ? new Redis(redis.url, options) : new Redis({ ...options, ...place });
  let why = "";
  client.on("error", (error: Error) => {
    why = error.message;
  });
  try {
    await client.connect();
    await client.ping();
    return ok("redis", "The Redis server of the settings answers.");
  } catch (error) {
    const remedy = "Start it or correct GLUCOHUB_REDIS_URL; until then the hub rings itself by a timer.";
    return warn(
      "redis",
      `The Redis server of the settings does not answer: ${why === "" ? asProblem(error).message : why}`,
      remedy,
    );
  } finally {
    client.disconnect();
  }
}

/** The cloud is there and takes the token. Nothing is written to it. */
export async function checkCloud({ cloud: settings }: Settings): Promise<Finding> {
  if (settings.kind === "none") return ok("cloud", "No cloud is set: everything stays on this machine.");
  try {
    await openCloud(settings)?.changes(null, 1, 0, AbortSignal.timeout(ANSWER_MS));
    return ok("cloud", `The ${settings.kind} cloud at ${settings.url ?? ""} answers and takes the token.`);
  } catch (error) {
    const { message, remedy } = asProblem(error);
    // The hub goes on without it and catches up by itself.
    if (isProblem(error, "SYNC_UNREACHABLE") || !isProblem(error)) return warn("cloud", message, remedy);
    return bad("cloud", message, remedy);
  }
}

/** The dashboard's address is free, or the hub's own. */
export async function checkHttp({ http }: Settings, hub: FoundHub): Promise<Finding> {
  if (hub.running)
    return ok("http", hub.client === null ? "A hub is starting." : `The hub answers at ${hub.client.url}.`);
  const where = `${http.host}:${http.port}`;
  const code = await new Promise<string | null>((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    server.listen(http.port, http.host, () => server.close(() => resolve(null)));
  });
  if (code === null) return ok("http", `${where} is free.`);
  const why = code === "EADDRINUSE" ? "Another program listens at" : `Nobody can listen (${code}) at`;
  return bad("http", `${why} ${where}.`, "Stop it, or set GLUCOHUB_HTTP_PORT or GLUCOHUB_HTTP_HOST.");
}
