import { parseArgs } from "node:util";

/** What a run is asked for. */
export interface SoakOptions {
  readonly cycles: number;
  readonly seed: number;
  /** Size of the export that is imported, megabytes. */
  readonly megabytes: number;
  /** Names of scenarios, in the order in which they run. */
  readonly names: readonly string[];
  readonly help: boolean;
}

/** Reads the arguments; a sentence where they are wrong. Without a seed, `seed` is the one that chance gave. */
export function readOptions(args: readonly string[], known: readonly string[], seed: number): SoakOptions | string {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { only, help, ...numbers } = parsed;
  const unknown = only.find((name) => !known.includes(name));
  if (unknown !== undefined) return `There is no scenario "${unknown}"; there are ${known.join(", ")}.`;
  if (!/^[1-9]\d{0,5}$/.test(numbers.cycles))
    return `--cycles: "${numbers.cycles}" is no whole number from 1 to 999999.`;
  if (!/^[1-9]\d{0,3}$/.test(numbers.megabytes))
    return `--megabytes: "${numbers.megabytes}" is no whole number from 1 to 9999.`;
  const given = numbers.seed ?? String(seed);
  if (!/^\d{1,9}$/.test(given)) return `--seed: "${given}" is no whole number from 0 to 999999999.`;
  return {
    cycles: Number(numbers.cycles),
    seed: Number(given),
    megabytes: Number(numbers.megabytes),
    names: only.length === 0 ? known : known.filter((name) => only.includes(name)),
    help,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      cycles: { type: "string", default: "200" },
      megabytes: { type: "string", default: "2000" },
      seed: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  }).values;
}
