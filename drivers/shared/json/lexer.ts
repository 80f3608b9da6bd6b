import { Problem } from "../../../src/domain/problem.js";
import { JSON_LIMITS, type JsonLimits, type JsonSink } from "./sink.js";
import { JsonNumber } from "./value.js";

/** What may come next, and what is being read. */
const [VALUE, FIRST_VALUE, NAME, FIRST_NAME, COLON, COMMA, DONE, TEXT, NUMBER, WORD] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const [OBJECT, ARRAY] = [1, 2];
const [QUOTE, BACKSLASH, LOWER_U] = [0x22, 0x5c, 0x75];
const ESCAPES = new Set(Buffer.from('"\\/bfnrtu'));
/** RFC 8259, section 6. */
const GRAMMAR = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Far beyond the digits of any measurement; a number is one piece of text here. */
const MAX_NUMBER = 1_000;
const WORDS: ReadonlyMap<number, readonly [word: string, value: boolean | null]> = new Map([
  [0x74, ["true", true]],
  [0x66, ["false", false]],
  [0x6e, ["null", null]],
]);
const BOM = [0xef, 0xbb, 0xbf];

/**
 * Reads one JSON document (RFC 8259, nothing more lenient; a byte order mark in front is passed over) from chunks cut
 * anywhere, in memory bounded by `limits`. Text is decoded only where the sink wants it. Throws IMPORT_MALFORMED at the
 * first byte that does not fit, and `end` IMPORT_TRUNCATED if the document is not complete.
 */
export class JsonLexer {
  readonly #sink: JsonSink;
  readonly #limits: JsonLimits;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #stack: Uint8Array;
  #depth = 0;
  #state = VALUE;
  /** Bytes of the document before the present chunk. */
  #base = 0;
  /** Of the text or number being read: pieces from chunks before, and their length. */
  #pieces: Uint8Array[] = [];
  #kept = 0;
  #wanted = false;
  #isName = false;
  #escaped = false;
  #high = false;
  /** Characters of an escape that must still come: 1 behind a backslash, then the four digits behind `u`. */
  #escape = 0;
  #digits = 0;
  #word: readonly [word: string, value: boolean | null] = ["", null];
  #wordAt = 0;

  constructor(sink: JsonSink, limits: JsonLimits = JSON_LIMITS) {
    this.#sink = sink;
    this.#limits = limits;
    this.#stack = new Uint8Array(limits.maxDepth + 1);
  }

