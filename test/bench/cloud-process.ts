import { startCloud } from "../../src/cloud/start-cloud.js";
import { silentLog } from "../../src/domain/clock.js";
import { systemClock } from "../../src/kit/system-clock.js";

/**
 * The reference cloud as a process: `node cloud-process.js FILE TOKEN`. Prints its address when it listens, on any free
 * port of this machine; ends at SIGTERM.
 */
async function main(path: string, token: string): Promise<void> {
  const cloud = await startCloud({ path, host: "127.0.0.1", port: 0, token, clock: systemClock, log: silentLog });
  process.once("SIGTERM", () => void cloud.close());
  process.stdout.write(`${cloud.url}\n`);
}

const [path, token] = process.argv.slice(2);
if (path === undefined || token === undefined) throw new Error("Usage: cloud-process FILE TOKEN");
await main(path, token);
