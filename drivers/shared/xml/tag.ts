const [TAB, LF, CR, SPACE, QUOTE, APOSTROPHE, SLASH, LESS, EQUALS, GREATER] = [9, 10, 13, 32, 34, 39, 47, 60, 61, 62];
/** Vertical tab and form feed are no white space in XML, but Apple has let control characters through. */
const [VT, FF] = [11, 12];

/** One attribute of a tag: offsets into the window, the value's without its quotes. */
export interface AttributeSpan {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** What is wrong with a tag, and where in the window. */
export class TagError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** True for a byte that may stand between a tag's parts and between tags. */
export function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB || byte === VT || byte === FF;
}

/**
 * Index of the `>` that ends the tag whose `<` stands before `from`; a `>` inside quotes is part of a value. -1 if the
 * window ends first. Throws TagError at a `<`: it can stand neither in a tag nor, in XML, in a value, so it shows that
 * a quote or a `>` is missing, and stops a broken tag from swallowing its neighbours.
 */
export function tagEnd(window: Uint8Array, from: number): number {
  let quote = 0;
  for (let at = from; at < window.length; at++) {
    const byte = window[at];
    if (byte === LESS) throw new TagError("a tag is not closed before the next begins", at);
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === QUOTE || byte === APOSTROPHE) quote = byte;
    else if (byte === GREATER) return at;
  }
  return -1;
}

/** Where the tag's name ends; `from` is its first byte. */
export function nameEnd(window: Uint8Array, from: number): number {
  let at = from;
  for (; at < window.length; at++) {
    const byte = window[at];
    if (byte === GREATER || byte === SLASH || isSpace(byte)) break;
  }
  return at;
}

/**
 * The attributes between `from` and `end` (exclusive), in their order. Names may contain spaces: old exports wrote
 * third parties' metadata keys as names. Throws TagError where it is no list of `name="value"`.
 */
export function attributeSpans(window: Uint8Array, from: number, end: number): AttributeSpan[] {
  const spans: AttributeSpan[] = [];
  let at = from;
  for (;;) {
    while (at < end && isSpace(window[at])) at++;
    if (at >= end) return spans;
    const nameStart = at;
    while (at < end && window[at] !== EQUALS && window[at] !== QUOTE && window[at] !== APOSTROPHE) at++;
    if (at >= end || window[at] !== EQUALS) throw new TagError("an attribute has no value", nameStart);
    let last = at;
    while (last > nameStart && isSpace(window[last - 1])) last--;
    if (last === nameStart) throw new TagError("an attribute has no name", nameStart);
    at++;
    while (at < end && isSpace(window[at])) at++;
    const quote = window[at];
    if (at >= end || (quote !== QUOTE && quote !== APOSTROPHE)) throw new TagError("a value stands without quotes", at);
    const valueStart = at + 1;
    at = valueStart;
    while (at < end && window[at] !== quote) at++;
    if (at >= end) throw new TagError("a value's quotes are not closed", valueStart);
    spans.push({ nameStart, nameEnd: last, valueStart, valueEnd: at });
    at++;
    if (at < end && !isSpace(window[at])) throw new TagError("two attributes stand without a space between", at);
  }
}
