import type { Command } from "commander";
import { removeRecord } from "../../store/records.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { wholeId } from "../record-id.js";
import { tellRecord } from "../tell-record.js";
import { withStore } from "../with-store.js";

/** `remove`: marks a record as deleted. */
export function addRemove(program: Command, cli: Cli): void {
  const command = program
    .command("remove")
    .description("Mark a record as deleted. It stays in the history and can be restored.")
    .argument("<id>", "the record's id, or its beginning (8 characters or more)")
    .option("--json", "print the record as JSON")
    .action((id: string, options: { json?: boolean }) => remove(cli, id, options.json === true));
  withExample(command, "remove 1f2e3d4c");
}

async function remove(cli: Cli, idText: string, json: boolean): Promise<void> {
  const settings = cli.settings();
  const { record } = await withStore(cli, settings, async (store) =>
    removeRecord(store, await wholeId(store, "records", idText), cli.author("removed on the command line")),
  );
  await tellRecord(cli, record, settings.zone, json);
}
