import type { Kind } from "../../src/domain/record.js";
import { Columns } from "../shared/csv/columns.js";
import { readWall } from "../shared/csv/date.js";
import { type CsvTable, UNKNOWN_WIDTH } from "../shared/csv/read-table.js";
import type { CsvRow } from "../shared/csv/row-cutter.js";
import { readNumber, type Spelling, type SpellingSurvey } from "../shared/csv/spelling.js";
import { amountOf, glucoseUnit, readGlucose } from "../shared/export/amount.js";
import type { ExportReading } from "../shared/export/reading.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";

/** Begins and ends the line that opens a section (vector carelink-guardian-eu-semicolon). */
const RULE = /^-{5,}$/;
const BLOOD = "BG Reading (";
const SENSOR = "Sensor Glucose (";
const BOLUS = "Bolus Volume Delivered (";
const CARBS = "BWZ Carb Input (";
const MARKER = "Event Marker";
/** `Insulin: 27,00` and `Meal: 60,00grams` (the same vector). */
const INSULIN_MARKER = /^Insulin: ?(\d+(?:[.,]\d+)?)$/;
const MEAL_MARKER = /^Meal: ?(\d+(?:[.,]\d+)?) ?grams$/;
/** Cells that are no measurement, by the name under which they are counted. */
const OTHERS = [
  "Alarm",
  "Basal Rate (",
  "Prime Type",
  "Suspend",
  "Rewind",
  "New Device Time",
  "Sensor Calibration BG (",
];
/** A section whose name holds this is sums by day. */
const AGGREGATED = /aggregated/i;

/** A section of the file: of which device, and what it is about. */
export interface Section {
  readonly device: string;
  readonly about: string;
  readonly serial: string;
}

/** The section that this row opens (`-------;device;Pump;serial;-------`); null if it opens none. */
export function sectionOf(cells: readonly string[]): Section | null {
  const [first = "", device = "", about = "", serial = "", last = ""] = cells.map((cell) => cell.trim());
  return RULE.test(first) && RULE.test(last) && about !== "" ? { device, about, serial } : null;
}

/** True for the row of a section's column names. */
export function isHeader(cells: readonly string[]): boolean {
  return new Columns(cells).has("Index", "Date", "Time");
}

/** CareLink's rows: a preamble with names, then sections, each with column names of its own, the newest row first. */
export class CareLinkTable implements CsvTable {
  #section: Section | null = null;
  #columns: Columns | null = null;

  width(): { least: number; most: number } {
    const count = this.#columns?.count;
    return count === undefined ? UNKNOWN_WIDTH : { least: count, most: count };
  }

  survey({ cells }: CsvRow, survey: SpellingSurvey): void {
    const columns = this.#enter(cells);
    if (columns === null) return;
    survey.date(columns.cell(cells, "Date"));
    // Its row numbers have five decimals: they alone show the sign (list of formats, section 4).
    survey.number(columns.cell(cells, "Index"));
    for (const start of [BLOOD, SENSOR, BOLUS, CARBS]) survey.number(columns.cell(cells, columns.beginning(start)));
    survey.number(INSULIN_MARKER.exec(columns.cell(cells, MARKER))?.[1] ?? "");
    survey.number(MEAL_MARKER.exec(columns.cell(cells, MARKER))?.[1] ?? "");
  }

