import type { GlucoRecord } from "../domain/record.js";
import type { SessionReport } from "../ingest/session-report.js";
import type { Cli } from "./cli.js";
import { tellRecord } from "./tell-record.js";

/** Prints records as they come, in their order; `done` resolves when all that came are out. */
export interface RecordPrinter {
  readonly print: (record: GlucoRecord) => void;
  done(): Promise<void>;
}

/** A printer of records; the same for whatever source they come from. */
export function recordPrinter(cli: Cli, zone: string, json: boolean): RecordPrinter {
  let last: Promise<void> = Promise.resolve();
  return {
    print(record) {
      // The stream keeps the order; only the last one has to be waited for.
      last = tellRecord(cli, record, zone, json);
    },
    done: () => last,
  };
}

/** Says on standard error what a meter's session told. */
export function tellSummary(cli: Cli, report: SessionReport, stored: boolean): void {
  const { identity, clockErrorMs } = report;
  const { manufacturer, model, serial } = identity ?? { manufacturer: null, model: null, serial: null };
  const name = [manufacturer, model, serial].filter((part) => part !== null).join(" ") || "The meter";
  const clock = clockErrorMs === null ? "its clock is unknown" : `its clock is ${clockText(clockErrorMs)}`;
  const total = report.new + report.known;
  const kept = stored ? `, ${report.new} new and stored, ${report.known} known before` : "; nothing was stored";
  cli.out.note(`${name}: ${total} readings${kept}; ${clock}.`);
  tellUnreadable(
    cli,
    report.unreadable,
    report.firstUnreadable.map(({ code, detail }) => `${detail} (${code})`),
    stored,
  );
}

/** Says what was not understood: how many things, and the first of them. */
export function tellUnreadable(cli: Cli, count: number, first: readonly string[], kept: boolean): void {
  if (count === 0) return;
  cli.out.note(`${count} could not be understood${kept ? " and are kept for inspection" : ""}:`);
  cli.out.note(...first.map((detail) => `  ${detail}`));
}

function clockText(errorMs: number): string {
  const seconds = Math.round(Math.abs(errorMs) / 1_000);
  return seconds === 0 ? "right" : `${seconds} s ${errorMs > 0 ? "ahead" : "behind"}`;
}