  /** Takes the next bytes, which must not be changed afterwards. */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === TEXT) at = this.#text(bytes, at);
      else if (this.#state === NUMBER) at = this.#number(bytes, at);
      else if (this.#state === WORD) at = this.#letters(bytes, at);
      else at = this.#between(bytes, at);
    }
    this.#base += bytes.length;
  }

  end(): void {
    if (this.#state === NUMBER && this.#depth === 0) this.#endNumber(Buffer.alloc(0), 0, 0);
    if (this.#state !== DONE) {
      throw new Problem("IMPORT_TRUNCATED", `The JSON document ends in the middle, at byte ${this.#base}.`);
    }
  }

  /** One byte that is no part of a text, number or word. */
  #between(bytes: Buffer, from: number): number {
    let at = from;
    let byte = bytes[at] ?? 0;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      at += 1;
      if (at >= bytes.length) return at;
      byte = bytes[at] ?? 0;
    }
    const offset = this.#base + at;
    if (offset < 3 && byte === BOM[offset] && this.#state === VALUE && this.#depth === 0) return at + 1;
    switch (this.#state) {
      case FIRST_VALUE:
        if (byte === 0x5d) return this.#close(at);
        return this.#begin(byte, at);
      case VALUE:
        return this.#begin(byte, at);
      case FIRST_NAME:
        if (byte === 0x7d) return this.#close(at);
        return this.#beginName(byte, at);
      case NAME:
        return this.#beginName(byte, at);
      case COLON:
        if (byte !== 0x3a) throw this.#bad(at, "a colon is missing");
        this.#state = VALUE;
        return at + 1;
      case COMMA: {
        const inObject = this.#stack[this.#depth] === OBJECT;
        if (byte === (inObject ? 0x7d : 0x5d)) return this.#close(at);
        if (byte !== 0x2c) throw this.#bad(at, "a comma or the end of its list is missing");
        this.#state = inObject ? NAME : VALUE;
        return at + 1;
      }
      default:
        throw this.#bad(at, "something stands behind its end");
    }
  }

  #begin(byte: number, at: number): number {
    const word = WORDS.get(byte);
    const isNumber = byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
    if (byte !== 0x7b && byte !== 0x5b && byte !== QUOTE && word === undefined && !isNumber) {
      throw this.#bad(at, "no value begins like this");
    }
    const wanted = this.#sink.begin(this.#base + at);
    if (byte === QUOTE) return this.#beginText(at, wanted, false);
    if (word !== undefined) {
      this.#state = WORD;
      this.#word = word;
      this.#wordAt = 0;
      return at;
    }
    if (isNumber) {
      this.#state = NUMBER;
      this.#startPieces(wanted);
      return at;
    }
    if (this.#depth >= this.#limits.maxDepth) throw this.#bad(at, "its lists stand too deep within each other");
    this.#depth += 1;
    this.#stack[this.#depth] = byte === 0x7b ? OBJECT : ARRAY;
    this.#state = byte === 0x7b ? FIRST_NAME : FIRST_VALUE;
    this.#sink.open(byte === 0x7b ? "object" : "array");
    return at + 1;
  }

  #beginName(byte: number, at: number): number {
    if (byte !== QUOTE) throw this.#bad(at, "a name is missing");
    return this.#beginText(at, this.#sink.wantsName(), true);
  }

  #beginText(at: number, wanted: boolean, isName: boolean): number {
    this.#state = TEXT;
    this.#isName = isName;
    this.#escaped = false;
    this.#high = false;
    this.#escape = 0;
    this.#digits = 0;
    this.#startPieces(wanted);
    return at + 1;
  }

  #startPieces(wanted: boolean): void {
    this.#pieces = [];
    this.#kept = 0;
    this.#wanted = wanted;
  }

  #text(bytes: Buffer, from: number): number {
    let at = from;
    for (; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (this.#escape > 0) this.#escapeByte(byte, at);
      else if (byte === QUOTE) {
        this.#endText(bytes, from, at);
        return at + 1;
      } else if (byte === BACKSLASH) {
        this.#escaped = true;
        this.#escape = 1;
      } else if (byte >= 0x80) this.#high = true;
      else if (byte < 0x20) throw this.#bad(at, "a control character stands in a text");
    }
    this.#keep(bytes.subarray(from, at));
    return at;
  }

  #escapeByte(byte: number, at: number): void {
    if (this.#digits > 0) {
      const isHex = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
      if (!isHex) throw this.#bad(at, "an escape has no four hex digits");
      this.#digits -= 1;
      this.#escape = this.#digits;
      return;
    }
    if (!ESCAPES.has(byte)) throw this.#bad(at, "an escape is none of JSON's");
    this.#digits = byte === LOWER_U ? 4 : 0;
    this.#escape = this.#digits;
  }

  #keep(piece: Uint8Array): void {
    if (!this.#wanted) return;
    this.#kept += piece.length;
    if (this.#kept > this.#limits.maxBytes) {
      this.#wanted = false;
      this.#pieces = [];
    } else if (piece.length > 0) this.#pieces.push(piece);
  }

  /** The text from `from` to `to`, with its pieces from chunks before. */
  #endText(bytes: Buffer, from: number, to: number): void {
    let text: string | null = null;
    if (this.#pieces.length === 0 && !this.#high && !this.#escaped && to - from <= this.#limits.maxBytes) {
      // As nearly all texts are: one slice, no copies.
      if (this.#wanted) text = bytes.toString("latin1", from, to);
    } else {
      this.#keep(bytes.subarray(from, to));
      if (this.#wanted) text = this.#decoded(Buffer.concat(this.#pieces));
      this.#pieces = [];
    }
    if (this.#isName) {
      this.#state = COLON;
      this.#sink.name(text);
    } else this.#scalar(text, this.#base + to + 1);
  }

  #decoded(bytes: Buffer): string | null {
    let text: string;
    if (!this.#high) text = bytes.toString("latin1");
    else {
      try {
        text = this.#utf8.decode(bytes);
      } catch {
        this.#sink.undecodable();
        return null;
      }
    }
    // The escapes have been checked byte by byte: this can't fail.
    return this.#escaped ? String(JSON.parse(`"${text}"`)) : text;
  }

  #number(bytes: Buffer, from: number): number {
    let at = from;
    for (; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      const isPart =
        (byte >= 0x30 && byte <= 0x39) || byte === 0x2e || byte === 0x2d || byte === 0x2b || (byte | 0x20) === 0x65;
      if (!isPart) {
        this.#endNumber(bytes, from, at);
        return at;
      }
    }
    if (this.#kept + (at - from) > MAX_NUMBER) throw this.#bad(at, "a number has too many digits");
    this.#pieces.push(bytes.subarray(from, at));
    this.#kept += at - from;
    return at;
  }

  #endNumber(bytes: Buffer, from: number, to: number): void {
    const last = bytes.toString("latin1", from, to);
    const text = this.#pieces.length === 0 ? last : Buffer.concat(this.#pieces).toString("latin1") + last;
    this.#pieces = [];
    const end = this.#base + to;
    if (text.length > MAX_NUMBER) throw this.#badAt(end, "a number has too many digits");
    if (!GRAMMAR.test(text)) throw this.#badAt(end, "a number is not written as JSON has it");
    this.#scalar(this.#wanted ? new JsonNumber(text) : null, end);
  }

  #letters(bytes: Buffer, from: number): number {
    const [word, value] = this.#word;
    let at = from;
    while (at < bytes.length && this.#wordAt < word.length) {
      if (bytes[at] !== word.charCodeAt(this.#wordAt)) throw this.#bad(at, `a word is not ${word}`);
      at += 1;
      this.#wordAt += 1;
    }
    if (this.#wordAt === word.length) this.#scalar(value, this.#base + at);
    return at;
  }

  #scalar(value: string | JsonNumber | boolean | null, end: number): void {
    this.#ended();
    this.#sink.scalar(value, end);
  }

  #close(at: number): number {
    this.#depth -= 1;
    this.#ended();
    this.#sink.close(this.#base + at + 1);
    return at + 1;
  }

  #ended(): void {
    this.#state = this.#depth === 0 ? DONE : COMMA;
  }

  #bad(at: number, why: string): Problem {
    return this.#badAt(this.#base + at, why);
  }

  #badAt(byte: number, why: string): Problem {
    return new Problem("IMPORT_MALFORMED", `The JSON document is damaged at byte ${byte}: ${why}.`, { byte });
  }
}
