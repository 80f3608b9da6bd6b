/** Years come as two digits of this century (both sheets). */
const CENTURY = 2_000;

/** The numbers of a moment, as a meter writes them. */
export interface Moment {
  readonly month: number;
  readonly day: number;
  /** Without the century: 24. */
  readonly year: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** The moment as wall-clock time, `2024-05-06T08:07:00`; null for one that does not exist (a lost clock shows 255). */
export function wallOf({ month, day, year, hour, minute, second }: Moment): string | null {
  const parts = [month, day, year, hour, minute, second];
  if (!parts.every(Number.isInteger) || year < 0 || year > 99) return null;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(CENTURY + year, month)) return null;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return null;
  return `${CENTURY + year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

function daysIn(year: number, month: number): number {
  // Every fourth year of 2000 to 2099 is a leap year.
  if (month === 2) return year % 4 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
