import { join } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { plugIn } from "../../hub/virtual-meter.js";
import { MISBEHAVIOURS } from "../../kit/misbehave.js";
import { serialDriver } from "../choose-port.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { ownersFor } from "../owners.js";
import { readWhole } from "../whole-number.js";

/** What a virtual meter holds unless it is said. */
const DEFAULTS = { count: 30, seed: 1 };
/** More than any simulated meter holds; each stops at what the real one does. */
const MOST = 100_000;
/** How many requests a meter that declines declines. */
const DECLINES = 2;
/** Ways to misbehave. */
const WAYS: readonly string[] = ["declines", ...MISBEHAVIOURS];
/** A meter's clock that is wrong by more than this shows a year that some can't (about ten years, seconds). */
const WORST_CLOCK_S = 315_360_000;

interface SimulateOptions {
  readonly count: number;
  readonly seed: number;
  readonly clockError: number;
  readonly newEvery?: number;
  readonly zone?: string;
  readonly unit?: string;
  readonly misbehave?: readonly string[];
  readonly json?: boolean;
}

/** `simulate`: a virtual meter on a real pseudo-terminal, until a signal unplugs it. */
export function addSimulate(program: Command, cli: Cli): void {
  const command = program
    .command("simulate")
    .description("Plug in a virtual meter and print its device path; a running hub finds it. Ctrl-C unplugs it.")
    .argument("<driver>", "which meter; `glucohub drivers` lists them")
    .option("--count <n>", "how many readings it holds", readWhole(0, MOST), DEFAULTS.count)
    .option("--seed <s>", "equal seeds give equal meters", readWhole(0), DEFAULTS.seed)
    .option("--clock-error <s>", "how far its clock is ahead, seconds", readWhole(-WORST_CLOCK_S, WORST_CLOCK_S), 0)
    .option("--new-every <s>", "take a new reading about every that many seconds", readWhole(1))
    .option("--zone <zone>", "zone in which its clock runs (default: the hub's)")
    .option("--unit <unit>", "unit of its display, where models of both are sold: mg/dL or mmol/L", readUnit)
    .option("--misbehave <ways>", `how it shall misbehave, with commas: ${WAYS.join(", ")}`, readWays)
    .option("--json", "one JSON object: port, driver, serial")
    .action((driver: string, options: SimulateOptions) => simulate(cli, driver, options));
  withExample(
    command,
    "simulate onetouch-ultra2 --count 50 --seed 7",
    "simulate onetouch-ultra2 --misbehave slow,declines",
  );
}

function readUnit(text: string): string {
  if (text === "mg/dL" || text === "mmol/L") return text;
  throw new InvalidArgumentError("It is mg/dL or mmol/L.");
}

function readWays(text: string): readonly string[] {
  const ways = text.split(",").map((way) => way.trim());
  const unknown = ways.find((way) => !WAYS.includes(way));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of ${WAYS.join(", ")}.`);
  return ways;
}

async function simulate(cli: Cli, id: string, options: SimulateOptions): Promise<void> {
  const settings = cli.settings();
  const driver = serialDriver(id);
  const { zone } = ownersFor(settings, options);
  const ending = cli.io.interruption();
  const meter = await plugIn({
    driver,
    portsDir: join(settings.data, "ports"),
    clock: cli.io.clock,
    zone,
    count: options.count,
    seed: options.seed,
    clockErrorMs: options.clockError * 1_000,
    ...(options.unit === "mmol/L" ? { unit: "mmol/L" as const } : {}),
    ...(options.misbehave?.includes("declines") ? { declines: DECLINES } : {}),
    misbehave: MISBEHAVIOURS.filter((way) => options.misbehave?.includes(way)),
    ...(options.newEvery === undefined ? {} : { newReadingEveryMs: options.newEvery * 1_000 }),
  });
  try {
    if (options.json === true) await cli.out.json({ port: meter.port, driver: driver.id, serial: meter.serial });
    else await cli.out.print(meter.port);
    cli.out.note(`A virtual ${driver.models[0] ?? driver.id}, serial number ${meter.serial}. Ctrl-C unplugs it.`);
    await new Promise<void>((resolve) => {
      if (ending.aborted) resolve();
      ending.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    await meter.unplug();
  }
}