  tell(row: CsvRow, spelling: Spelling, teller: Teller): void {
    const columns = this.#enter(row.cells);
    if (columns === null || this.#section === null) return;
    const { device, about, serial } = this.#section;
    if (AGGREGATED.test(about)) {
      teller.other(about);
      return;
    }
    const cell = (start: string): string => columns.cell(row.cells, columns.beginning(start));
    for (const start of OTHERS) if (cell(start) !== "") teller.other(start.replace(/ \($/, ""));

    const parts = this.#parts(columns, cell, (text) => readNumber(text, spelling), teller);
    if (parts.length === 0) return;
    const deviceTime = readWall(cell("Date"), cell("Time"), spelling.dateOrder);
    for (const { what, ...part } of parts) {
      // The same row stands there twice now and then; nobody gives two doses within one second.
      teller.tellOnce([serial, what, deviceTime], `${part.value}`, {
        ...part,
        deviceTime,
        device: { manufacturer: "Medtronic", model: device || null, serial: serial || null },
        raw: row.raw,
      });
    }
  }

  /** The columns if this is a row of a section, null for a line around it. */
  #enter(cells: readonly string[]): Columns | null {
    const section = sectionOf(cells);
    if (section !== null) {
      this.#section = section;
      this.#columns = null;
      return null;
    }
    if (this.#section === null) return null;
    if (this.#columns !== null) return this.#columns;
    if (isHeader(cells)) this.#columns = new Columns(cells);
    return null;
  }

  #parts(
    columns: Columns,
    cell: (start: string) => string,
    number: (text: string) => number,
    teller: Teller,
  ): readonly Part[] {
    const parts: Part[] = [];
    for (const [start, specimen] of [
      [BLOOD, "capillary"],
      [SENSOR, "interstitial"],
    ] as const) {
      if (cell(start) === "" || !teller.wants("glucose")) continue;
      const unit = glucoseUnit(columns.beginning(start));
      if (unit === null) throw new Unfit("its column names no unit");
      parts.push({ what: specimen, kind: "glucose", specimen, ...readGlucose(cell(start), unit, null, number) });
    }
    const bolus = cell(BOLUS);
    if (bolus !== "" && teller.wants("insulin")) {
      if (!/\(U\)/.test(columns.beginning(BOLUS))) throw new Unfit("its dose is in no known unit");
      const note = bolusNote(cell("Bolus Type"), cell("Bolus Duration ("));
      parts.push({ what: "bolus", ...dose(bolus, number), delivery: "bolus", asSent: `${bolus} U`, note });
    }
    const carbs = cell(CARBS);
    // The calculator was asked without any: that is no food.
    if (carbs !== "" && teller.wants("carbs") && number(carbs) > 0) {
      if (!/\(grams\)/i.test(columns.beginning(CARBS))) throw new Unfit("its carbohydrates are not in grams");
      parts.push({ what: "bwz carbs", ...food(carbs, number), asSent: `${carbs} grams` });
    }
    return [...parts, ...marker(cell(MARKER), number, teller)];
  }
}

type Part = Pick<ExportReading, "value" | "unit" | "asSent"> &
  Partial<ExportReading> & { readonly kind: Kind; readonly what: string };

function marker(text: string, number: (text: string) => number, teller: Teller): readonly Part[] {
  if (text === "") return [];
  const insulin = INSULIN_MARKER.exec(text)?.[1];
  const meal = MEAL_MARKER.exec(text)?.[1];
  if (insulin !== undefined)
    return teller.wants("insulin") ? [{ what: "marked insulin", ...dose(insulin, number), asSent: text }] : [];
  if (meal !== undefined)
    return teller.wants("carbs") ? [{ what: "marked meal", ...food(meal, number), asSent: text }] : [];
  // Insulin or food that is written in another way must not get lost.
  if (/^(insulin|meal|injected)/i.test(text))
    throw new Unfit(`its marker ${JSON.stringify(text.slice(0, 60))} is not known`);
  teller.other(`marker ${text.split(":")[0]}`);
  return [];
}

function dose(printed: string, number: (text: string) => number): { kind: "insulin"; value: number; unit: "U" } {
  return { kind: "insulin", value: amountOf(number(printed), "a dose", 1_000), unit: "U" };
}

function food(printed: string, number: (text: string) => number): { kind: "carbs"; value: number; unit: "g" } {
  return { kind: "carbs", value: amountOf(number(printed), "carbohydrates", 5_000), unit: "g" };
}

function bolusNote(type: string, duration: string): string | null {
  if (type === "" || /^normal$/i.test(type)) return null;
  return duration === "" ? type : `${type}, ${duration}`;
}
