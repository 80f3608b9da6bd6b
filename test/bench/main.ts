import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { benchBluetooth } from "./bluetooth.js";
import { benchCodecs } from "./codecs.js";
import { benchCycle } from "./cycle.js";
import { benchEvents } from "./events.js";
import { benchExports } from "./exports.js";
import { type Bench, type Figure, type Skipped, verdict } from "./figure.js";
import { benchIngest } from "./ingest.js";
import { benchLatency } from "./latency.js";
import { benchLibre } from "./libre.js";
import { benchMemory } from "./memory.js";
import { readOptions } from "./options.js";
import { benchPage } from "./page.js";
import { benchPeers } from "./peers.js";
import { benchPush } from "./push.js";
import { benchRest } from "./rest.js";
import { jsonText, tableText } from "./table.js";

const BENCHES: Readonly<Record<string, Bench>> = {
  codecs: benchCodecs,
  libre: benchLibre,
  bluetooth: benchBluetooth,
  ingest: benchIngest,
  push: benchPush,
  page: benchPage,
  cycle: benchCycle,
  memory: benchMemory,
  latency: benchLatency,
  events: benchEvents,
  rest: benchRest,
  peers: benchPeers,
  exports: benchExports,
};

const HELP = `Usage: npm run bench -- [${Object.keys(BENCHES).join("|")}]... [--records N] [--readings N] [--json]

Measures Glucohub against the least that the same work can cost on this machine, and against others who do the like.
Without names, all.
  --records N   how many records are taken in and pushed (default 100000); cycle and memory also take ten times as many
  --readings N  how many readings are followed to the event stream, and edits to the cloud (default 300)
  --json        one JSON object a line
Ends with 0 even where a figure is over its target, and with 1 if a bench fails.
Example: npm run bench -- ingest push --records 20000
`;

process.exitCode = await main(process.argv.slice(2));

/** Runs what is asked for; the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, Object.keys(BENCHES));
  if (typeof options === "string") {
    say(`${options}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  say(`Node.js ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}, ${load()}.`);
  const folder = mkdtempSync(join(tmpdir(), "glucohub-bench-"));
  const lines: (Figure | Skipped)[] = [];
  const failed: string[] = [];
  try {
    for (const name of options.names) {
      say(`Running ${name}.`);
      try {
        lines.push(...((await BENCHES[name]?.({ ...options, folder, say })) ?? []));
      } catch (error) {
        failed.push(name);
        say(`${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (lines.length > 0) process.stdout.write(`${options.json ? jsonText(lines) : tableText(lines)}\n`);
  const over = lines.filter((line) => "ours" in line && verdict(line) === "over");
  say(
    `${load()} at the end; ${over.length === 0 ? "nothing is" : `${over.length} of ${lines.length} are`} over target.`,
  );
  return failed.length === 0 ? 0 : 1;
}

function load(): string {
  return `load ${loadavg()[0]?.toFixed(1)}`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
