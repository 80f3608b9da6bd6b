import { parseArgs } from "node:util";

/** What a run is asked for. */
export interface BenchOptions {
  /** Names of benches, in the order in which they run. */
  readonly names: readonly string[];
  readonly records: number;
  readonly readings: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the arguments; a sentence where they are wrong. */
export function readOptions(args: readonly string[], known: readonly string[]): BenchOptions | string {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = parsed;
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) return `There is no bench "${unknown}"; there are ${known.join(", ")}.`;
  for (const name of ["records", "readings"] as const)
    if (!/^[1-9]\d{0,6}$/.test(values[name]))
      return `--${name}: "${values[name]}" is no whole number from 1 to 9999999.`;
  return {
    names: positionals.length === 0 ? known : known.filter((name) => positionals.includes(name)),
    records: Number(values.records),
    readings: Number(values.readings),
    json: values.json,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      records: { type: "string", default: "100000" },
      readings: { type: "string", default: "300" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
}
