import type { RestoreMode } from "./model-cloud.js";
import type { Lateness, Switches } from "./plan.js";
import { DEFAULT_SWITCHES } from "./simulate.js";

/** What the command line asks for. */
export interface Options {
  readonly help: boolean;
  readonly from: number;
  readonly count: number;
  /** Only each that many-th seed. */
  readonly step: number;
  readonly processes: number;
  /** Every single step of a failed run is told. */
  readonly verbose: boolean;
  /** One JSON object instead of a table, and no shrinking: for the process that started this one. */
  readonly json: boolean;
  /** How many seeds' hashes are told with it. */
  readonly hashes: number;
  readonly switches: Switches;
}

const MODES: readonly string[] = ["refuse-all", "refuse-lost", "silent"] satisfies RestoreMode[];
const LATENESSES: readonly string[] = ["never", "session", "free"] satisfies Lateness[];

/** What stands behind the command's name; a sentence that says what is wrong with it else. */
export function readOptions(args: readonly string[]): Options | string {
  const options = {
    help: false,
    from: 1,
    count: 10_000,
    step: 1,
    processes: 2,
    verbose: false,
    json: false,
    hashes: 0,
    cloud: DEFAULT_SWITCHES.cloud as readonly string[],
    hub: DEFAULT_SWITCHES.hub,
    late: DEFAULT_SWITCHES.late as string,
  };
  const left = [...args];
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (name === "--help") options.help = true;
    else if (name === "--verbose") options.verbose = true;
    else if (name === "--json") options.json = true;
    else if (name === "--cloud-restores") options.cloud = (left.shift() ?? "").split(",").filter((mode) => mode !== "");
    else if (name === "--hub-restores") options.hub = left.shift() !== "no";
    else if (name === "--late") options.late = left.shift() ?? "";
    else {
      const value = Number(left.shift());
      if (!Number.isInteger(value) || value < 0) return `${name} needs a whole number, or is no option.`;
      if (name === "--seeds") options.count = value;
      else if (name === "--from") options.from = value;
      else if (name === "--seed") Object.assign(options, { from: value, count: 1, processes: 1 });
      else if (name === "--step") options.step = Math.max(1, value);
      else if (name === "--processes") options.processes = Math.max(1, value);
      else if (name === "--hashes") options.hashes = value;
      else return `There is no option ${name}.`;
    }
  }
  const { cloud, hub, late, ...rest } = options;
  const wrong = cloud.find((mode) => !MODES.includes(mode));
  if (wrong !== undefined) return `--cloud-restores takes ${MODES.join(", ")}, not "${wrong}".`;
  if (!LATENESSES.includes(late)) return `--late takes ${LATENESSES.join(", ")}, not "${late}".`;
  return { ...rest, switches: { cloud: cloud as readonly RestoreMode[], hub, late: late as Lateness } };
}

/** The options as a command line again. */
export function switchArguments({ cloud, hub, late }: Switches): string[] {
  return ["--cloud-restores", cloud.join(","), "--hub-restores", hub ? "yes" : "no", "--late", late];
}
