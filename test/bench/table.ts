import { type Figure, type Skipped, type Unit, verdict } from "./figure.js";

const HEAD = ["name", "ours", "against", "ratio", "target", ""];

/** The figures as a table of plain text, one line each, columns aligned; numbers to the right. */
export function tableText(lines: readonly (Figure | Skipped)[]): string {
  const rows = lines.filter((line) => "ours" in line).map(cells);
  const widths = HEAD.map((head, column) => Math.max(...[HEAD, ...rows].map((row) => (row[column] ?? head).length)));
  const text = [HEAD, ...rows].map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  const skipped = lines.filter((line) => "skipped" in line).map(({ name, skipped }) => `${name}: skipped. ${skipped}`);
  return [...text, ...skipped].join("\n");
}

/** The figures as JSON, one object a line, with their verdicts. */
export function jsonText(lines: readonly (Figure | Skipped)[]): string {
  return lines.map((line) => JSON.stringify("ours" in line ? { ...line, verdict: verdict(line) } : line)).join("\n");
}

function cells(figure: Figure): string[] {
  const { name, unit, ours, floor, ratio, target } = figure;
  return [
    name,
    amount(ours, unit),
    floor === null ? "-" : amount(floor, unit),
    ratio === null ? "-" : multiple(ratio),
    target === null ? "-" : `<= ${target.of === "ratio" ? multiple(target.atMost) : amount(target.atMost, unit)}`,
    verdict(figure) ?? "",
  ];
}

/** Small ones with three digits behind the point, so that a tenth and a fifteenth can be told apart. */
function multiple(ratio: number): string {
  return ratio < 1 ? ratio.toFixed(3) : ratio.toFixed(2);
}

function amount(value: number, unit: Unit): string {
  if (unit === "ms" && value >= 1_000) return `${(value / 1_000).toFixed(2)} s`;
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(2)} ${unit}`;
}
