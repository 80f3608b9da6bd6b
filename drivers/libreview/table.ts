import type { Kind } from "../../src/domain/record.js";
import { headingOf } from "../shared/csv/columns.js";
import { readWallText } from "../shared/csv/date.js";
import { type CsvTable, UNKNOWN_WIDTH } from "../shared/csv/read-table.js";
import type { CsvRow } from "../shared/csv/row-cutter.js";
import { readNumber, type Spelling, type SpellingSurvey } from "../shared/csv/spelling.js";
import { amountOf, type Bounds, glucoseUnit, readGlucose } from "../shared/export/amount.js";
import { draftReading, type ExportReading } from "../shared/export/reading.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";

/** Where each column stands: their names are in the account's language (list of formats, section 4; all four vectors). */
const AT = {
  device: 0,
  serial: 1,
  time: 2,
  type: 3,
  historic: 4,
  scan: 5,
  rapidUnknown: 6,
  rapid: 7,
  foodUnknown: 8,
  carbs: 9,
  servings: 10,
  longUnknown: 11,
  long: 12,
  notes: 13,
  strip: 14,
  ketone: 15,
  parts: [16, 17, 18],
} as const;
/** As far as the ketone there must be columns; behind it stand parts of doses, which older files may lack. */
const LEAST_COLUMNS = 16;
/** What a sensor and a strip show as a number. How LibreView prints what lies beyond is not established. */
const SENSOR: Bounds = { "mg/dL": { low: 40, high: 500 }, "mmol/L": { low: 2.2, high: 27.8 } };
const STRIP: Bounds = { "mg/dL": { low: 20, high: 500 }, "mmol/L": { low: 1.1, high: 27.8 } };

/** True for the row of LibreView's column names, in any language: by the units in their places. */
export function isHeader(cells: readonly string[]): boolean {
  const unit = (at: number): string | null => glucoseUnit(cells[at] ?? "");
  const known = [AT.historic, AT.scan, AT.strip].every((at) => unit(at) !== null && unit(at) === unit(AT.historic));
  const bare = [AT.device, AT.serial, AT.time, AT.type].every((at) => !/\d/.test(cells[at] ?? ""));
  return cells.length >= LEAST_COLUMNS && known && bare && unit(AT.ketone) === "mmol/L";
}

/** LibreView's rows, one a reading or an event, grouped by device and record type. */
export class LibreViewTable implements CsvTable {
  #headings: readonly string[] | null = null;

  width(): { least: number; most: number } {
    const count = this.#headings?.length;
    return count === undefined ? UNKNOWN_WIDTH : { least: count, most: count };
  }

  survey({ cells }: CsvRow, survey: SpellingSurvey): void {
    if (this.#headings === null) {
      this.#meet(cells);
      return;
    }
    survey.date(cells[AT.time] ?? "");
    for (const at of [AT.historic, AT.scan, AT.rapid, AT.carbs, AT.long, AT.strip, AT.ketone])
      survey.number(cells[at] ?? "");
  }

  tell(row: CsvRow, spelling: Spelling, teller: Teller): void {
    if (this.#headings === null) {
      this.#meet(row.cells);
      return;
    }
    const cells = row.cells.map((cell) => cell.trim());
    const type = cells[AT.type] ?? "";
    if (cells.length < LEAST_COLUMNS) throw new Unfit("it has fewer cells than there are columns");
    const deviceTime = readWallText(cells[AT.time] ?? "", spelling.dateOrder);
    const serial = cells[AT.serial] || null;
    const device = { manufacturer: "Abbott", model: cells[AT.device] || null, serial };
    const number = (text: string): number => readNumber(text, spelling);
    const parts = this.#parts(type, cells, number, teller);
    const note = cells[AT.notes] || null;
    for (const part of parts) {
      const draft = draftReading(part.kind, part, row.raw);
      draft.outOfRange = part.outOfRange ?? null;
      draft.specimen = part.specimen ?? null;
      draft.delivery = part.delivery ?? null;
      draft.note = part.note ?? note;
      draft.deviceTime = deviceTime;
      draft.device = device;
      teller.tellDraft([serial ?? device.model, type, part.what, deviceTime], draft);
    }
    if (parts.length > 0) return;
    if (note === null) {
      teller.other(`record type ${type} without content`);
      return;
    }
    const text = { kind: "note", value: null, unit: null, asSent: "", note } as const;
    teller.tell([serial ?? device.model, type, "note", deviceTime], { ...text, deviceTime, device, raw: row.raw });
  }

