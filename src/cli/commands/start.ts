import type { Command } from "commander";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";

interface StartOptions {
  readonly demo?: boolean;
  readonly host?: string;
  readonly port?: string;
}

/** `start`: runs the hub in the foreground until a signal ends it in order. */
export function addStart(program: Command, cli: Cli): void {
  const command = program
    .command("start")
    .description("Run the hub in the foreground: meters, inbox, sync, dashboard.")
    .option("--demo", "simulated meters, an export and a cloud of its own")
    .option("--host <address>", "address to listen on")
    .option("--port <n>", "port to listen on; 0 takes any that is free")
    .action((options: StartOptions) => start(cli, options));
  withExample(command, "start", "start --demo");
}

async function start(cli: Cli, options: StartOptions): Promise<void> {
  const settings = cli.settings({ "http.host": options.host, "http.port": options.port });
  const ending = cli.io.interruption();
  // The demo speaks in sentences; the log joins in where something is wrong.
  const log = cli.log(options.demo === true && settings.log.level === "info" ? "warn" : settings.log.level);
  // Loaded here: no other command needs the whole house.
  const { startHub } = await import("../../hub.js");
  const hub = await startHub({
    settings,
    demo: options.demo === true,
    log,
    print: (line) => void cli.out.print(line),
  });
  await new Promise<void>((resolve) => {
    if (ending.aborted) resolve();
    ending.addEventListener("abort", () => resolve(), { once: true });
  });
  log.info({}, "stopping");
  await hub.stop();
}
