import type { ImportReport } from "./import-file.js";

/** True if it was the hub that could not take the file (disk full, store busy, hub stopping), not the file's fault. */
export function isForLater({ outcome }: ImportReport): boolean {
  return outcome.startsWith("STORE_") || outcome === "TRANSPORT_CANCELED";
}

/** What stands beside a refused file: why, what was kept of it, what to do. Plain text, for whoever dropped it. */
export function refusalText(report: ImportReport): string {
  const { problem, name, unreadable, notUnderstood } = report;
  const kept = report.new + report.known;
  return [
    `${name} could not be imported${report.state === "partial" ? " to its end" : ""}.`,
    "",
    `Why: ${problem?.detail ?? report.outcome} (${report.outcome})`,
    `What to do: ${problem?.remedy ?? "Try again."}`,
    `Kept: ${kept === 0 ? "nothing" : `${kept} readings (${report.new} new, ${report.known} known before)`}.`,
    ...(unreadable === 0 ? [] : [`Not understood, kept for inspection: ${unreadable}.`]),
    ...notUnderstood.map((line) => `  - ${line}`),
    "",
  ].join("\n");
}