  #meet(cells: readonly string[]): void {
    if (isHeader(cells)) this.#headings = cells.map(headingOf);
  }

  #parts(type: string, cells: readonly string[], number: (text: string) => number, teller: Teller): readonly Part[] {
    switch (type) {
      case "0":
        return this.#glucose(cells, AT.historic, "interstitial", SENSOR, number, teller);
      case "1":
        return this.#glucose(cells, AT.scan, "interstitial", SENSOR, number, teller);
      case "2":
        return this.#glucose(cells, AT.strip, "capillary", STRIP, number, teller);
      case "3":
        return teller.wants("ketone") ? [ketone(cells[AT.ketone] ?? "", number)] : [];
      case "4":
        return teller.wants("insulin") ? this.#insulin(cells, number) : [];
      case "5":
        return teller.wants("carbs") ? this.#food(cells, number) : [];
      case "6":
        return [];
      default:
        throw new Unfit(`its record type ${JSON.stringify(type.slice(0, 20))} is not known`);
    }
  }

  #glucose(
    cells: readonly string[],
    at: number,
    specimen: "interstitial" | "capillary",
    bounds: Bounds,
    number: (text: string) => number,
    teller: Teller,
  ): readonly Part[] {
    if (!teller.wants("glucose")) return [];
    const unit = glucoseUnit(this.#headings?.[at] ?? "");
    if (unit === null) throw new Unfit("its column names no unit");
    return [{ what: "glucose", kind: "glucose", specimen, ...readGlucose(cells[at] ?? "", unit, bounds, number) }];
  }

  #insulin(cells: readonly string[], number: (text: string) => number): readonly Part[] {
    const doses: Part[] = [];
    for (const [what, at, delivery] of [
      ["rapid", AT.rapid, "bolus"],
      ["long", AT.long, "basal"],
    ] as const) {
      const printed = cells[at] ?? "";
      if (printed === "") continue;
      const value = amountOf(number(printed), "a dose", 1_000);
      doses.push({ what, kind: "insulin", value, unit: "U", delivery, asSent: `${printed} units` });
    }
    if (doses.length > 0) return doses;
    // What a bolus calculator proposed stands in parts; nobody has shown that their sum was given.
    if (AT.parts.some((at) => (cells[at] ?? "") !== "")) throw new Unfit("its dose stands there in parts only");
    return this.#unknownAmounts(cells, [AT.rapidUnknown, AT.longUnknown]);
  }

  #food(cells: readonly string[], number: (text: string) => number): readonly Part[] {
    const grams = cells[AT.carbs] ?? "";
    if (grams !== "") {
      const value = amountOf(number(grams), "carbohydrates", 5_000);
      return [{ what: "carbs", kind: "carbs", value, unit: "g", asSent: `${grams} grams` }];
    }
    if ((cells[AT.servings] ?? "") !== "") throw new Unfit("its carbohydrates are in servings, not in grams");
    return this.#unknownAmounts(cells, [AT.foodUnknown]);
  }

  /** Insulin or food of which only that it was taken is known: a note with the column's own name. */
  #unknownAmounts(cells: readonly string[], places: readonly number[]): readonly Part[] {
    return places.flatMap((at): readonly Part[] => {
      if ((cells[at] ?? "") === "") return [];
      const note = [this.#headings?.[at], cells[AT.notes]].filter(Boolean).join(": ");
      return [{ what: `unknown ${at}`, kind: "note", value: null, unit: null, asSent: cells[at] ?? "", note }];
    });
  }
}

type Part = Pick<ExportReading, "value" | "unit" | "asSent"> &
  Partial<ExportReading> & { readonly kind: Kind; readonly what: string };

function ketone(printed: string, number: (text: string) => number): Part {
  const value = amountOf(number(printed), "ketones", 20);
  return { what: "ketone", kind: "ketone", value, unit: "mmol/L", specimen: "capillary", asSent: `${printed} mmol/L` };
}
