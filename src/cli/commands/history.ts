import type { Command } from "commander";
import type { RecordFields } from "../../domain/record.js";
import { historyOf, type InnerState } from "../../store/queries.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { table } from "../plain.js";
import { wholeId } from "../record-id.js";
import { withStore } from "../with-store.js";

/** `history`: every state that a record ever had. */
export function addHistory(program: Command, cli: Cli): void {
  const command = program
    .command("history")
    .description("Show every state that a record ever had, oldest first.")
    .argument("<id>", "the record's id, or its beginning (8 characters or more)")
    .option("--json", "one JSON object with all states, version and versionSynced")
    .action((id: string, options: { json?: boolean }) => history(cli, id, options.json === true));
  withExample(command, "history 1f2e3d4c", "history 1f2e3d4c --json");
}

async function history(cli: Cli, idText: string, json: boolean): Promise<void> {
  const settings = cli.settings();
  await withStore(cli, settings, async (store) => {
    const id = await wholeId(store, "records", idText);
    const found = await historyOf(store, id);
    if (json) {
      const { version, versionSynced, states } = found;
      await cli.out.json({ id, version, versionSynced, states });
      return;
    }
    const rows = found.states.map((state, index) => [
      String(state.state),
      state.at,
      state.by,
      state.why,
      changes(found.states[index - 1], state),
    ]);
    await cli.out.print(...table(["state", "at", "by", "why", "what"], rows));
    const waits = found.version > found.versionSynced;
    cli.out.note(waits ? "The newest state is not confirmed by a cloud." : "The cloud has the newest state.");
  });
}

/** What a state changed against the one before; of the first what it says. */
function changes(before: InnerState | undefined, state: InnerState): string {
  const old: Partial<RecordFields> = before?.fields ?? {};
  const parts = Object.entries(state.fields)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name as keyof RecordFields] ?? null))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  if (state.deleted !== (before?.deleted ?? false)) parts.unshift(state.deleted ? "deleted" : "brought back");
  return parts.join(", ");
}
