const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/**
 * Instants that a record may bear: SQLite, RFC 3339 and JavaScript all know these years. Those before there were meters
 * stand in exports whose dates were shifted so that nobody is known by them.
 */
const YEARS = { first: 1900, last: 2199 };

/** True for an instant as records write it: RFC 3339, UTC, milliseconds, of a date that exists. */
export function isInstant(text: unknown): text is string {
  if (typeof text !== "string" || text.length !== 24) return false;
  if (text.charCodeAt(19) !== DOT || text.charCodeAt(23) !== ZULU || number3(text, 20) === -1) return false;
  const year = yearOf(text);
  return year >= YEARS.first && year <= YEARS.last && isDateTime(text, year);
}

/** True for a wall-clock time without zone, of a date that exists. */
export function isWall(text: unknown): text is string {
  if (typeof text !== "string" || text.length !== 19) return false;
  const year = yearOf(text);
  return year !== -1 && isDateTime(text, year);
}

const [DASH, DOT, COLON, LETTER_T, ZULU, ZERO] = [45, 46, 58, 84, 90, 48];

/**
 * True if the text goes on behind its year as the rest of a date and time to the second that exists. Character by
 * character, as every record of an import passes here: Date takes ten times as long, and takes 24:00 for a time.
 */
function isDateTime(text: string, year: number): boolean {
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH || text.charCodeAt(10) !== LETTER_T) return false;
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return false;
  const [month, day] = [number2(text, 5), number2(text, 8)];
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return false;
  const [hour, minute, second] = [number2(text, 11), number2(text, 14), number2(text, 17)];
  return hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The number in the four digits at the beginning; -1 if they are none. */
function yearOf(text: string): number {
  const [century, year] = [number2(text, 0), number2(text, 2)];
  return century === -1 || year === -1 ? -1 : century * 100 + year;
}

/** The number in the three digits there; -1 if they are none. */
function number3(text: string, at: number): number {
  const [tens, ones] = [number2(text, at), text.charCodeAt(at + 2) - ZERO];
  return tens === -1 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

/** The number in the two digits there; -1 if they are none. */
function number2(text: string, at: number): number {
  const [tens, ones] = [text.charCodeAt(at) - ZERO, text.charCodeAt(at + 1) - ZERO];
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

/**
 * An instant in any RFC 3339 spelling with a zone, as records write it (UTC, milliseconds); null if it is none, if that
 * day does not exist (JavaScript takes 30 February for 2 March), or if its year has not four digits in UTC.
 */
export function normalInstant(text: string): string | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i.test(text)) return null;
  const [ms, day] = [Date.parse(text), Date.parse(`${text.slice(0, 10)}T00:00:00Z`)];
  if (Number.isNaN(ms) || Number.isNaN(day)) return null;
  if (!new Date(day).toISOString().startsWith(text.slice(0, 10))) return null;
  const instant = new Date(ms).toISOString();
  return INSTANT.test(instant) ? instant : null;
}
