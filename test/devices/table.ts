import type { DeviceResult } from "./report.js";

const HEADINGS = ["device", "transport", "gadget", "node", "read by", "what was right", "compared", "s", ""] as const;

/** The results as a table, a line each. */
export function resultTable(results: readonly DeviceResult[]): string {
  const rows = results.map((result) => [
    result.id,
    result.transport,
    result.gadget,
    result.node ?? "-",
    result.readBy,
    result.steps.join(", ") || "-",
    String(result.compared),
    result.seconds.toFixed(1),
    result.problem === null ? "ok" : "FAILED",
  ]);
  const lines = [[...HEADINGS], ...rows];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "))
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}
