import { type Command, Option } from "commander";
import { type Conflict, listConflicts, resolveConflict } from "../../store/conflicts.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { table } from "../plain.js";
import { wholeId } from "../record-id.js";
import { withStore } from "../with-store.js";

/** `conflicts`: fields that were changed on both sides, and which side to keep. */
export function addConflicts(program: Command, cli: Cli): void {
  const command = program
    .command("conflicts")
    .description("List fields that were changed both here and in the cloud.")
    .option("--json", "one JSON object a line")
    .action((options: { json?: boolean }) => list(cli, options.json === true));
  withExample(command, "conflicts", "conflicts resolve 1f2e3d4c --keep remote");
  const resolve = command
    .command("resolve")
    .description("Keep one side of a conflict.")
    .argument("<id>", "the conflict's id, or its beginning (8 characters or more)")
    .addOption(
      new Option("--keep <side>", "local: the record as it is; remote: what the cloud said")
        .choices(["local", "remote"])
        .makeOptionMandatory(),
    )
    .action((id: string, options: { keep: "local" | "remote" }) => keep(cli, id, options.keep));
  withExample(resolve, "conflicts resolve 1f2e3d4c --keep remote");
}

async function list(cli: Cli, json: boolean): Promise<void> {
  const conflicts = await withStore(cli, cli.settings(), listConflicts);
  if (json) await cli.out.json(...conflicts);
  else if (conflicts.length === 0) cli.out.note("There are no conflicts.");
  else await cli.out.print(...table(["id", "record", "field", "here", "cloud", "before"], conflicts.map(cells)));
}

function cells({ id, record, field, base, local, remote, localBy, remoteBy }: Conflict): string[] {
  const said = (value: unknown, by: string): string => `${JSON.stringify(value)} (${by})`;
  return [id, record, field, said(local, localBy), said(remote, remoteBy), JSON.stringify(base)];
}

async function keep(cli: Cli, idText: string, side: "local" | "remote"): Promise<void> {
  const author = cli.author(`conflict resolved on the command line: kept ${side}`);
  const conflict = await withStore(cli, cli.settings(), async (store) =>
    resolveConflict(store, await wholeId(store, "conflicts", idText), side, author),
  );
  await cli.out.print(`${conflict.id}  ${conflict.field} of ${conflict.record}: kept ${side}.`);
}
