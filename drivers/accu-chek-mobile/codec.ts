import type { SourceReading } from "../../src/domain/reading.js";
import type { Meal } from "../../src/domain/record.js";
import { readAmount } from "../shared/roche/amount.js";
import { reportReading } from "../shared/roche/reading.js";
import { Unfit } from "../shared/roche/unfit.js";
import { wallOf } from "../shared/roche/wall.js";
import type { Column, Columns } from "./columns.js";

/** A date as the report prints it (sheet b). Days with slashes are not established: which is the month? */
const DATE = /^(\d\d)\.(\d\d)\.(\d{4})$/;
const TIME = /^\d\d:\d\d$/;
/** Marks that say nothing about what the value is of: they go into the note by their names. */
const NOTED: readonly Column[] = ["Temperature warning", "Out of target range", "Other"];

/** What the report's second line says: which meter wrote it, and when by the meter's clock. */
export interface ReportLine {
  readonly serial: string;
  /** Wall-clock time; null where it is not printed as established. */
  readonly writtenAt: string | null;
}

/** Reads the second line: `serial;date;time` (sheet b). Throws Unfit if it names no meter. */
export function readReportLine([serial = "", date = "", time = ""]: readonly string[]): ReportLine {
  if (!/^[0-9A-Za-z-]{4,32}$/.test(serial)) throw new Unfit("its second line does not name the meter");
  try {
    return { serial, writtenAt: readWall(date, time) };
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return { serial, writtenAt: null };
  }
}

/**
 * Reads one row. `nameOf` gives the reading its name. Throws Unfit for one that is no reading or not sure to be one: a
 * date that does not exist, a result that no meter shows, fewer or more cells than there are columns.
 */
export function readRow(
  cells: readonly string[],
  columns: Columns,
  raw: Uint8Array,
  nameOf: (called: string) => string,
): SourceReading {
  if (cells.length < columns.count) throw new Unfit("it has fewer cells than there are columns");
  if (cells.slice(columns.count).some((cell) => cell !== ""))
    throw new Unfit("it has more cells than there are columns");
  const cell = (name: Column): string => cells[columns.at(name) ?? -1] ?? "";
  const deviceTime = readWall(cell("Date"), cell("Time"));
  if (cell("Result") === "") throw new Unfit("it has no result");
  const amount = readAmount(cell("Result"), cell("Unit"));
  const control = cell("Control test") !== "";
  const { meal, note: mealNote } = mealOf(cell("Before meal") !== "", cell("After meal") !== "");
  const notes = [
    ...(mealNote === null ? [] : [mealNote]),
    ...NOTED.filter((name) => cell(name) !== ""),
    ...columns.others.flatMap(([place, name]) => (cells[place] ? [`${name}: ${cells[place]}`] : [])),
  ];
  return reportReading({
    ...amount,
    kind: "glucose",
    deviceTime,
    control,
    meal,
    note: notes.length === 0 ? null : notes.join("; "),
    sourceKey: nameOf(`${deviceTime} ${amount.asSent}${control ? " control" : ""}`),
    raw,
  });
}

/** Both marks contradict each other: then neither is told as the meal. */
function mealOf(before: boolean, after: boolean): { readonly meal: Meal | null; readonly note: string | null } {
  if (before && after) return { meal: null, note: "Marked as before and after a meal" };
  return { meal: before ? "before" : after ? "after" : null, note: null };
}

function readWall(date: string, time: string): string {
  const [, day, month, year] = DATE.exec(date) ?? [];
  if (day === undefined || !TIME.test(time))
    throw new Unfit(`${JSON.stringify(`${date} ${time}`)} is no date and time`);
  return wallOf(year, month, day, time);
}
