import { isWall } from "../../../src/domain/written-time.js";
import type { DateOrder } from "../../../src/kit/driver.js";
import { Unfit } from "../export/unfit.js";

/** A date's numbers as printed: the year first, or last and then nobody knows yet which of the two others is the day. */
export type DateParts =
  | { readonly form: "year-first"; readonly year: number; readonly month: number; readonly day: number }
  | { readonly form: "year-last"; readonly first: number; readonly second: number; readonly year: number };

const YEAR_FIRST = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/;
const YEAR_LAST = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})$/;
const NAMED_MONTH = [
  /^([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})$/,
  /^(\d{1,2})\.? ([A-Za-z]{3,9})\.?,? (\d{4})$/,
] as const;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const TIME = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?(?: ?([ap])\.?m\.?)?$/i;

/**
 * The date's numbers; null for text that is no date. English names of months are known. A year of two digits is none: it
 * could be day or month as well.
 */
export function dateParts(text: string): DateParts | null {
  const plain = oneBlank(text);
  const yearFirst = YEAR_FIRST.exec(plain);
  if (yearFirst !== null) {
    const [, year, , month, day] = yearFirst;
    return { form: "year-first", year: Number(year), month: Number(month), day: Number(day) };
  }
  const yearLast = YEAR_LAST.exec(plain);
  if (yearLast !== null) {
    const [, first, , second, year] = yearLast;
    return { form: "year-last", first: Number(first), second: Number(second), year: Number(year) };
  }
  const [monthFirst, dayFirst] = NAMED_MONTH.map((pattern) => pattern.exec(plain));
  const [, name = "", day = "", year = ""] = monthFirst ?? swapped(dayFirst ?? null);
  const month = MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
  return month === 0 ? null : { form: "year-first", year: Number(year), month, day: Number(day) };
}

/**
 * The wall-clock time of a date and a time of day as printed. Throws Unfit for one that does not exist, and for a date of
 * which nobody knows how to read it (`order` is null although it matters).
 */
export function readWall(date: string, time: string, order: DateOrder | null): string {
  const parts = dateParts(date);
  const clock = TIME.exec(oneBlank(time));
  const shown = JSON.stringify(`${date} ${time}`.slice(0, 60));
  if (parts === null || clock === null) throw new Unfit(`${shown} is no date and time`);
  const [, hour = "", minute = "", second = "00", half] = clock;
  const day = `${dayOf(parts, order)}T${twoDigits(hourOf(Number(hour), half))}:${minute}:${second}`;
  if (!isWall(day)) throw new Unfit(`${shown} is no date and time that exists`);
  return day;
}

/** The same for date and time in one text, a blank or a `T` between them. */
export function readWallText(text: string, order: DateOrder | null): string {
  // By far the most are written as they are told; looking at each closely takes most of the time of a large file.
  if (text.length === 19 && text[4] === "-") {
    const wall = text[10] === " " ? `${text.slice(0, 10)}T${text.slice(11)}` : text;
    if (isWall(wall)) return wall;
  }
  const [date, time] = splitDateTime(text);
  return readWall(date, time, order);
}

/** Date and time of day of a text that holds both; the time is empty where there is none. */
export function splitDateTime(text: string): readonly [date: string, time: string] {
  const plain = oneBlank(text);
  const [, date = plain, time = ""] = /^(.*?\d)(?:T|,? )(\d{1,2}:\d\d.*)$/.exec(plain) ?? [];
  return [date, time];
}

/** Blanks of any kind (iOS puts U+202F before AM) as one plain one, none around the text. */
function oneBlank(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function dayOf(parts: DateParts, order: DateOrder | null): string {
  if (parts.form === "year-first") return `${year(parts.year)}-${twoDigits(parts.month)}-${twoDigits(parts.day)}`;
  const { first, second } = parts;
  if (order === null && first !== second)
    throw new Unfit("nothing shows whether its date has the day or the month first");
  const [day, month] = order === "mdy" ? [second, first] : [first, second];
  return `${year(parts.year)}-${twoDigits(month)}-${twoDigits(day)}`;
}

function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined) return hour;
  // 13 PM and 0 AM are no times; 12 AM is midnight.
  if (hour < 1 || hour > 12) return 99;
  return (hour % 12) + (half.toLowerCase() === "p" ? 12 : 0);
}

function swapped(match: RegExpExecArray | null): readonly string[] {
  const [all = "", day = "", name = "", year = ""] = match ?? [];
  return [all, name, day, year];
}

function year(value: number): string {
  return String(value).padStart(4, "0");
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
