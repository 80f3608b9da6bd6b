const PRINTED = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}$/;

/**
 * The instant, in milliseconds since the Unix epoch, of a date as Apple prints it: `2025-12-01 07:00:00 +0000`. Null if
 * it is none or doesn't exist. Its offset is that of the phone when it exported, the same in the whole file, and says
 * nothing about where or when the sample was taken: the instant is right, the wall clock is not.
 */
export function parseInstant(text: string): number | null {
  if (!PRINTED.test(text)) return null;
  const number = (from: number, to: number): number => Number(text.slice(from, to));
  const [month, day] = [number(5, 7), number(8, 10)];
  const [hour, minute, second] = [number(11, 13), number(14, 16), number(17, 19)];
  const wall = Date.UTC(number(0, 4), month - 1, day, hour, minute, second);
  if (hour > 23 || minute > 59 || second > 59 || month < 1 || month > 12) return null;
  // 30 February would silently become 2 March; a year below 100 the 20th century.
  if (new Date(wall).getUTCDate() !== day || text.startsWith("00")) return null;
  const [offsetHours, offsetMinutes] = [number(21, 23), number(23, 25)];
  // Zones lie between -12:00 and +14:00; some old ones a little beyond.
  if (offsetHours > 15 || offsetMinutes > 59) return null;
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000;
  return text[20] === "-" ? wall + offset : wall - offset;
}
