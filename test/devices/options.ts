import { parseArgs } from "node:util";

/** What a run of the lab is asked for. */
export interface LabOptions {
  /** One device of each transport only. */
  readonly short: boolean;
  /** Ids of entries of the plan; empty for all. */
  readonly only: readonly string[];
  /** Prints everything that the second machine says. */
  readonly log: boolean;
  readonly help: boolean;
}

/** Reads the arguments; a sentence where they are wrong. `known`: ids of the plan's entries. */
export function readOptions(args: readonly string[], known: readonly string[]): LabOptions | string {
  let options: LabOptions;
  try {
    options = parse(args);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const unknown = options.only.find((id) => !known.includes(id));
  return unknown === undefined ? options : `There is no device "${unknown}"; there are ${known.join(", ")}.`;
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      short: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      log: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  }).values;
}
