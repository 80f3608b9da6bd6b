import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Clock } from "../../domain/clock.js";
import { Problem } from "../../domain/problem.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { ownersFor } from "../owners.js";
import { needsRadio, withRadio } from "../radio.js";
import { readAttached } from "../read-attached.js";
import { tellEnd } from "../session-end.js";
import { tellSummary } from "../tell-session.js";
import { readTime } from "../when.js";
import { withStore } from "../with-store.js";

interface ReadOptions {
  readonly port?: string;
  readonly driver?: string;
  readonly zone?: string;
  readonly now?: string;
  readonly record?: string;
  readonly json?: boolean;
  readonly store?: boolean;
  readonly all?: boolean;
}

/** `read`: reads one meter now. */
export function addRead(program: Command, cli: Cli): void {
  const command = program
    .command("read")
    .description("Read one meter now and print its records. They are kept only with --store.")
    .option("--port <path>", "where it is attached (default: the only meter there is)")
    .option("--driver <id>", "which driver to read it with (default: the one that claims the port)")
    .option("--zone <zone>", "zone in which the meter's clock runs (default: the patient's, else the hub's)")
    .option("--now <t>", "take this for the present time, so that the result can be repeated")
    .option("--record <file>", "write the conversation down as a transcript, in a new file")
    .option("--json", "one JSON object a line")
    .option("--store", "keep the records")
    .option("--all", "read everything, also what a Bluetooth meter's record numbers show to be known")
    .action((options: ReadOptions) => read(cli, options));
  withExample(command, "read --store", "read --port /dev/ttyUSB0 --driver onetouch-ultra2 --record meter.txt --json");
}

async function read(cli: Cli, options: ReadOptions): Promise<void> {
  const settings = cli.settings();
  const { zone } = ownersFor(settings, options);
  const clock = options.now === undefined ? cli.io.clock : fixedClock(cli.io.clock, options.now, zone);
  const file = options.record === undefined ? null : resolve(cli.io.cwd, options.record);
  if (file !== null && existsSync(file)) throw new Problem("USAGE", `${file} exists; it is not overwritten.`);
  const log = cli.quietLog(settings);
  const { report } = await withRadio(cli, settings, needsRadio(options), async (bluetooth) => {
    const tools = { clock, log, bluetooth };
    return options.store === true
      ? await withStore(cli, settings, (store) => readAttached(cli, settings, options, { ...tools, store }))
      : await readAttached(cli, settings, options, { ...tools, store: null });
  });
  if (file !== null && report.transcript !== null) {
    await writeFile(file, report.transcript, { flag: "wx", mode: 0o600 });
    cli.out.note(`The conversation stands in ${file}.`);
  }
  if (report.problem === null || report.partial || report.identity !== null)
    tellSummary(cli, report, options.store === true);
  if (report.problem !== null) {
    const { code, message } = report.problem;
    tellEnd(cli, { code, detail: message, partial: report.partial });
  }
}

/** The machine's clock, but for the time that it shows. Waiting takes real time. */
function fixedClock(clock: Clock, now: string, zone: string): Clock {
  const nowMs = Date.parse(readTime(now, zone, "--now").instant);
  return { now: () => nowMs, sleep: (ms, signal) => clock.sleep(ms, signal) };
}
