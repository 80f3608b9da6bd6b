import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { DRIVERS } from "../../../drivers/index.js";
import { Problem } from "../../domain/problem.js";
import { KINDS, type Kind } from "../../domain/record.js";
import { type ImportReport, importFile } from "../../ingest/import-file.js";
import type { DateOrder } from "../../kit/driver.js";
import type { Settings } from "../../settings/settings.js";
import type { Store } from "../../store/store.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { ownersFor } from "../owners.js";
import { byteRate, progressBar } from "../progress.js";
import { exitOf, tellEnd } from "../session-end.js";
import { recordPrinter, tellUnreadable } from "../tell-session.js";
import { withStore } from "../with-store.js";

const DATE_ORDERS = ["dmy", "mdy"] as const satisfies readonly DateOrder[];

interface ImportOptions {
  readonly zone?: string;
  readonly kinds?: string;
  readonly patient?: string;
  readonly dateOrder?: DateOrder;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

/** `import`: takes health exports into the store, or only shows what is in them. */
export function addImport(program: Command, cli: Cli): void {
  const command = program
    .command("import")
    .description("Import health exports; the kind of file is detected. Importing a file again changes nothing.")
    .argument("<file...>", "one or more files")
    .option("--zone <zone>", "zone of times that carry none (default: the patient's, else the hub's)")
    .option("--kinds <k,...>", `only these kinds: ${KINDS.join(", ")}`)
    .option("--patient <id>", "whose readings they are")
    .addOption(
      new Option(
        "--date-order <order>",
        "how to read dates such as 01/02/2026, where the file does not show it: dmy, the day first; mdy, the month",
      ).choices(DATE_ORDERS),
    )
    .option("--json", "one JSON object a file: its counts; with --dry-run one a record")
    .addOption(new Option("--store", "keep the records (the default)").conflicts("dryRun"))
    .option("--dry-run", "store nothing, only show what is in it")
    .action((files: readonly string[], options: ImportOptions) => importAll(cli, files, options));
  withExample(
    command,
    "import export.zip",
    "import --dry-run --json --kinds glucose,insulin export.xml",
    "import --date-order dmy glucose.csv",
  );
}

async function importAll(cli: Cli, files: readonly string[], options: ImportOptions): Promise<void> {
  const settings = cli.settings();
  const kinds = readKinds(options.kinds);
  const run = async (store: Store | null): Promise<void> => {
    const exits: number[] = [];
    for (const file of files) {
      const report = await importOne(cli, settings, file, store, kinds, options);
      exits.push(await tell(cli, report, store !== null, options.json === true));
      if (cli.io.interruption().aborted) break;
    }
    cli.exitCode = exits.some((code) => code === 1 || code === 2) ? 1 : exits.includes(3) ? 3 : 0;
  };
  if (options.dryRun === true) await run(null);
  else await withStore(cli, settings, run);
}

async function importOne(
  cli: Cli,
  settings: Settings,
  file: string,
  store: Store | null,
  kinds: ReadonlySet<Kind> | null,
  options: ImportOptions,
): Promise<ImportReport> {
  const bar = progressBar(cli.io, file, byteRate);
  const { ownerOf, zone } = ownersFor(settings, options);
  const printer = recordPrinter(cli, zone, true);
  const report = await importFile({
    file: resolve(cli.io.cwd, file),
    drivers: DRIVERS,
    store,
    clock: cli.io.clock,
    ownerOf,
    kinds,
    dateOrder: options.dateOrder ?? null,
    signal: cli.io.interruption(),
    log: cli.quietLog(settings),
    onProgress: ({ doneBytes, totalBytes }) => bar.update(doneBytes, totalBytes),
    onRecord: store === null && options.json === true ? (record) => printer.print(record) : undefined,
  });
  bar.stop();
  await printer.done();
  return report;
}

/** Shows one file's outcome; the exit code that it alone would give. */
async function tell(cli: Cli, report: ImportReport, stored: boolean, json: boolean): Promise<number> {
  const { name, format, state, byKind, damagedEntries, problem } = report;
  const follows = (changed: number): string =>
    changed === 0 ? "" : ` (${changed} changed in the export, and here now)`;
  const lines = byKind.map(
    (count) => `  ${count.kind}: ${count.new} new, ${count.known} known${follows(count.changed)}`,
  );
  if (report.conflicts > 0)
    lines.push(`  ${report.conflicts} were changed both here and in the export: see \`glucohub conflicts\`.`);
  const verdict = { done: "imported", partial: "imported in part", failed: "not imported", running: "not imported" };
  const what = stored ? verdict[state] : state === "failed" ? "could not be read" : "looked through, nothing stored";
  const title = `${name}${format === null ? "" : ` (${format})`}: ${what}; ${report.new} new, ${report.known} known.`;
  if (json && stored) await cli.out.json(report);
  else if (json) cli.out.note(title, ...lines);
  else await cli.out.print(title, ...lines);
  tellUnreadable(cli, report.unreadable, report.notUnderstood, stored);
  if (damagedEntries.length > 0) cli.out.note(`Damaged and not read: ${damagedEntries.join(", ")}.`);
  if (problem === null) return damagedEntries.length > 0 ? 3 : 0;
  const end = {
    code: report.outcome === "done" ? ("INTERNAL" as const) : report.outcome,
    partial: state === "partial",
  };
  const { detail } = problem;
  tellEnd(cli, { ...end, detail: detail.includes(name) ? detail : `${name}: ${detail}` });
  return exitOf(end);
}

function readKinds(text: string | undefined): ReadonlySet<Kind> | null {
  if (text === undefined) return null;
  const kinds = new Set<Kind>();
  for (const word of text.split(",").map((part) => part.trim())) {
    const kind = KINDS.find((known) => known === word);
    if (kind === undefined) throw new Problem("USAGE", `--kinds takes ${KINDS.join(", ")}; not "${word}".`);
    kinds.add(kind);
  }
  return kinds;
}
