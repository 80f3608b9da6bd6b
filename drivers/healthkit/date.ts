const [ZERO, COLON, DASH, SPACE, PLUS] = [48, 58, 45, 32, 43];
const DAY_MS = 86_400_000;
/** Bytes of a date as printed. */
const LENGTH = 25;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * The instant, in milliseconds since the Unix epoch, of a date as Apple prints it: `2025-12-01 07:00:00 +0000`. Null if
 * these bytes are none or it doesn't exist. Its offset is that of the phone when it exported, the same in the whole file,
 * and says nothing about where or when the sample was taken: the instant is right, the wall clock is not.
 */
export function parseInstant(window: Uint8Array, from: number, to: number): number | null {
  if (to - from !== LENGTH || to > window.length) return null;
  if (window[from + 4] !== DASH || window[from + 7] !== DASH || window[from + 10] !== SPACE) return null;
  if (window[from + 13] !== COLON || window[from + 16] !== COLON || window[from + 19] !== SPACE) return null;
  const sign = window[from + 20];
  if (sign !== PLUS && sign !== DASH) return null;
  const year = pair(window, from) * 100 + pair(window, from + 2);
  const [month, day] = [pair(window, from + 5), pair(window, from + 8)];
  const hour = pair(window, from + 11);
  const minute = pair(window, from + 14);
  const second = pair(window, from + 17);
  const offsetHours = pair(window, from + 21);
  const offsetMinutes = pair(window, from + 23);
  // Every comparison with a number that is none is false. A year below 100 is no year of a phone.
  const plausible = year >= 100 && month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 59;
  // Zones lie between -12:00 and +14:00; some old ones a little beyond.
  if (!plausible || !(offsetHours <= 15 && offsetMinutes <= 59) || day > daysOf(year, month)) return null;
  const wall = dayNumber(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000;
  return sign === DASH ? wall + offset : wall - offset;
}

/** The number that two digits are; NaN if they are none. */
function pair(window: Uint8Array, at: number): number {
  const tens = (window[at] ?? 0) - ZERO;
  const ones = (window[at + 1] ?? 0) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function daysOf(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}

/** Days since 1 January 1970 in the Gregorian calendar. Years begin in March here, so that leap days stand at their end. */
function dayNumber(year: number, month: number, day: number): number {
  const march = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const leapDays = Math.floor(march / 4) - Math.floor(march / 100) + Math.floor(march / 400);
  return march * 365 + leapDays + dayOfYear - 719_468;
}
