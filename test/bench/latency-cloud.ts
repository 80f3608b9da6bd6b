import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { startCloud } from "../../src/cloud/start-cloud.js";
import { silentLog } from "../../src/domain/clock.js";
import { systemClock } from "../../src/kit/system-clock.js";

/**
 * The reference cloud as a process that tells of its pushes: `node latency-cloud.js FILE TOKEN`. Prints its address when
 * it listens, then for each push that it has answered the machine's monotonic clock in nanoseconds. Ends at SIGTERM.
 */
async function main(path: string, token: string): Promise<void> {
  // Node.js tells of it when the last of the answer was handed to the system.
  subscribe("http.server.response.finish", (message) => {
    const at = process.hrtime.bigint();
    const { request } = message as { readonly request: IncomingMessage };
    if (request.url?.startsWith("/v1/push")) process.stdout.write(`${at}\n`);
  });
  const cloud = await startCloud({ path, host: "127.0.0.1", port: 0, token, clock: systemClock, log: silentLog });
  process.once("SIGTERM", () => void cloud.close());
  process.stdout.write(`${cloud.url}\n`);
}

const [path, token] = process.argv.slice(2);
if (path === undefined || token === undefined) throw new Error("Usage: latency-cloud FILE TOKEN");
await main(path, token);
