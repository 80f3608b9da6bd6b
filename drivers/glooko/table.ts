import type { Kind } from "../../src/domain/record.js";
import { Columns } from "../shared/csv/columns.js";
import { readWallText } from "../shared/csv/date.js";
import { type CsvTable, UNKNOWN_WIDTH } from "../shared/csv/read-table.js";
import type { CsvRow } from "../shared/csv/row-cutter.js";
import { readNumber, type Spelling, type SpellingSurvey } from "../shared/csv/spelling.js";
import { amountOf, glucoseUnit, readGlucose } from "../shared/export/amount.js";
import type { ExportReading } from "../shared/export/reading.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";

/** What a file of the archive is about, by its columns: its name may be anybody's. */
export type GlookoFile = "cgm" | "bg" | "bolus" | "basal" | "totals";

const SENSOR = "CGM Glucose Value (";
const BLOOD = "Glucose Value (";
const DELIVERED = "Insulin Delivered (U)";
const CARBS = "Carbs Input (";

/** What a file with these column names is about; null if they are none of Glooko's that are known. */
export function kindOfFile(cells: readonly string[]): GlookoFile | null {
  const columns = new Columns(cells);
  if (columns.headings[0]?.toLowerCase() !== "timestamp" || !columns.has("Serial Number")) return null;
  if (columns.has("Insulin Type", DELIVERED)) return columns.has("Duration (minutes)", "Rate") ? "basal" : "bolus";
  if (glucoseUnit(columns.beginning(SENSOR)) !== null) return "cgm";
  if (glucoseUnit(columns.beginning(BLOOD)) !== null) return "bg";
  return columns.beginning("Total Bolus") !== "" || columns.beginning("Total Insulin") !== "" ? "totals" : null;
}

/** The rows of one of the archive's files. */
export class GlookoTable implements CsvTable {
  #columns: Columns | null = null;
  #about: GlookoFile | null = null;

  width(): { least: number; most: number } {
    const count = this.#columns?.count;
    return count === undefined ? UNKNOWN_WIDTH : { least: count, most: count };
  }

  survey({ cells }: CsvRow, survey: SpellingSurvey): void {
    if (this.#columns === null) {
      this.#meet(cells);
      return;
    }
    survey.date(this.#columns.cell(cells, "Timestamp"));
    for (const start of [SENSOR, BLOOD, DELIVERED, CARBS])
      survey.number(this.#columns.cell(cells, this.#columns.beginning(start)));
  }

  tell(row: CsvRow, spelling: Spelling, teller: Teller): void {
    if (this.#columns === null || this.#about === null) {
      this.#meet(row.cells);
      return;
    }
    const columns = this.#columns;
    // Sums of a day are made of doses that stand elsewhere.
    if (this.#about === "totals") {
      teller.other("sums of a day");
      return;
    }
    const cell = (start: string): string => columns.cell(row.cells, columns.beginning(start));
    const parts = this.#parts(this.#about, columns, cell, (text) => readNumber(text, spelling), teller);
    if (parts.length === 0) return;
    // A serial that is cut off would be another device's.
    if (!row.ended && columns.headings.at(-1)?.toLowerCase() === "serial number")
      throw new Unfit("the file ends in its last cell, the serial number");
    const deviceTime = readWallText(cell("Timestamp"), spelling.dateOrder);
    const serial = cell("Serial Number") || null;
    const device = { manufacturer: null, model: null, serial };
    for (const part of parts)
      teller.tell([this.#about, serial, deviceTime], { ...part, deviceTime, device, raw: row.raw });
  }

  #meet(cells: readonly string[]): void {
    const about = kindOfFile(cells);
    if (about === null) return;
    this.#about = about;
    this.#columns = new Columns(cells);
  }

  #parts(
    about: Exclude<GlookoFile, "totals">,
    columns: Columns,
    cell: (start: string) => string,
    number: (text: string) => number,
    teller: Teller,
  ): readonly Part[] {
    if (about === "cgm" || about === "bg") {
      if (!teller.wants("glucose")) return [];
      const start = about === "cgm" ? SENSOR : BLOOD;
      const unit = glucoseUnit(columns.beginning(start));
      if (unit === null) throw new Unfit("its column names no unit");
      const manual = cell("Manual Reading") === "" ? null : "Manual reading";
      const specimen = about === "cgm" ? "interstitial" : "capillary";
      return [{ kind: "glucose", specimen, note: manual, ...readGlucose(cell(start), unit, null, number) }];
    }
    const parts: Part[] = [];
    const delivered = cell(DELIVERED);
    const type = cell("Insulin Type");
    if (delivered === "")
      teller.other(about === "basal" ? "basal rates without an amount" : "boluses without an amount");
    else if (teller.wants("insulin")) {
      const value = amountOf(number(delivered), "a dose", 1_000);
      const amount = { kind: "insulin", value, unit: "U", asSent: `${delivered} U` } as const;
      if (about === "bolus")
        parts.push({ ...amount, delivery: "bolus", note: /^normal$/i.test(type) ? null : type || null });
      else parts.push({ ...amount, delivery: "basal", note: basalNote(type, cell("Duration (minutes)")) });
    }
    const carbs = cell(CARBS);
    if (about === "bolus" && carbs !== "" && teller.wants("carbs") && number(carbs) > 0) {
      if (!/\(g\)/i.test(columns.beginning(CARBS))) throw new Unfit("its carbohydrates are not in grams");
      const value = amountOf(number(carbs), "carbohydrates", 5_000);
      parts.push({ kind: "carbs", value, unit: "g", asSent: `${carbs} g` });
    }
    return parts;
  }
}

type Part = Pick<ExportReading, "value" | "unit" | "asSent"> & Partial<ExportReading> & { readonly kind: Kind };

function basalNote(type: string, minutes: string): string | null {
  const parts = [type, minutes === "" ? "" : `over ${minutes} min`].filter((part) => part !== "");
  return parts.length === 0 ? null : parts.join(", ");
}
