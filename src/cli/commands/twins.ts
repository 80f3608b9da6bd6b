import type { Command } from "commander";
import { linkTwins } from "../../ingest/link-twins.js";
import { listTwins, type Twins, undoTwins } from "../../store/twins.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { table } from "../plain.js";
import { wholeId } from "../record-id.js";
import { recordCells } from "../record-text.js";
import { withStore } from "../with-store.js";

/** How many links are taken from the store at a time. */
const PAGE = 500;

/** `twins`: measurements that came both from a meter and in an export, and are counted once. */
export function addTwins(program: Command, cli: Cli): void {
  const command = program
    .command("twins")
    .description("List measurements that came both from a meter and in an export; each counts once.")
    .option("--json", "one JSON object a line")
    .action((options: { json?: boolean }) => list(cli, options.json === true));
  withExample(command, "twins", "twins undo 1f2e3d4c");
  const undo = command
    .command("undo")
    .description("Say that two linked records are two measurements: both count, and they are never linked again.")
    .argument("<id>", "the id of either record, or its beginning (8 characters or more)")
    .action((id: string) => part(cli, id));
  withExample(undo, "twins undo 1f2e3d4c");
  const find = command
    .command("find")
    .description("Look through all records once more, as is done with new ones after each session and import.")
    .action(() => look(cli));
  withExample(find, "twins find");
}

async function list(cli: Cli, json: boolean): Promise<void> {
  const settings = cli.settings();
  await withStore(cli, settings, async (store) => {
    let after: string | undefined;
    let pages = 0;
    do {
      const page = await listTwins(store, { after, limit: PAGE });
      after = page.next ?? undefined;
      if (json) await cli.out.json(...page.twins);
      else if (page.twins.length === 0) cli.out.note("No measurement came by two ways.");
      else
        await cli.out.print(
          ...table(
            HEAD,
            page.twins.map((twins) => cells(twins, settings.zone)),
          ).slice(pages === 0 ? 0 : 1),
        );
      pages += 1;
    } while (after !== undefined && !cli.out.closed);
  });
}

const HEAD = ["meter's record", "time", "value", "export's record", "time", "value", "from", "counts"];

function cells({ meter, copy, holds }: Twins, zone: string): string[] {
  const [, meterTime = "", , meterValue = ""] = recordCells(meter, zone);
  const [, copyTime = "", , copyValue = ""] = recordCells(copy, zone);
  const from = copy.sourceName ?? copy.source;
  return [meter.id, meterTime, meterValue, copy.id, copyTime, copyValue, from, holds ? "once" : "each by itself"];
}

async function part(cli: Cli, idText: string): Promise<void> {
  const { by, at } = cli.author("twins undone on the command line");
  const { meter, copy } = await withStore(cli, cli.settings(), async (store) =>
    undoTwins(store, await wholeId(store, "records", idText), { by, at }),
  );
  await cli.out.print(`${meter.id} and ${copy.id} are two measurements now.`);
}

async function look(cli: Cli): Promise<void> {
  const { by, at } = cli.author("looked for twins on the command line");
  const signal = cli.io.interruption();
  const links = await withStore(cli, cli.settings(), (store) => linkTwins(store, { by, at, signal, all: true }));
  await cli.out.print(`${links} new ${links === 1 ? "pair was" : "pairs were"} found.`);
}
