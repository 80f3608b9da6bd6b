import { DRIVERS } from "../../drivers/index.js";
import { labKit } from "./host/kit.js";
import { KitMissing } from "./host/kit-missing.js";
import { type LabOptions, readOptions } from "./options.js";
import { makePlan } from "./plan.js";
import { CACHE, runLab } from "./run-lab.js";
import { resultTable } from "./table.js";

const ALL = makePlan(DRIVERS, false);
const HELP = `Usage: npm run test:devices -- [--short] [--only ID]... [--log]

Boots a Linux kernel in QEMU in which USB meters made of software are plugged in, read by the built hub, and pulled out.
  --short    one device of each transport
  --only ID  this device only; may be given more than once
  --log      print all that the second machine prints
Devices: ${ALL.map(({ id }) => id).join(", ")}
Ends with 0 if every one was read, with 1 if not or if QEMU or a kernel can't be had.
`;
/** How much of the second machine's log is shown when something was wrong. */
const TAIL_LINES = 60;

process.exitCode = await main(process.argv.slice(2));

/** Runs what is asked for; the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(
    args,
    ALL.map(({ id }) => id),
  );
  if (typeof options === "string") {
    say(`${options}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  // Ending by process.exit ends the second machine too.
  process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));
  try {
    return await run(options);
  } catch (error) {
    if (!(error instanceof KitMissing)) throw error;
    say(error.message);
    return 1;
  }
}

async function run(options: LabOptions): Promise<number> {
  const kit = await labKit(CACHE, say);
  const plan =
    options.only.length > 0 ? ALL.filter(({ id }) => options.only.includes(id)) : makePlan(DRIVERS, options.short);
  say(`Booting Linux ${kit.release} in QEMU: ${plan.length} devices. That takes minutes.`);
  const { results, hub, problems, log, seconds } = await runLab(kit, plan, say, (line) => {
    if (options.log) say(line);
  });
  process.stdout.write(resultTable(results));
  if (hub !== null) {
    const { records, sessions, brokenOff, integrity } = hub;
    const told = `${records} records of ${sessions} sessions, ${brokenOff} of which broke off; integrity ${integrity}`;
    process.stdout.write(`The hub's store: ${told}.\n`);
  }
  if (problems.length === 0) process.stdout.write(`All ${results.length} devices were read, in ${seconds} s.\n`);
  else {
    if (!options.log) for (const line of log.slice(-TAIL_LINES)) say(line);
    process.stdout.write(`${problems.map((problem) => `FAILED: ${problem}\n`).join("")}`);
  }
  return problems.length === 0 ? 0 : 1;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
