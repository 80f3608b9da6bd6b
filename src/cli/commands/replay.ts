import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { ownerBySerial } from "../../ingest/owner.js";
import { runSession } from "../../ingest/session.js";
import { converse } from "../../kit/converse.js";
import { transcriptPatience, transcriptResume, transcriptStartMs } from "../../kit/transcript.js";
import { VirtualClock } from "../../kit/virtual-clock.js";
import { replayMeter } from "../../transports/replay-meter.js";
import { meterDriver } from "../choose-port.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { loadTranscript } from "../load-transcript.js";
import { tellEnd } from "../session-end.js";
import { recordPrinter, tellSummary } from "../tell-session.js";

/** `replay`: runs a transcript through its driver, in the transcript's own time. */
export function addReplay(program: Command, cli: Cli): void {
  const command = program
    .command("replay")
    .description("Run a transcript through its driver and print the records, as `read` printed them. Stores nothing.")
    .argument("<file>", "a transcript, as `read --record` writes it")
    .option("--json", "one JSON object a line")
    .action((file: string, options: { json?: boolean }) => replay(cli, file, options.json === true));
  withExample(command, "replay meter.txt", "replay meter.txt --json");
}

async function replay(cli: Cli, file: string, json: boolean): Promise<void> {
  const settings = cli.settings();
  const transcript = await loadTranscript(cli, file);
  const { headers } = transcript;
  const driver = meterDriver(headers.driver);
  const clock = new VirtualClock(transcriptStartMs(headers));
  const transport = replayMeter(transcript, clock);
  const signal = cli.io.interruption();
  const printer = recordPrinter(cli, headers.zone, json);
  const report = await runSession({
    driver,
    events: converse(driver, transport, {
      clock,
      signal,
      log: cli.quietLog(settings),
      patience: transcriptPatience(headers),
      resume: async () => transcriptResume(headers),
    }),
    store: null,
    clock,
    ownerOf: ownerBySerial(settings.patients, headers.zone),
    kind: "session",
    captureId: randomUUID(),
    port: null,
    transcript: () => null,
    signal,
    collect: false,
    onRecord: (record) => printer.print(record),
  });
  await printer.done();
  await transport.close();
  tellSummary(cli, report, false);
  transport.finish();
  if (report.problem !== null) {
    const { code, message } = report.problem;
    tellEnd(cli, { code, detail: message, partial: report.partial });
  }
}
