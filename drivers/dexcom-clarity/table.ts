import type { SourceReading } from "../../src/domain/reading.js";
import type { Delivery, Kind } from "../../src/domain/record.js";
import { Columns } from "../shared/csv/columns.js";
import { readWallText } from "../shared/csv/date.js";
import { type CsvTable, UNKNOWN_WIDTH } from "../shared/csv/read-table.js";
import type { CsvRow } from "../shared/csv/row-cutter.js";
import { readNumber, type Spelling, type SpellingSurvey } from "../shared/csv/spelling.js";
import { amountOf, type Bounds, type GlucoseUnit, glucoseUnit, readGlucose } from "../shared/export/amount.js";
import { type Draft, draftReading } from "../shared/export/reading.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";

/** What Low and High are beyond (list of formats, section 4: 40 to 400); in mmol/L as the same device shows it. */
const BOUNDS: Bounds = { "mg/dL": { low: 40, high: 400 }, "mmol/L": { low: 2.2, high: 22.2 } };
/** Older files have 13 columns, and rows of newer ones too (vectors clarity-bigideas-13col and clarity-mmol). */
const OLD_COLUMNS = 13;
/** Event types that are readings (list of formats, section 4). */
const KINDS_OF_EVENTS: ReadonlyMap<string, Kind & ("glucose" | "insulin" | "carbs")> = new Map([
  ["EGV", "glucose"],
  ["Calibration", "glucose"],
  ["Insulin", "insulin"],
  ["Carbs", "carbs"],
]);
/** Subtypes of Insulin that name how it acts. */
const DELIVERIES: ReadonlyMap<string, Delivery> = new Map([
  ["fast-acting", "bolus"],
  ["long-acting", "basal"],
]);

const TIMESTAMP = "Timestamp (YYYY-MM-DDThh:mm:ss)";

/** True for the row of Clarity's column names (list of formats, section 4). */
export function isHeader(cells: readonly string[]): boolean {
  const columns = new Columns(cells);
  const unit = glucoseUnit(columns.beginning("Glucose Value ("));
  return columns.count >= OLD_COLUMNS && columns.has(TIMESTAMP, "Event Type", "Event Subtype") && unit !== null;
}

/** Where Clarity's columns stand in one file, and what they are measured in. */
interface Layout {
  readonly count: number;
  readonly time: number;
  readonly event: number;
  readonly subtype: number;
  readonly info: number;
  readonly source: number;
  readonly glucose: number;
  readonly insulin: number;
  readonly carbs: number;
  readonly counter: number;
  readonly transmitter: number;
  readonly unit: GlucoseUnit;
  readonly insulinHeading: string;
  readonly carbsHeading: string;
}

function layoutOf(cells: readonly string[]): Layout | null {
  if (!isHeader(cells)) return null;
  const columns = new Columns(cells);
  const [glucose, insulin, carbs] = ["Glucose Value (", "Insulin Value (", "Carb Value ("].map((start) =>
    columns.beginning(start),
  );
  return {
    count: columns.count,
    time: columns.place(TIMESTAMP),
    event: columns.place("Event Type"),
    subtype: columns.place("Event Subtype"),
    info: columns.place("Device Info"),
    source: columns.place("Source Device ID"),
    glucose: columns.place(glucose ?? ""),
    insulin: columns.place(insulin ?? ""),
    carbs: columns.place(carbs ?? ""),
    counter: columns.place("Transmitter Time (Long Integer)"),
    transmitter: columns.place("Transmitter ID"),
    unit: glucoseUnit(glucose ?? "") ?? "mg/dL",
    insulinHeading: insulin ?? "",
    carbsHeading: carbs ?? "",
  };
}

/** Clarity's rows: first what it knows of person, devices and alerts (without a time), then events in their order. */
export class ClarityTable implements CsvTable {
  #layout: Layout | null = null;
  /** Names of devices by what the rows call them. */
  readonly #models = new Map<string, string>();
  /** The last row's device: the next one's too, as a rule. */
  #device: { readonly source: string; readonly transmitter: string; readonly device: SourceReading["device"] } | null =
    null;

  width(): { least: number; most: number } {
    return this.#layout === null ? UNKNOWN_WIDTH : { least: OLD_COLUMNS, most: this.#layout.count };
  }

