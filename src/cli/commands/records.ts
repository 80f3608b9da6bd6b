import { type Command, Option } from "commander";
import { Problem } from "../../domain/problem.js";
import { KINDS, type Kind } from "../../domain/record.js";
import { listRecords } from "../../store/queries.js";
import type { Cli } from "../cli.js";
import { csvHead, csvRecord } from "../csv.js";
import { withExample } from "../help.js";
import { table } from "../plain.js";
import { RECORD_HEAD, recordCells } from "../record-text.js";
import { readTime } from "../when.js";
import { readWhole } from "../whole-number.js";
import { withStore } from "../with-store.js";

/** How many records are taken from the store at a time. */
const PAGE = 500;

interface RecordsOptions {
  readonly since?: string;
  readonly until?: string;
  readonly kind?: string;
  readonly patient?: string;
  readonly deleted?: boolean;
  readonly limit?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `records`: lists what is kept, newest first. */
export function addRecords(program: Command, cli: Cli): void {
  const command = program
    .command("records")
    .description("List records, newest first.")
    .option("--since <t>", "from this time on; an instant, a time or a day in the hub's zone")
    .option("--until <t>", "before this time")
    .option("--kind <k>", "of this kind only")
    .option("--patient <id>", "of this patient only")
    .option("--deleted", "deleted ones too")
    .option("--limit <n>", "at most that many", readWhole(1))
    .option("--json", "one JSON object a line")
    .addOption(new Option("--csv", "comma-separated values (RFC 4180)").conflicts("json"))
    .action((options: RecordsOptions) => records(cli, options));
  withExample(command, "records --since 2026-11-01 --kind glucose", "records --csv > records.csv");
}

async function records(cli: Cli, options: RecordsOptions): Promise<void> {
  const settings = cli.settings();
  const { zone } = settings;
  const kind = options.kind;
  if (kind !== undefined && !(KINDS as readonly string[]).includes(kind))
    throw new Problem("USAGE", `--kind must be one of ${KINDS.join(", ")}, not "${kind}".`);
  const query = {
    since: options.since === undefined ? undefined : readTime(options.since, zone, "--since", true).instant,
    until: options.until === undefined ? undefined : readTime(options.until, zone, "--until", true).instant,
    kind: kind as Kind | undefined,
    patient: options.patient,
    deleted: options.deleted,
  };
  if (options.csv === true) await cli.out.raw(csvHead());
  await withStore(cli, settings, async (store) => {
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    let after: string | undefined;
    let pages = 0;
    do {
      const page = await listRecords(store, { ...query, after, limit: Math.min(PAGE, left) });
      left -= page.records.length;
      after = page.next ?? undefined;
      if (options.json === true) await cli.out.json(...page.records);
      else if (options.csv === true) await cli.out.raw(page.records.map(csvRecord).join(""));
      else if (page.records.length > 0) {
        const cells = page.records.map((record) => recordCells(record, zone));
        await cli.out.print(...table(RECORD_HEAD, cells).slice(pages === 0 ? 0 : 1));
      } else cli.out.note("There are no such records.");
      pages += 1;
    } while (after !== undefined && left > 0 && !cli.out.closed);
  });
}
