import type { Command } from "commander";
import type { GlucoseStatistics, InBothUnits, Share } from "../../domain/glucose-statistics.js";
import { type Statistics, statisticsOf } from "../../store/statistics.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { table } from "../plain.js";
import { readTime } from "../when.js";
import { withStore } from "../with-store.js";

interface StatisticsOptions {
  readonly since?: string;
  readonly until?: string;
  readonly patient?: string;
  readonly json?: boolean;
}

/** `statistics`: how many records there are, and what the glucose readings come to. */
export function addStatistics(program: Command, cli: Cli): void {
  const command = program
    .command("statistics")
    .description("Count records and sum up glucose; what came by two ways counts once.")
    .option("--since <t>", "from this time on; an instant, a time or a day in the hub's zone")
    .option("--until <t>", "before this time")
    .option("--patient <id>", "of this patient only")
    .option("--json", "one JSON object")
    .action((options: StatisticsOptions) => statistics(cli, options));
  withExample(command, "statistics --since 2026-11-01", "statistics --patient p-1 --json");
}

async function statistics(cli: Cli, { since, until, patient, json }: StatisticsOptions): Promise<void> {
  const settings = cli.settings();
  const query = {
    since: since === undefined ? undefined : readTime(since, settings.zone, "--since", true).instant,
    until: until === undefined ? undefined : readTime(until, settings.zone, "--until", true).instant,
    patient,
  };
  const found = await withStore(cli, settings, (store) => statisticsOf(store, query));
  if (json === true) await cli.out.json(found);
  else if (found.kinds.length === 0) cli.out.note("There are no such records.");
  else await cli.out.print(...kindLines(found), ...glucoseLines(found.glucose));
}

function kindLines({ kinds }: Statistics): string[] {
  const rows = kinds.map((one) => [one.kind, ...[one.count, one.controls, one.copies].map(String)]);
  return table(["kind", "records", "control tests left out", "copies left out"], rows);
}

function glucoseLines(glucose: GlucoseStatistics): string[] {
  const { measured, low, high, mean, standardDeviation, lowest, highest, below, within, above } = glucose;
  if (measured + low + high === 0) return [];
  return [
    "",
    ...table(
      ["glucose", "mg/dL", "mmol/L"],
      [
        ["mean", ...inBoth(mean)],
        ["standard deviation", ...inBoth(standardDeviation)],
        ["lowest", ...inBoth(lowest)],
        ["highest", ...inBoth(highest)],
      ],
    ),
    "",
    ...table(
      ["range", "readings", "share"],
      [
        ["below 70 mg/dL (3.9 mmol/L)", ...inShare(below)],
        ["70 to 180 mg/dL (3.9 to 10.0 mmol/L)", ...inShare(within)],
        ["above 180 mg/dL (10.0 mmol/L)", ...inShare(above)],
      ],
    ),
    "",
    `${measured} with a number, ${low} LO, ${high} HI. LO and HI count in the shares and not in the mean.`,
  ];
}

function inBoth(value: InBothUnits | null): string[] {
  return value === null ? ["-", "-"] : [value.mgDl.toFixed(1), value.mmolL.toFixed(2)];
}

function inShare(part: Share | null): string[] {
  return part === null ? ["-", "-"] : [String(part.count), `${(part.share * 100).toFixed(1)} %`];
}