  survey({ cells }: CsvRow, survey: SpellingSurvey): void {
    const layout = this.#layout;
    if (layout === null) {
      this.#layout = layoutOf(cells);
      return;
    }
    survey.date(cells[layout.time] ?? "");
    survey.number(cells[layout.glucose] ?? "");
    survey.number(cells[layout.insulin] ?? "");
    survey.number(cells[layout.carbs] ?? "");
  }

  tell({ cells, raw }: CsvRow, spelling: Spelling, teller: Teller): void {
    const layout = this.#layout;
    if (layout === null) {
      this.#layout = layoutOf(cells);
      return;
    }
    const cell = (place: number): string => cells[place]?.trim() ?? "";
    const event = cell(layout.event);
    const source = cell(layout.source);
    if (event === "Device") this.#models.set(source, cell(layout.info));
    const kind = KINDS_OF_EVENTS.get(event);
    // The person's name, what alerts are set to, and events that are no measurements.
    if (kind === undefined) {
      teller.other(event || "rows without event");
      return;
    }
    if (!teller.wants(kind)) return;

    const deviceTime = readWallText(cell(layout.time), spelling.dateOrder);
    const counter = wholeNumber(cell(layout.counter), spelling);
    const subtype = cell(layout.subtype);
    const number = (text: string): number => readNumber(text, spelling);
    let draft: Draft;
    if (kind === "glucose") {
      const amount = readGlucose(cell(layout.glucose), layout.unit, BOUNDS, number);
      draft = draftReading(kind, amount, raw);
      draft.outOfRange = amount.outOfRange;
      draft.specimen = event === "EGV" ? "interstitial" : "capillary";
      if (event === "Calibration") draft.note = "Calibration";
    } else if (kind === "insulin") {
      draft = draftReading(kind, dose(cell(layout.insulin), layout.insulinHeading, number), raw);
      draft.delivery = DELIVERIES.get(subtype.toLowerCase()) ?? null;
      draft.note = subtype === "" || draft.delivery !== null ? null : subtype;
    } else {
      draft = draftReading(kind, food(cell(layout.carbs), layout.carbsHeading, number), raw);
      draft.note = subtype === "" ? null : subtype;
    }
    draft.deviceTime = deviceTime;
    draft.device = this.#deviceOf(source, cell(layout.transmitter));
    if (counter !== null) draft.order = counter;
    // The transmitter's own seconds tell the two hours apart that the clock shows twice when summer time ends.
    teller.tellDraft([event, deviceTime, counter, source], draft);
  }

  #deviceOf(source: string, transmitter: string): SourceReading["device"] {
    const last = this.#device;
    if (last !== null && last.source === source && last.transmitter === transmitter) return last.device;
    const model = this.#models.get(source) ?? (source === "" ? null : source);
    const device = { manufacturer: "Dexcom", model, serial: transmitter === "" ? null : transmitter };
    this.#device = { source, transmitter, device };
    return device;
  }
}

type Amount = Pick<SourceReading, "value" | "unit" | "asSent">;

function dose(printed: string, heading: string, number: (text: string) => number): Amount {
  if (!/\(u\)/i.test(heading)) throw new Unfit(`insulin under ${JSON.stringify(heading)} has no known unit`);
  return { value: amountOf(number(printed), "a dose", 1_000), unit: "U", asSent: `${printed} u` };
}

function food(printed: string, heading: string, number: (text: string) => number): Amount {
  if (!/\(grams\)/i.test(heading)) throw new Unfit(`carbohydrates under ${JSON.stringify(heading)} are not in grams`);
  return { value: amountOf(number(printed), "carbohydrates", 5_000), unit: "g", asSent: `${printed} grams` };
}

/** The transmitter's seconds; re-saved files print them with a point. Null where there are none. */
function wholeNumber(text: string, spelling: Spelling): number | null {
  if (text === "") return null;
  const seconds = readNumber(text, spelling.decimal === null ? { decimal: "." } : spelling);
  if (!Number.isSafeInteger(seconds) || seconds < 0)
    throw new Unfit(`the transmitter's time ${JSON.stringify(text)} is no count`);
  return seconds;
}
