/**
 * A moment as these meters write it, as wall-clock time: `Nov  03 2024 07:05:09` gives `2024-11-03T07:05:09`; without
 * seconds they are 00. Null for any other form and for a date that does not exist.
 */
export function wallOf(text: string, form: "minutes" | "seconds"): string | null {
  const parts = (form === "seconds" ? WITH_SECONDS : WITHOUT).exec(text);
  if (parts === null) return null;
  const [, name = "", day = "", year = "", hour = "", minute = "", second = "00"] = parts;
  const month = MONTHS.get(name);
  if (month === undefined || Number(day) < 1 || Number(day) > daysIn(Number(year), month)) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  return `${year}-${String(month).padStart(2, "0")}-${day}T${hour}:${minute}:${second}`;
}

/**
 * A month takes four characters: three letters and a blank, but June and July in full (both sheets). The answer to
 * `$colq` writes those with three letters, too (sheet b, captured `Jul`).
 */
const MONTHS: ReadonlyMap<string, number> = new Map([
  ["Jan ", 1],
  ["Feb ", 2],
  ["Mar ", 3],
  ["Apr ", 4],
  ["May ", 5],
  ["June", 6],
  ["Jun ", 6],
  ["July", 7],
  ["Jul ", 7],
  ["Aug ", 8],
  ["Sep ", 9],
  ["Oct ", 10],
  ["Nov ", 11],
  ["Dec ", 12],
]);

/** Month, day, year and time of a record (both sheets: no seconds). */
const WITHOUT = /^([A-Z][a-z]{2}[a-z ]) ([0-9]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2})$/;
/** The clock: with seconds; in the answer to `$colq` a tab stands before the time (sheet b, captured). */
const WITH_SECONDS = /^([A-Z][a-z]{2}[a-z ]) ([0-9]{2}) ([0-9]{4})[ \t]([0-9]{2}):([0-9]{2}):([0-9]{2})$/;

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
