const [ZERO, NINE, MINUS, POINT] = [48, 57, 45, 46];
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
/** Any integer of that many digits, and ten to the power of as many, is exact as a double; so is then their quotient. */
const EXACT_DIGITS = 15;
const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/**
 * The number that these bytes print, to the last bit what JavaScript makes of the text; NaN if they print none. Only
 * decimal points and ASCII digits, with or without sign and exponent, are numbers.
 */
export function parseNumber(window: Buffer, from: number, to: number): number {
  const negative = window[from] === MINUS;
  const first = negative ? from + 1 : from;
  let digits = 0;
  let point = -1;
  for (let at = first; at < to; at++) {
    const byte = window[at] ?? 0;
    if (byte === POINT && point === -1 && at > first && at < to - 1) point = at;
    else if (byte >= ZERO && byte <= NINE) digits = digits * 10 + (byte - ZERO);
    else return parseText(window.toString("latin1", from, to));
  }
  const length = to - first - (point === -1 ? 0 : 1);
  if (length === 0) return Number.NaN;
  if (length > EXACT_DIGITS) return parseText(window.toString("latin1", from, to));
  const amount = point === -1 ? digits : digits / (POWERS[to - 1 - point] ?? Number.NaN);
  return negative ? -amount : amount;
}

/** The same of a text. */
export function parseText(text: string): number {
  return NUMBER.test(text) ? Number(text) : Number.NaN;
}
