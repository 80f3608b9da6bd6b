/** Where the first lines of a dump stand in what came, and what they say. */
export interface Header {
  readonly serial: string;
  readonly version: string;
  /** How many records are announced; 0 where words stand instead of the number. */
  readonly count: number;
  /** The line end before the serial number: there the sum begins. */
  readonly from: number;
  readonly serialFrom: number;
  readonly clockFrom: number;
  readonly countFrom: number;
  readonly bodyFrom: number;
}

/**
 * An empty line, the serial number, the software's version, the clock, and three digits of count or the words of a
 * memory without records (both sheets). What the lines hold is judged later: a strange serial number or an unset clock
 * must not hide the memory.
 */
const HEADER =
  /\r\n([!-~][ -~]{0,31})\r\n([ -~]{0,31})\r\n([ -~]{0,31})\r\n(?:([0-9]{3})(?=\r\n)|Log Empty(?=\s)|Log Not Found(?=\s))/g;

/**
 * Finds the last header in what came: one before it began an answer that broke off. Null if there is none.
 *
 * @param text the bytes, one character each
 */
export function findHeader(text: string): Header | null {
  const match = [...text.matchAll(HEADER)].at(-1);
  if (match === undefined) return null;
  const [all, serial = "", version = "", clock = "", count = "0"] = match;
  const from = match.index;
  const serialFrom = from + 2;
  const clockFrom = serialFrom + serial.length + 2 + version.length + 2;
  return {
    serial: serial.trim(),
    version: version.trim(),
    count: Number(count),
    from,
    serialFrom,
    clockFrom,
    countFrom: clockFrom + clock.length + 2,
    bodyFrom: from + all.length,
  };
}

/**
 * True if these bytes, which ended too early, may be the beginning of a dump: bytes that are no characters or the question's
 * echo, an empty line, then what a serial number is made of (sheet a: letters, digits, dashes).
 */
export function mayBeginDump(text: string): boolean {
  return text.length <= LONGEST_BEGINNING && BEGINNING.test(text);
}

/** What is longer has its first lines, or never will. */
const LONGEST_BEGINNING = 200;
const BEGINNING =
  /^[^!-~]*(?:\$[a-z]+)?[^!-~]*\r\n(?:[0-9A-Za-z-]{0,20}\r?|[0-9A-Za-z-]{8,20}\r\n[ -~]{0,31}\r?(?:\n.*)?)$/s;
