import type { Kind } from "../../src/domain/record.js";
import { headingOf } from "../shared/csv/columns.js";
import { readWall } from "../shared/csv/date.js";
import type { CsvTable } from "../shared/csv/read-table.js";
import type { CsvRow } from "../shared/csv/row-cutter.js";
import { readNumber, type Spelling, type SpellingSurvey } from "../shared/csv/spelling.js";
import { amountOf, readGlucose } from "../shared/export/amount.js";
import type { ExportReading } from "../shared/export/reading.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";

/** The columns, always in this order (list of formats, section 4). */
const HEADINGS = ["DAY", "TIME", "UDT_CGMS", "BG_LEVEL", "CH_GR", "BOLUS", "REMARK"];
/** Rows end behind their last value: a sensor's may have three cells. */
const LEAST_CELLS = 3;

/** True for the row of column names. */
export function isHeader(cells: readonly string[]): boolean {
  return HEADINGS.every((heading, place) => headingOf(cells[place] ?? "") === heading);
}

/** Rows of a minute each, with one value as a rule, and several where they belong together. */
export class SiDiaryTable implements CsvTable {
  #begun = false;

  width(): { least: number; most: number } {
    // A remark may hold the sign that parts the cells.
    return { least: HEADINGS.length, most: Number.POSITIVE_INFINITY };
  }

  survey({ cells }: CsvRow, survey: SpellingSurvey): void {
    for (const cell of cells.slice(2, 6)) survey.number(cell);
  }

  tell(row: CsvRow, spelling: Spelling, teller: Teller): void {
    if (!this.#begun) {
      this.#begun = isHeader(row.cells);
      return;
    }
    const cells = row.cells.map((cell) => cell.trim());
    if (cells.length < LEAST_CELLS) throw new Unfit("it has fewer cells than there are columns");
    const [day = "", time = "", sensor = "", blood = "", carbs = "", bolus = ""] = cells;
    // The program writes days with the day first, whatever the phone's language.
    const deviceTime = readWall(day, time, "dmy");
    const number = (text: string): number => readNumber(text, spelling);
    const remark =
      row.cells
        .slice(HEADINGS.length - 1)
        .join(";")
        .trim() || null;
    const parts: Part[] = [];
    if (sensor !== "" && teller.wants("glucose"))
      parts.push({
        kind: "glucose",
        what: "sensor",
        specimen: "interstitial",
        ...readGlucose(sensor, "mg/dL", null, number),
      });
    if (blood !== "" && teller.wants("glucose"))
      parts.push({
        kind: "glucose",
        what: "blood",
        specimen: "capillary",
        ...readGlucose(blood, "mg/dL", null, number),
      });
    if (carbs !== "" && teller.wants("carbs")) {
      const value = amountOf(number(carbs), "carbohydrates", 5_000);
      parts.push({ kind: "carbs", what: "carbs", value, unit: "g", asSent: `${carbs} g` });
    }
    if (bolus !== "" && teller.wants("insulin")) {
      const value = amountOf(number(bolus), "a dose", 1_000);
      parts.push({ kind: "insulin", what: "bolus", value, unit: "U", delivery: "bolus", asSent: `${bolus} U` });
    }
    const bare = [sensor, blood, carbs, bolus].every((cell) => cell === "");
    if (bare && remark !== null) parts.push({ kind: "note", what: "note", value: null, unit: null, asSent: "" });
    for (const { what, ...part } of parts)
      teller.tell([what, deviceTime], { ...part, note: remark, deviceTime, raw: row.raw });
  }
}

type Part = Pick<ExportReading, "value" | "unit" | "asSent"> &
  Partial<ExportReading> & { readonly kind: Kind; readonly what: string };
