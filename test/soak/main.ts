import { randomInt } from "node:crypto";
import { readOptions } from "./options.js";
import { runScenario } from "./run-scenario.js";
import { countsText } from "./scenario.js";
import { SCENARIOS } from "./scenarios/index.js";

const HELP = `Usage: npm run soak -- [--cycles N] [--megabytes N] [--seed S] [--only NAME]...

Runs real hubs and a real cloud under faults and compares both sides with the sqlite3 program afterwards.
  --cycles N     how often the hub is killed; the other scenarios take their share of it (default 200)
  --megabytes N  size of the export that is imported (default 2000; five times as much room on the disk is needed)
  --seed S       begin with the same chance again; a run says which it took
  --only NAME    this scenario only; may be given more than once
${SCENARIOS.map(({ name, what }) => `    ${name.padEnd(9)} ${what}`).join("\n")}
Ends with 0 if every promise held, with 1 if not.
Example: npm run soak -- --only kill9 --only restore --cycles 20
`;

process.exitCode = await main(process.argv.slice(2));

/** Runs what is asked for; the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const names = SCENARIOS.map(({ name }) => name);
  const options = readOptions(args, names, randomInt(1_000_000_000));
  if (typeof options === "string") {
    say(`${options}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  say(`Seed ${options.seed}.`);
  let failed = 0;
  for (const scenario of SCENARIOS.filter(({ name }) => options.names.includes(name))) {
    const { name } = scenario;
    const reason = scenario.cannot();
    if (reason !== null) {
      process.stdout.write(`${name}: skipped. ${reason}\n`);
      continue;
    }
    say(`${name}: ${scenario.what}.`);
    const cycles = scenario.cyclesFor(options.cycles);
    const { seconds, counts, failure } = await runScenario(scenario, {
      cycles,
      seed: options.seed,
      megabytes: options.megabytes,
      say,
    });
    if (counts !== null) process.stdout.write(`${name}: ok in ${seconds} s; ${countsText(counts)}.\n`);
    else {
      failed += 1;
      process.stdout.write(`${name}: FAILED after ${seconds} s.\n${failure}\n`);
    }
  }
  return failed === 0 ? 0 : 1;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
