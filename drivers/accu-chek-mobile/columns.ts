import { Problem } from "../../src/domain/problem.js";

/** Without these no row is a reading: whose value it is and whether it is a patient's must be known (sheet b). */
const NEEDED = ["Date", "Time", "Result", "Unit", "Control test"] as const;
/** What else is known: marks, any text in which sets them (sheet b). */
const MARKS = ["Temperature warning", "Out of target range", "Other", "Before meal", "After meal"] as const;
/** How much of other columns' names a refusal quotes, characters. */
const QUOTED = 200;

/** A column that the driver knows. */
export type Column = (typeof NEEDED)[number] | (typeof MARKS)[number];

/** Where each column stands. */
export interface Columns {
  /** How many there are. */
  readonly count: number;
  /** Place of a column; null if the report does not have it. */
  at(name: Column): number | null;
  /** Places and names of columns that nobody has described. */
  readonly others: readonly (readonly [place: number, name: string])[];
}

/**
 * Finds the columns by their names, blanks around them left aside (behind the last stand some two hundred). Throws
 * IMPORT_UNKNOWN_FORMAT that quotes the names if a needed one is missing or one stands twice: a meter set to another
 * language writes others, and none but the English are established.
 */
export function readColumns(cells: readonly string[]): Columns {
  const places = new Map<Column, number>();
  const others: [number, string][] = [];
  for (const [place, cell] of cells.entries()) {
    const known = [...NEEDED, ...MARKS].find((name) => name.toLowerCase() === cell.toLowerCase());
    if (known === undefined) {
      if (cell !== "") others.push([place, cell]);
    } else if (places.has(known)) throw refusal(cells, `the column ${known} stands twice`);
    else places.set(known, place);
  }
  const missing = NEEDED.filter((name) => !places.has(name));
  if (missing.length > 0) throw refusal(cells, `there is no column ${missing.join(", ")}`);
  return { count: cells.length, at: (name) => places.get(name) ?? null, others };
}

function refusal(cells: readonly string[], why: string): Problem {
  const names = cells.filter((cell) => cell !== "").join(", ");
  const quoted = names.length > QUOTED ? `${names.slice(0, QUOTED)}…` : names;
  return new Problem(
    "IMPORT_UNKNOWN_FORMAT",
    `The report's columns are not those of an English one: ${why}. Its columns are: ${quoted}. ` +
      "Set the meter's language to English and let it write the report again.",
  );
}
