import type { CsvTable } from "../shared/csv/read-table.js";
import type { CsvRow } from "../shared/csv/row-cutter.js";
import { readNumber } from "../shared/csv/spelling.js";
import { readInstant } from "../shared/export/instant.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";
import { dateOf, tellEntry } from "./entry.js";

/** `"2026-04-05T20:30:29.000Z",1775421029000,162,"Flat",`: date, milliseconds, value, trend, device. */
const CELLS = 5;

/** True for a row of entries: they have no column names (vector nightscout-entries.csv). */
export function isEntryRow(cells: readonly string[]): boolean {
  const [date = "", ms = "", value = ""] = cells;
  const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/.test(date);
  return isDate && /^\d{12,13}$/.test(ms) && /^\d{1,3}(\.\d+)?$/.test(value);
}

/** Rows of entries. */
export class EntriesTable implements CsvTable {
  width(): { least: number; most: number } {
    return { least: CELLS, most: Number.POSITIVE_INFINITY };
  }

  survey(): void {
    // Dates begin with the year, and numbers have a point if anything.
  }

  tell({ cells, raw }: CsvRow, _spelling: unknown, teller: Teller): void {
    if (!teller.wants("glucose")) return;
    const [date = "", ms = "", printed = "", , device = ""] = cells.map((cell) => cell.trim());
    const dateMs = dateOf(/^\d{12,13}$/.test(ms) ? Number(ms) : null);
    // Both say the same; if they do not, nobody knows which of them is right.
    if (Math.abs(readInstant(date) - dateMs) >= 1_000) throw new Unfit("its two dates contradict each other");
    const value = readNumber(printed, { decimal: "." });
    tellEntry({ type: "sgv", dateMs, value, printed, device: device || null }, raw, teller);
  }
}
