import { execFile, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { join, resolve } from "node:path";

/** The folder of the model and its description. */
export const MODEL = resolve(import.meta.dirname, "../../docs/model");

/** Steps deep at most; the searches need less than a thousandth. */
const DEPTH = 400_000;
/** Megabytes that one search may take. */
const MEMORY_MB = 2_000;

/** One search. */
export interface Search {
  /** Switches of the model, `NAME` or `NAME=number`. */
  readonly switches: readonly string[];
  /** Slots of the table of states, as a power of two: about as many as there are states. */
  readonly slots: number;
  /** Of the compiler: 2 where the search is long, 0 where compiling would take longer than searching. */
  readonly optimise: 0 | 2;
}

/** What SPIN said of one search. */
export interface Report {
  readonly errors: number;
  /** The assertion or the cycle that was found, in SPIN's words; empty if none. */
  readonly violation: string;
  /** Every state was visited: no error broke it off, no bound of depth or memory was met. */
  readonly complete: boolean;
  readonly states: number;
  readonly depth: number;
  readonly megabytes: number;
  readonly seconds: number;
  /** Statements that no run came to: the process, and the step (see `stepAt`) or `end`. Each once, sorted. */
  readonly unreached: readonly string[];
  /** What the search met on its way (`SIGHT` in the model). Each once, sorted. */
  readonly sights: readonly string[];
}

/** SPIN's version, as `6.5.2`; null where SPIN or a C compiler is missing. */
export function spinVersion(): string | null {
  const said = spawnSync("spin", ["-V"], { encoding: "utf8" });
  const compiler = spawnSync("gcc", ["--version"], { encoding: "utf8" });
  if (said.error !== undefined || compiler.error !== undefined) return null;
  return /Version (\S+)/.exec(said.stdout)?.[1] ?? null;
}

/** Makes the program that searches, in a folder of its own below `folder`, runs it, and reads what it says. */
export async function search(
  { switches, slots, optimise }: Search,
  folder: string,
  signal: AbortSignal,
): Promise<Report> {
  const cwd = mkdtempSync(join(folder, "search-"));
  copyFileSync(join(MODEL, "sync.pml"), join(cwd, "sync.pml"));
  const endless = switches.includes("LIVENESS");
  const run = (program: string, options: readonly string[]): Promise<string> => output(program, options, cwd, signal);
  await run("spin", ["-a", ...switches.map((name) => `-D${name}`), "sync.pml"]);
  // Every interleaving is searched (NOREDUCE): there is next to nothing here that could be left out, and it is faster.
  const kind = endless ? ["-DNFAIR=4"] : ["-DSAFETY"];
  const fixed = ["-w", `-O${optimise}`, "-DCOLLAPSE", "-DNOREDUCE", `-DMEMLIM=${MEMORY_MB}`, "-o", "pan", "pan.c"];
  await run("gcc", [...kind, ...fixed]);
  const said = await run("./pan", [`-m${DEPTH}`, `-w${slots}`, ...(endless ? ["-a", "-f"] : [])]);
  return read(said);
}

/** Resolves with what the program wrote, whatever its exit code; rejects with its words if it could not do its work. */
function output(program: string, options: readonly string[], cwd: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolved, reject) => {
    const child = execFile(program, options, { cwd, signal, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const searched = program === "./pan" && /errors: \d+/.test(stdout);
      if (error === null || searched) resolved(stdout);
      else reject(new Error(`${program} ${options.join(" ")}: ${error.message}\n${stdout}\n${stderr}`));
    });
    if (child.pid !== undefined) giveWay(child.pid);
  });
}

/** Lets other tests go first, which have clocks to keep up with. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already.
  }
}

function read(said: string): Report {
  const number = (pattern: RegExp): number => Number(pattern.exec(said)?.[1] ?? Number.NaN);
  const short = /Search not completed|search depth too small|out of memory|reached -DMEMLIM/i.test(said);
  return {
    errors: number(/errors: (\d+)/),
    violation: /^pan:1: (.*)$/m.exec(said)?.[1] ?? "",
    complete: /^Full statespace search/m.test(said) && !short,
    states: number(/^\s*(\S+) states, stored/m),
    depth: number(/depth reached (\d+)/),
    megabytes: number(/([\d.]+)\s+total actual memory usage/),
    seconds: number(/elapsed time (\S+) seconds/),
    unreached: unreachedIn(said),
    sights: [...new Set([...said.matchAll(/^sight: (.*)$/gm)].map((match) => match[1] ?? ""))].sort(),
  };
}

function unreachedIn(said: string): string[] {
  const source = readFileSync(join(MODEL, "sync.pml"), "utf8").split("\n");
  const found = new Set<string>();
  let process = "";
  for (const line of said.split("\n")) {
    process = /^unreached in (.+)$/.exec(line)?.[1] ?? process;
    const [, at, statement] = /^\t\S+?:(\d+), state \d+, "(.*)"$/.exec(line) ?? [];
    if (at === undefined) continue;
    found.add(`${process}: ${statement === "-end-" ? "end" : stepAt(source, Number(at))}`);
  }
  return [...found].sort();
}

/** The step that a line of the model belongs to: the one last named above it. */
function stepAt(source: readonly string[], line: number): string {
  const above = source.slice(0, line).reverse();
  for (const text of above) {
    const step = /\[([a-z]+\.[a-z]+)\]/.exec(text)?.[1];
    if (step !== undefined) return step;
  }
  return "?";
}
