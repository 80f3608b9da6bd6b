import type { Command } from "commander";

/** Adds the examples with which a command's help ends; each is what comes after `glucohub`. */
export function withExample(command: Command, ...examples: readonly string[]): Command {
  const title = examples.length === 1 ? "Example:" : "Examples:";
  return command.addHelpText("after", ["", title, ...examples.map((line) => `  $ glucohub ${line}`)].join("\n"));
}
