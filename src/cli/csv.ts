import { guardFormula } from "../../drivers/shared/csv/formula.js";
import { FIELD_ORDER, type GlucoRecord } from "../domain/record.js";

const COLUMNS = ["id", "kind", "deleted", ...FIELD_ORDER] as const;

/** The first line of records as CSV. */
export function csvHead(): string {
  return csvLine(COLUMNS);
}

/** A record as a line of CSV, its columns those of the head. */
export function csvRecord(record: GlucoRecord): string {
  return csvLine(COLUMNS.map((name) => record[name]));
}

/**
 * A line of CSV as RFC 4180 has it: CRLF at its end, cells quoted where they hold commas, quotes or line breaks; null is
 * empty. Text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV injection): a note
 * must not run a command on the machine of whoever opens the file. `unguardFormula` takes just that apostrophe off again.
 */
export function csvLine(cells: readonly (string | number | boolean | null)[]): string {
  return `${cells.map(cell).join(",")}\r\n`;
}

function cell(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const safe = guardFormula(value);
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
