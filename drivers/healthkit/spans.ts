import { isSpace, TagError } from "../shared/xml/tag.js";

const [QUOTE, APOSTROPHE, EQUALS] = [34, 39, 61];

/**
 * Where the attributes of a tag stand, four numbers each: name from and to, value from and to without its quotes. One
 * list is filled anew for each tag: nothing is made for tags of which a few values are wanted.
 */
export class Spans {
  /** Offsets into the window; only the first `count` quadruples are of the tag that was read last. */
  readonly at: number[] = [];
  count = 0;

  /**
   * Reads the attributes between `from` and `end` (exclusive). Names may contain spaces: old exports wrote third parties'
   * metadata keys as names. Throws TagError where it is no list of `name="value"`.
   */
  read(window: Buffer, from: number, end: number): void {
    this.count = 0;
    let at = from;
    for (;;) {
      while (at < end && isSpace(window[at])) at++;
      if (at >= end) return;
      const nameStart = at;
      while (at < end && window[at] !== EQUALS && window[at] !== QUOTE && window[at] !== APOSTROPHE) at++;
      if (at >= end || window[at] !== EQUALS) throw new TagError("an attribute has no value", nameStart);
      let nameEnd = at;
      while (nameEnd > nameStart && isSpace(window[nameEnd - 1])) nameEnd--;
      if (nameEnd === nameStart) throw new TagError("an attribute has no name", nameStart);
      at++;
      while (at < end && isSpace(window[at])) at++;
      const quote = window[at] ?? 0;
      if (at >= end || (quote !== QUOTE && quote !== APOSTROPHE))
        throw new TagError("a value stands without quotes", at);
      const closing = window.indexOf(quote, at + 1);
      if (closing === -1 || closing >= end) throw new TagError("a value's quotes are not closed", at + 1);
      const slot = this.count * 4;
      this.at[slot] = nameStart;
      this.at[slot + 1] = nameEnd;
      this.at[slot + 2] = at + 1;
      this.at[slot + 3] = closing;
      this.count++;
      at = closing + 1;
      if (at < end && !isSpace(window[at])) throw new TagError("two attributes stand without a space between", at);
    }
  }
}
