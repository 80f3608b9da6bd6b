import type { Kind, Meal } from "../../src/domain/record.js";
import { wallMs } from "../../src/domain/zone.js";
import { headingOf } from "../shared/csv/columns.js";
import { readWall } from "../shared/csv/date.js";
import { type CsvTable, UNKNOWN_WIDTH } from "../shared/csv/read-table.js";
import type { CsvRow } from "../shared/csv/row-cutter.js";
import { readNumber, type Spelling, type SpellingSurvey } from "../shared/csv/spelling.js";
import { amountOf, glucoseUnit, readGlucose } from "../shared/export/amount.js";
import type { ExportReading } from "../shared/export/reading.js";
import type { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";

/** Where each column stands: their names are translated (list of formats, section 4; vector mysugr-en). */
const AT = {
  date: 0,
  time: 1,
  tags: 2,
  glucose: 3,
  pen: 4,
  basal: 5,
  pump: 6,
  meal: 7,
  correction: 8,
  carbs: 11,
  food: 12,
  steps: 16,
  note: 17,
  pressure: 19,
  weight: 20,
  hba1c: 21,
  ketones: 22,
  zone: 25,
} as const;
/** Without zone and place there are 25; older exports may end there. */
const LEAST_COLUMNS = 25;
/** English words of the Tags column that name a meal. */
const MEALS: ReadonlyMap<string, Meal> = new Map([
  ["before the meal", "before"],
  ["after the meal", "after"],
  ["fasting", "fasting"],
  ["bedtime", "bedtime"],
]);

/** True for the row of column names in any language: by their number and the units in their places. */
export function isHeader(cells: readonly string[]): boolean {
  const [weight = "", hba1c = ""] = [cells[AT.weight], cells[AT.hba1c]];
  return (
    cells.length >= LEAST_COLUMNS &&
    glucoseUnit(cells[AT.glucose] ?? "") !== null &&
    /\((kg|lbs?)\)/i.test(weight) &&
    /hba1c/i.test(hba1c)
  );
}

/** mySugr's rows: one entry of the diary each, with all that was written down together. */
export class MySugrTable implements CsvTable {
  #headings: readonly string[] | null = null;

  width(): { least: number; most: number } {
    const count = this.#headings?.length;
    // A zone that is cut off would be another one.
    return count === undefined ? UNKNOWN_WIDTH : { least: Math.min(count, AT.zone + 2), most: count };
  }

  survey({ cells }: CsvRow, survey: SpellingSurvey): void {
    if (this.#headings === null) {
      this.#meet(cells);
      return;
    }
    survey.date(cells[AT.date] ?? "");
    for (const at of [AT.glucose, AT.pen, AT.basal, AT.pump, AT.meal, AT.correction, AT.carbs, AT.weight, AT.hba1c])
      survey.number(cells[at] ?? "");
  }

  tell(row: CsvRow, spelling: Spelling, teller: Teller): void {
    if (this.#headings === null) {
      this.#meet(row.cells);
      return;
    }
    const cells = row.cells.map((cell) => cell.trim());
    if (cells.length < LEAST_COLUMNS) throw new Unfit("it has fewer cells than there are columns");
    const wall = readWall(cells[AT.date] ?? "", cells[AT.time] ?? "", spelling.dateOrder);
    const when = timing(wall, cells[AT.zone] ?? "");
    const note = noteOf(cells);
    const parts: Part[] = [];
    // One cell that is not understood must not take the others of its row along.
    for (const read of READERS) {
      try {
        parts.push(...read(cells, this.#headings, (text) => readNumber(text, spelling)));
      } catch (error) {
        teller.unfit(error, `Part of line ${row.line}`, row.raw);
      }
    }
    if (parts.length === 0 && note !== null)
      parts.push({ what: "note", kind: "note", value: null, unit: null, asSent: "" });
    for (const { what, ...part } of parts) teller.tell([what, wall], { ...part, note, ...when, raw: row.raw });
  }

  #meet(cells: readonly string[]): void {
    if (isHeader(cells)) this.#headings = cells.map(headingOf);
  }
}

type Part = Pick<ExportReading, "value" | "unit" | "asSent"> &
  Partial<ExportReading> & { readonly kind: Kind; readonly what: string };
type Reader = (
  cells: readonly string[],
  headings: readonly string[],
  number: (text: string) => number,
) => readonly Part[];

const READERS: readonly Reader[] = [
  function glucose(cells, headings, number) {
    const printed = cells[AT.glucose] ?? "";
    const unit = glucoseUnit(headings[AT.glucose] ?? "");
    if (printed === "" || unit === null) return [];
    const meal = mealOf(cells[AT.tags] ?? "");
    return [{ what: "glucose", kind: "glucose", meal, specimen: null, ...readGlucose(printed, unit, null, number) }];
  },
  function insulin(cells, _headings, number) {
    const injected = [AT.pen, AT.pump].filter((at) => (cells[at] ?? "") !== "");
    // What was for the meal and what to correct are parts of the dose; alone, they are the dose.
    const doses = injected.length > 0 ? injected : [AT.meal, AT.correction].filter((at) => (cells[at] ?? "") !== "");
    return [...doses, ...(cells[AT.basal] ? [AT.basal] : [])].map((at): Part => {
      const printed = cells[at] ?? "";
      const value = amountOf(number(printed), "a dose", 1_000);
      const delivery = at === AT.basal ? "basal" : "bolus";
      return { what: `insulin ${at}`, kind: "insulin", value, unit: "U", delivery, asSent: `${printed} U` };
    });
  },
  function carbs(cells, headings, number) {
    const printed = cells[AT.carbs] ?? "";
    if (printed === "") return [];
    // Whatever the language, the factor says how many grams one is; bread units would have to be converted.
    if (!/[^\d]1\)$/.test(headings[AT.carbs] ?? "")) throw new Unfit("its carbohydrates are not in grams");
    const value = amountOf(number(printed), "carbohydrates", 5_000);
    return [{ what: "carbs", kind: "carbs", value, unit: "g", asSent: `${printed} g` }];
  },
  function steps(cells, _headings, number) {
    const printed = cells[AT.steps] ?? "";
    if (printed === "") return [];
    const value = amountOf(number(printed), "steps", 200_000);
    return [{ what: "steps", kind: "steps", value, unit: "count", asSent: printed }];
  },
  function pressure(cells) {
    const printed = cells[AT.pressure] ?? "";
    if (printed === "") return [];
    const [, high, low] = /^(\d{2,3}) ?[/\\] ?(\d{2,3})$/.exec(printed) ?? [];
    if (high === undefined || low === undefined)
      throw new Unfit(`its blood pressure ${JSON.stringify(printed)} is not read`);
    const values = { value: Number(high), value2: Number(low), unit: "mmHg" } as const;
    return [{ what: "pressure", kind: "blood_pressure", ...values, asSent: printed }];
  },
  function weight(cells, headings, number) {
    const printed = cells[AT.weight] ?? "";
    if (printed === "") return [];
    if (!/\(kg\)/i.test(headings[AT.weight] ?? "")) throw new Unfit("its weight is not in kilograms");
    const value = amountOf(number(printed), "a weight", 700);
    return [{ what: "weight", kind: "weight", value, unit: "kg", asSent: `${printed} kg` }];
  },
  function hba1c(cells, _headings, number) {
    const printed = cells[AT.hba1c] ?? "";
    if (printed === "") return [];
    const value = amountOf(number(printed), "HbA1c", 25);
    return [{ what: "hba1c", kind: "hba1c", value, unit: "%", asSent: `${printed} %` }];
  },
  function ketones(cells) {
    if ((cells[AT.ketones] ?? "") === "") return [];
    throw new Unfit("its ketones have no unit that is known");
  },
];

/** The instant where the row names its offset from UTC (`GMT+01:00`), else the wall-clock time alone. */
function timing(wall: string, zone: string): Pick<ExportReading, "deviceTime" | "instantMs" | "utcOffset"> {
  const [, sign, hours, minutes] = /^(?:GMT|UTC)(?:([+-])(\d{1,2}):?(\d\d))?$/.exec(zone) ?? [];
  if (!/^(GMT|UTC)/.test(zone) || (sign === undefined && zone.length > 3)) return { deviceTime: wall };
  const offset = (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0));
  if (Math.abs(offset) > 15 * 60 || Number(minutes ?? 0) > 59)
    throw new Unfit(`its zone ${JSON.stringify(zone)} does not exist`);
  return { instantMs: wallMs(wall) - offset * 60_000, utcOffset: offset };
}

/** Null where no tag names a meal, or several do. */
function mealOf(tags: string): Meal | null {
  const meals = new Set(tags.split(",").flatMap((tag) => MEALS.get(tag.trim().toLowerCase()) ?? []));
  const [meal] = meals;
  return meals.size === 1 ? (meal ?? null) : null;
}

function noteOf(cells: readonly string[]): string | null {
  const parts = [cells[AT.note], cells[AT.food], cells[AT.tags]].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? null : parts.join("; ");
}
