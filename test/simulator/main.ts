import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Coverage } from "./coverage.js";
import { type Options, readOptions, switchArguments } from "./options.js";
import { planOf } from "./plan.js";
import { run } from "./run.js";
import { shrink, storyOf } from "./shrink.js";
import { DEFAULT_SWITCHES, simulate } from "./simulate.js";
import { makeTemplates } from "./templates.js";
import { INVARIANTS } from "./violation.js";

const HELP = `Usage: npm run simulate -- [--seeds N] [--from SEED] [--seed SEED] [--verbose]

Runs the sync engine against a model of the cloud, thousands of times, each time with other people, faults and crashes
in another order, and holds it to its promises. The same seed gives the same run.
  --seeds N             how many runs (default 10000)
  --from SEED           the first seed (default 1)
  --seed SEED           this run alone
  --verbose             of a run that broke a promise, every single step
  --processes N         how many processes share the work (default 2)
  --cloud-restores M,…  how the cloud may go back to an earlier state: refuse-all, refuse-lost, silent
  --hub-restores yes|no whether a hub's store may be put back to an earlier copy
  --late never|session|free  how late a commit in the cloud may show
Ends with 1 if a promise was broken, after a story as short as can be found.
`;

/** What one process tells the one that started it. */
interface Report {
  readonly ran: number;
  readonly steps: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly failed: number | null;
  readonly hashes: readonly (readonly [number, string])[];
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "string") {
    process.stderr.write(`${options}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify(await work(options))}\n`);
    return 0;
  }
  const began = performance.now();
  const reports = options.processes === 1 ? [await work(options)] : await share(options);
  const ran = reports.reduce((sum, report) => sum + report.ran, 0);
  const coverage = new Coverage();
  for (const report of reports) coverage.add(report.counts);
  const steps = reports.reduce((sum, report) => sum + report.steps, 0);
  for (const [what, count] of Object.entries(coverage.toJSON()))
    process.stdout.write(`${String(count).padStart(9)}  ${what}\n`);
  const seconds = (performance.now() - began) / 1_000;
  process.stdout.write(`${ran} seeds, ${steps} steps, ${seconds.toFixed(1)} s.\n`);
  const failed = reports.flatMap((report) => (report.failed === null ? [] : [report.failed]));
  if (failed.length === 0) return 0;
  await tell(Math.min(...failed), options);
  return 1;
}

async function work(options: Options): Promise<Report> {
  const hashes: [number, string][] = [];
  const { from, count, step, switches } = options;
  const { ran, steps, counts, failure } = await simulate({
    from,
    count,
    step,
    switches,
    onSeed: (seed, hash) => {
      if (hashes.length < options.hashes) hashes.push([seed, hash]);
    },
  });
  return { ran, steps, counts, failed: failure?.seed ?? null, hashes };
}

/** Each process takes each n-th seed; where one finds something, the others need not go on. */
async function share(options: Options): Promise<Report[]> {
  const { processes, from, count, switches } = options;
  const children: ChildProcess[] = [];
  return Promise.all(
    Array.from({ length: processes }, async (_, index) => {
      const own = Math.ceil((count - index) / processes);
      const settings = ["--from", from + index, "--seeds", Math.max(0, own), "--step", processes, "--json"].map(String);
      const child = spawn(
        process.execPath,
        [fileURLToPath(import.meta.url), ...settings, ...switchArguments(switches)],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      children.push(child);
      const report = await reportOf(child);
      if (report.failed !== null) for (const other of children) if (other !== child) other.kill();
      return report;
    }),
  );
}

async function reportOf(child: ChildProcess): Promise<Report> {
  let said = "";
  child.stdout?.on("data", (bytes: Buffer) => {
    said += bytes.toString();
  });
  const code = await new Promise((ended) => child.once("close", ended));
  if (said === "" && code === null) return { ran: 0, steps: 0, counts: {}, failed: null, hashes: [] };
  return JSON.parse(said) as Report;
}

/** Shrinks the run of a seed that broke a promise, and tells its story. */
async function tell(seed: number, options: Options): Promise<void> {
  const templates = await makeTemplates();
  try {
    const plan = planOf(seed, options.switches);
    const { broken } = await run(plan, templates);
    if (broken === null) {
      process.stdout.write(`Seed ${seed} broke a promise in another process and none in this one: not repeatable.\n`);
      return;
    }
    const small = await shrink(plan, broken.invariant, templates);
    const outcome = await run(small, templates, true);
    const { invariant } = broken;
    const switched = JSON.stringify(options.switches) === JSON.stringify(DEFAULT_SWITCHES);
    const more = switched ? [] : switchArguments(options.switches);
    process.stdout.write(
      `\n${storyOf(small, outcome, options.verbose)}\n\n${invariant} is broken: ${INVARIANTS[invariant]}.\nAt first: ${broken.detail}\nAgain: npm run simulate -- --seed ${seed}${more.map((word) => ` ${word}`).join("")}\n`,
    );
  } finally {
    templates.remove();
  }
}
