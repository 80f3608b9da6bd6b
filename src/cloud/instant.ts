const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * True for a date-time of RFC 3339 section 5.6 that exists in the calendar: with `T` and `Z` in upper case, at most nine
 * digits after the second, no leap second (a JavaScript date has none). Written without capturing groups: it runs for
 * every record that is pushed.
 */
export function isInstant(text: string): boolean {
  if (!INSTANT.test(text)) return false;
  const month = twoDigits(text, 5);
  if (month < 1 || month > 12) return false;
  const day = twoDigits(text, 8);
  if (day < 1 || day > daysIn(twoDigits(text, 0) * 100 + twoDigits(text, 2), month)) return false;
  if (twoDigits(text, 11) > 23 || twoDigits(text, 14) > 59 || twoDigits(text, 17) > 59) return false;
  if (text.endsWith("Z")) return true;
  return twoDigits(text, text.length - 5) <= 23 && twoDigits(text, text.length - 2) <= 59;
}

function twoDigits(text: string, at: number): number {
  return text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528;
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}
