import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { asProblem, type Problem } from "../domain/problem.js";
import { PROBLEMS } from "../domain/problem.table.js";
import { Cli } from "./cli.js";
import { COMMANDS } from "./commands.js";
import type { CliIo } from "./io.js";

/**
 * Runs one command line (without the names of the program) to its end and gives its exit code: 0 done, 1 failed, 2 wrong
 * usage or settings, 3 the source was read only in part. Never rejects: an error is a sentence on standard error, with
 * what to do about it.
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const cli = new Cli(io);
  try {
    await createProgram(cli).parseAsync(argv, { from: "user" });
  } catch (error) {
    // Commander has said what was wrong; asking for help or the version is no mistake.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : PROBLEMS.USAGE.exit;
    return tell(cli, asProblem(error));
  }
  const { failure } = cli.out;
  if (failure !== null) {
    cli.out.note(
      `glucohub: The output could not be written: ${failure.message}`,
      "  Check where it goes (a full disk?).",
    );
    return 1;
  }
  return cli.exitCode;
}

/** Every command of `glucohub`, ready to be parsed with. */
export function createProgram(cli: Cli): Command {
  const program = new Command("glucohub")
    .description("Reads glucose meters and health exports, keeps every change, stays in step with a cloud.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError("  `glucohub --help` lists the commands, `glucohub COMMAND --help` explains one.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void cli.out.raw(text),
      writeErr: (text) => void cli.io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "glucohub: ")),
    })
    .addHelpText("after", "\nExample:\n  $ glucohub start --demo");
  for (const add of COMMANDS) add(program, cli);
  return program;
}

function tell(cli: Cli, problem: Problem): number {
  const [first = "", ...more] = problem.message.split("\n");
  cli.out.note(`glucohub: ${first}`, ...more.map((line) => `  ${line}`), `  ${problem.remedy}`);
  return PROBLEMS[problem.code].exit;
}

/** The package's version, whether this runs from its sources or from what is built. */
function packageVersion(): string {
  for (const up of ["../../package.json", "../../../package.json"]) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(up, import.meta.url), "utf8")) as Record<
        string,
        string
      >;
      if (name === "glucohub" && version !== undefined) return version;
    } catch {
      // Not there: one folder further up.
    }
  }
  return "unknown";
}
