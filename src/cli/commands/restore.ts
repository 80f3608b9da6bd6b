import type { Command } from "commander";
import { restoreRecord } from "../../store/records.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { wholeId } from "../record-id.js";
import { tellRecord } from "../tell-record.js";
import { readWhole } from "../whole-number.js";
import { withStore } from "../with-store.js";

interface RestoreOptions {
  readonly state?: number;
  readonly json?: boolean;
}

/** `restore`: brings back an earlier state of a record. */
export function addRestore(program: Command, cli: Cli): void {
  const command = program
    .command("restore")
    .description("Bring back an earlier state of a record, or a deleted record.")
    .argument("<id>", "the record's id, or its beginning (8 characters or more)")
    .option("--state <n>", "which, as `glucohub history` counts them (default: the last not deleted)", readWhole(1))
    .option("--json", "print the record as JSON")
    .action((id: string, options: RestoreOptions) => restore(cli, id, options));
  withExample(command, "restore 1f2e3d4c", "restore 1f2e3d4c --state 2");
}

async function restore(cli: Cli, idText: string, { state, json }: RestoreOptions): Promise<void> {
  const settings = cli.settings();
  const why = state === undefined ? "restored on the command line" : `state ${state} restored on the command line`;
  const { record } = await withStore(cli, settings, async (store) =>
    restoreRecord(store, await wholeId(store, "records", idText), state ?? null, cli.author(why)),
  );
  await tellRecord(cli, record, settings.zone, json === true);
}
