import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { Problem } from "../../domain/problem.js";
import { blankTranscript } from "../../kit/blank.js";
import { printTranscript } from "../../kit/transcript.js";
import { meterDriver } from "../choose-port.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { loadTranscript } from "../load-transcript.js";
import { sameReadings } from "../same-readings.js";

/** `transcript`: what can be done with a recorded conversation beside replaying it. */
export function addTranscript(program: Command, cli: Cli): void {
  const command = program.command("transcript").description("Work on transcripts, as `read --record` writes them.");
  withExample(command, "transcript blank meter.txt --out to-send.txt");
  const blank = command
    .command("blank")
    .description(
      "Take out what tells whose meter it was: serial numbers, names and remarks; checksums are made right again. " +
        "The result is replayed to make sure that its readings are the same.",
    )
    .argument("<file>", "a transcript")
    .option("--out <file>", "write it to this new file (default: standard output)")
    .action((file: string, options: { out?: string }) => blankFile(cli, file, options.out));
  withExample(blank, "transcript blank meter.txt --out to-send.txt");
}

async function blankFile(cli: Cli, file: string, out: string | undefined): Promise<void> {
  const target = out === undefined ? null : resolve(cli.io.cwd, out);
  if (target !== null && existsSync(target)) throw new Problem("USAGE", `${target} exists; it is not overwritten.`);
  const transcript = await loadTranscript(cli, file);
  const driver = meterDriver(transcript.headers.driver);
  const blanked = blankTranscript(driver, transcript);
  const { same, serial } = await sameReadings(driver, transcript, blanked, cli.io.interruption());
  if (!same) {
    const why =
      "The blanked transcript does not replay to the same readings, so it would show us another fault than yours.";
    throw new Problem("TRANSPORT_REPLAY", why);
  }
  const text = printTranscript(blanked);
  if (target === null) await cli.out.raw(text);
  else {
    await writeFile(target, text, { flag: "wx", mode: 0o600 });
    cli.out.note(`The blanked transcript stands in ${target}.`);
  }
  cli.out.note(
    serial === null
      ? "The meter told no serial number. Times and values are as they were."
      : "The serial number is masked. Times and values are as they were: they are what is looked at.",
  );
}
