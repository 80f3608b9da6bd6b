import { Problem } from "../../../src/domain/problem.js";
import { isSpace, nameEnd, TagError, tagEnd } from "./tag.js";

/** Who is told the tags. Windows are only valid during the call. */
export interface TagSink {
  /** A start tag: `window` from `start` (its `<`) to `end` (past its `>`). `offset`: of `start` in the file. */
  opened(window: Buffer, start: number, end: number, empty: boolean, offset: number): void;
  /** An end tag and its name; the rest as in `opened`. */
  closed(window: Buffer, name: string, start: number, end: number, offset: number): void;
  /** Offset in the file from which bytes must stay in the window; null: only what is unread. */
  keepFrom(): number | null;
  /** True once the root is closed: nothing but comments may follow. */
  finished(): boolean;
}

/** A tag longer than this is damage: real ones have some hundred bytes. Also the bound of what may stand before the root. */
export const MAX_TAG_BYTES = 1 << 20;
/** An element that is kept whole may not be longer. */
export const MAX_ELEMENT_BYTES = 4 << 20;

const ENTITY = Buffer.from("<!ENTITY");
const [BANG, SLASH, LESS, QUESTION] = [33, 47, 60, 63];

/** What is skipped unread, by how it opens and ends. */
const SKIPPED = [
  { opening: Buffer.from("<!--"), ending: Buffer.from("-->") },
  { opening: Buffer.from("<![CDATA["), ending: Buffer.from("]]>") },
  { opening: Buffer.from("<?"), ending: Buffer.from("?>") },
];

/**
 * Cuts a stream of bytes into tags, whatever the chunks, in bounded memory. What stands before the root element, the
 * document type among it, is skipped unread: it has been broken in real exports (version 12). Throws IMPORT_MALFORMED
 * (context: byte `offset`, `line` from 1) at what is no such document, after all tags before it have been told.
 */
export class Tokenizer {
  readonly #sink: TagSink;
  /** How the root element begins. */
  readonly #root: Buffer;
  #window: Buffer = Buffer.alloc(0);
  /** Offset in the file of the window's first byte, and its line. */
  #base = 0;
  #line = 1;
  /** Next unread byte in the window. */
  #at = 0;
  #inRoot = false;
  #skipping: Buffer | null = null;

  /** @param root name of the root element */
  constructor(sink: TagSink, root: string) {
    this.#sink = sink;
    this.#root = Buffer.from(`<${root}`);
  }

  /** Takes the next bytes; tells the sink every tag that they complete. */
  push(bytes: Uint8Array): void {
    this.#window =
      this.#window.length === 0
        ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        : Buffer.concat([this.#window, bytes]);
    try {
      if (this.#inRoot || this.#findRoot()) this.#scan();
    } catch (error) {
      if (error instanceof TagError) throw this.#malformed(error.message, error.at);
      throw error;
    }
    this.#trim();
  }

  /** Says that no more comes. Throws IMPORT_TRUNCATED if the root element was not closed. */
  end(): void {
    if (this.#sink.finished() && this.#skipping === null && this.#at === this.#window.length) return;
    const offset = this.#base + this.#window.length;
    throw new Problem("IMPORT_TRUNCATED", `the export ends at byte ${offset}, before its end tag`, { offset });
  }

  #findRoot(): boolean {
    const root = this.#root;
    for (;;) {
      const found = this.#window.indexOf(root, this.#at);
      const limit = found === -1 ? this.#window.length : found;
      if (limit > MAX_TAG_BYTES) throw new TagError(`no ${root}> where it should begin`, 0);
      const next = found === -1 ? undefined : this.#window[found + root.length];
      if (next === undefined) {
        this.#at = found === -1 ? Math.max(0, limit - root.length) : found;
        return false;
      }
      this.#at = found;
      if (nameEnd(this.#window, found + 1) === found + root.length) {
        const entity = this.#window.subarray(0, found).indexOf(ENTITY);
        if (entity !== -1) throw new TagError("it declares entities, as no export does", entity);
        this.#inRoot = true;
        return true;
      }
      this.#at = found + 1;
    }
  }

  #scan(): void {
    const window = this.#window;
    while (this.#at < window.length) {
      const start = this.#at;
      if (this.#skipping !== null) {
        const found = window.indexOf(this.#skipping, start);
        if (found === -1) {
          this.#at = Math.max(start, window.length - this.#skipping.length + 1);
          return;
        }
        this.#at = found + this.#skipping.length;
        this.#skipping = null;
      } else if (isSpace(window[start])) {
        this.#at++;
      } else if (window[start] !== LESS) {
        throw new TagError("text where only tags may stand", start);
      } else if (window[start + 1] === BANG || window[start + 1] === QUESTION) {
        if (!this.#beginSkipping(start)) return;
      } else if (!this.#tag(start)) return;
    }
  }

  /** False if more bytes are needed. */
  #beginSkipping(start: number): boolean {
    const have = this.#window.length - start;
    for (const { opening, ending } of SKIPPED) {
      const length = Math.min(have, opening.length);
      if (this.#window.compare(opening, 0, length, start, start + length) !== 0) continue;
      if (length < opening.length) return false;
      this.#at = start + opening.length;
      this.#skipping = ending;
      return true;
    }
    throw new TagError("a declaration where only tags may stand", start);
  }

  /** False if more bytes are needed. */
  #tag(start: number): boolean {
    const window = this.#window;
    const last = tagEnd(window, start + 1);
    const length = (last === -1 ? window.length : last) - start;
    if (length > MAX_TAG_BYTES) throw new TagError(`a tag of more than ${MAX_TAG_BYTES} bytes`, start);
    if (last === -1) return false;
    if (this.#sink.finished()) throw new TagError("something follows the end of the export", start);
    const closing = window[start + 1] === SLASH;
    const nameStart = start + (closing ? 2 : 1);
    const nameStop = nameEnd(window, nameStart);
    if (nameStop === nameStart) throw new TagError("a tag without a name", start);
    if (closing) {
      for (let at = nameStop; at < last; at++) {
        if (!isSpace(window[at])) throw new TagError("an end tag with more than a name", at);
      }
      this.#sink.closed(window, window.toString("latin1", nameStart, nameStop), start, last + 1, this.#base + start);
    } else {
      this.#sink.opened(window, start, last + 1, window[last - 1] === SLASH, this.#base + start);
    }
    this.#at = last + 1;
    return true;
  }

  /** Lets go of what nobody needs any more. */
  #trim(): void {
    if (!this.#inRoot) return;
    const keep = this.#sink.keepFrom();
    const cut = keep === null ? this.#at : Math.min(this.#at, keep - this.#base);
    if (this.#at - cut > MAX_ELEMENT_BYTES) {
      throw this.#malformed(`an element of more than ${MAX_ELEMENT_BYTES} bytes`, cut);
    }
    if (cut === 0) return;
    this.#line += countLines(this.#window, cut);
    this.#window = this.#window.subarray(cut);
    this.#base += cut;
    this.#at -= cut;
  }

  #malformed(detail: string, at: number): Problem {
    const offset = this.#base + at;
    const line = this.#line + countLines(this.#window, at);
    return new Problem("IMPORT_MALFORMED", `${detail} (byte ${offset}, line ${line})`, { offset, line });
  }
}

function countLines(window: Buffer, end: number): number {
  let lines = 0;
  for (let at = window.indexOf(10); at !== -1 && at < end; at = window.indexOf(10, at + 1)) lines++;
  return lines;
}
