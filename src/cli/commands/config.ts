import type { Command } from "commander";
import { maskedSettings } from "../../settings/mask.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { table } from "../plain.js";

/** `config`: the settings in force. */
export function addConfig(program: Command, cli: Cli): void {
  const command = program.command("config").description("Look at the settings.");
  withExample(command, "config check");
  const check = command
    .command("check")
    .description("Check every setting and show those in force, where each comes from, secrets masked.")
    .option("--json", "one JSON object a line")
    .action((options: { json?: boolean }) => show(cli, options.json === true));
  withExample(check, "config check");
}

async function show(cli: Cli, json: boolean): Promise<void> {
  const settings = maskedSettings(cli.loaded());
  if (json) await cli.out.json(...settings.map(({ name, value, from }) => ({ name, value: parsed(value), from })));
  else {
    const rows = settings.map(({ name, value, from }) => [name, value, from]);
    await cli.out.print(...table(["setting", "value", "from"], rows));
  }
}

/** A long value is shown shortened and is no JSON any more. */
function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
