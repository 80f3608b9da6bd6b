import { nameEnd, TagError } from "../shared/xml/tag.js";
import { decodeText } from "../shared/xml/text.js";
import { attributeAt, TYPE_BIT } from "./attribute-names.js";
import { type Damage, Truncation } from "./damage.js";
import { type Element, type ElementSink, emptyElement, fill, note } from "./element.js";
import { Spans } from "./spans.js";
import {
  begins,
  endName,
  endsName,
  isGap,
  isLetter,
  isRecord,
  isRecordEnd,
  isTypeFirst,
  MAX_TAG_BYTES,
  RECORD_BYTES,
  RECORD_END_BYTES,
  RECORD_INITIAL,
  slowTagEnd,
  TYPE_BYTES,
} from "./tag-bytes.js";
import { PRESSURE_TYPE, type SampleType, type TypeTable } from "./types.js";
import { Prologue, Skipper } from "./unread.js";
import { Windows } from "./windows.js";

/** Real exports nest four deep. */
const MAX_DEPTH = 64;

const [BANG, QUOTE, AMPERSAND, SLASH, LESS, GREATER, QUESTION] = [33, 34, 38, 47, 60, 62, 63];
const METADATA = Buffer.from("<MetadataEntry");

/**
 * Finds the elements that are wanted in an export.xml of any size, whatever the chunks, in bounded memory. Finding a tag
 * costs one search that the processor does many bytes at a time; nothing is made of what is not wanted, and of a record
 * that names another type first nothing else is looked at. Throws {@link Damage} at what is no export, after everything
 * before it was told.
 */
export class Scanner {
  readonly #types: TypeTable;
  readonly #sink: ElementSink;
  readonly #spans = new Spans();
  readonly #prologue = new Prologue(MAX_TAG_BYTES);
  readonly #skipper = new Skipper();
  readonly #windows = new Windows({
    scan: (window, base, from) => this.#scanWindow(window, base, from),
    keptFrom: () => this.#keptFrom(),
  });
  /** Offset in the file of the first byte of the window. */
  #base = 0;
  /** Names of the open elements. */
  readonly #open: string[] = [];
  #begun = false;
  #rootOpened = false;
  #correlations = 0;
  /** Depth of the open Record, 0 if none is. */
  #recordDepth = 0;
  /** Offset in the file of the open Record if it is wanted, else -1; its type, and where its tag ends. */
  #recordOffset = -1;
  #sample: SampleType | null = null;
  readonly #record: Element = emptyElement();
  #pressureDepth = 0;
  #pressureOffset = -1;
  readonly #pressure: Element = emptyElement();
  #passedOver = 0;

  constructor(types: TypeTable, sink: ElementSink) {
    this.#types = types;
    this.#sink = sink;
  }

  /** How many records of other types there were so far. */
  get passedOver(): number {
    return this.#passedOver;
  }

  /** Takes the next bytes, of any number; keeps none of them. Throws {@link Damage}. */
  push(bytes: Uint8Array): void {
    this.#windows.push(bytes);
  }

  /** No more comes. Throws {@link Truncation} unless the document was complete. */
  end(): void {
    const complete = this.#rootOpened && this.#open.length === 0 && !this.#skipper.skipping;
    if (!complete || this.#windows.unread) throw new Truncation(this.#windows.offset);
  }

  #scanWindow(window: Buffer, base: number, from: number): number {
    this.#base = base;
    if (this.#begun) return this.#scan(window, from);
    const root = this.#prologue.find(window, from);
    this.#begun = root.found;
    return root.found ? this.#scan(window, root.at) : root.at;
  }

  /** The prologue is kept whole until it is past, then what is wanted and open. */
  #keptFrom(): number | null {
    if (!this.#begun) return 0;
    const kept = this.#pressureOffset !== -1 ? this.#pressureOffset : this.#recordOffset;
    return kept === -1 ? null : kept;
  }

  #scan(window: Buffer, from: number): number {
    const length = window.length;
    let at = this.#skipper.skipping ? this.#skipper.skip(window, from) : from;
    if (this.#skipper.skipping) return at;
    // The next `&` at or after `at`, if it is known; where there is none, the window's end.
    let ampersand = -1;
    for (;;) {
      while (at < length && isGap(window[at])) at++;
      if (at + 1 >= length) {
        if (at < length && window[at] !== LESS) throw new TagError("text where only tags may stand", at);
        return at;
      }
      if (window[at] !== LESS) throw new TagError("text where only tags may stand", at);
      const second = window[at + 1];
      if (second === SLASH && this.#recordDepth > 0 && at + RECORD_END_BYTES <= length && isRecordEnd(window, at)) {
        // Most end tags are these.
        at += RECORD_END_BYTES;
        this.#closeRecord(window, at);
        continue;
      }
      if (second === BANG || second === QUESTION) {
        const after = this.#skipper.begin(window, at);
        if (after === -1) return at;
        at = this.#skipper.skip(window, after);
        if (this.#skipper.skipping) return at;
        continue;
      }
      // No `<` stands in a tag: where a `>` and white space stand before the next one, the tag ends there, whatever its
      // quotes hold. One search a tag, which is what all of this costs.
      let next = window.indexOf(LESS, at + 1);
      let last = next - 1;
      while (isGap(window[last])) last--;
      if (window[last] !== GREATER || next - at > MAX_TAG_BYTES) {
        last = slowTagEnd(window, at);
        if (last === -1) return at;
        next = last + 1;
      }
      if (second === RECORD_INITIAL && last >= at + RECORD_BYTES && isRecord(window, at)) {
        if (ampersand < at) ampersand = window.indexOf(AMPERSAND, at);
        if (ampersand === -1) ampersand = length;
        this.#openRecord(window, at, last, ampersand);
      } else if (!this.#isIdle || window[last - 1] !== SLASH || !isLetter(second)) this.#tag(window, at, last);
      at = next;
    }
  }

  /** True while an empty element can't matter: nothing is kept, and the root is open. */
  get #isIdle(): boolean {
    return this.#recordOffset === -1 && this.#pressureOffset === -1 && this.#open.length > 0;
  }

  /** Any tag but that of a Record, and most of their ends. */
  #tag(window: Buffer, at: number, last: number): void {
    if (this.#open.length === 0) {
      if (this.#rootOpened) throw new TagError("something follows the end of the export", at);
      this.#rootOpened = true;
    }
    if (window[at + 1] === SLASH) this.#close(window, at, last);
    else if (begins(window, at, METADATA) && endsName(window[at + METADATA.length])) {
      this.#metadata(at, last + 1);
      if (window[last - 1] !== SLASH) this.#push("MetadataEntry", at);
    } else this.#openOther(window, at, last);
  }

  #openRecord(window: Buffer, at: number, last: number, ampersand: number): void {
    if (this.#recordDepth > 0) throw new TagError("a Record inside a Record", at);
    if (this.#open.length === 0) throw new TagError("something follows the end of the export", at);
    const empty = window[last - 1] === SLASH;
    let sample: SampleType | null = null;
    let wanted = false;
    const typeFrom = at + TYPE_BYTES;
    const typeTo = last > typeFrom && isTypeFirst(window, at) ? window.indexOf(QUOTE, typeFrom) : -1;
    if (typeTo !== -1 && typeTo < last && typeTo < ampersand && endsName(window[typeTo + 1])) {
      sample = this.#types.find(window, typeFrom, typeTo);
      wanted = sample !== null;
    } else [wanted, sample] = this.#typeOf(window, at + RECORD_BYTES, last - (empty ? 1 : 0));
    if (!empty) {
      this.#push("Record", at);
      this.#recordDepth = this.#open.length;
    }
    if (!wanted) {
      this.#passedOver++;
      return;
    }
    this.#recordOffset = this.#base + at;
    this.#sample = sample;
    this.#record.tagEnd = last + 1 - at;
    this.#record.entries = 0;
    if (empty) this.#completeRecord(window, at, last + 1);
  }

  /** Whether a record is wanted whose type does not stand first, or not plainly. */
  #typeOf(window: Buffer, from: number, end: number): [wanted: boolean, sample: SampleType | null] {
    const types = this.#typesIn(window, from, end);
    const samples = [...types].map((type) => this.#types.named(type));
    if (types.size === 1) return [samples[0] !== null, samples[0] ?? null];
    return [types.size === 0 || samples.some((sample) => sample !== null), null];
  }

  #metadata(at: number, end: number): void {
    const depth = this.#open.length;
    if (this.#recordOffset !== -1 && depth === this.#recordDepth) {
      note(this.#record, this.#base + at - this.#recordOffset, this.#base + end - this.#recordOffset);
    } else if (this.#pressureOffset !== -1 && depth === this.#pressureDepth) {
      note(this.#pressure, this.#base + at - this.#pressureOffset, this.#base + end - this.#pressureOffset);
    }
  }

  #openOther(window: Buffer, at: number, last: number): void {
    const stop = nameEnd(window, at + 1);
    if (stop === at + 1) throw new TagError("a tag without a name", at);
    const name = window.toString("latin1", at + 1, stop);
    if (window[last - 1] === SLASH) return;
    this.#push(name, at);
    if (name !== "Correlation") return;
    this.#correlations++;
    if (!this.#types.pressure || this.#pressureOffset !== -1 || !this.#typesIn(window, stop, last).has(PRESSURE_TYPE))
      return;
    this.#pressureDepth = this.#open.length;
    this.#pressureOffset = this.#base + at;
    this.#pressure.tagEnd = last + 1 - at;
    this.#pressure.entries = 0;
  }

  /** All that the tag's attributes say its type is: more than one, or none, if it is damaged. */
  #typesIn(window: Buffer, from: number, end: number): ReadonlySet<string> {
    const spans = this.#spans;
    spans.read(window, from, end);
    const types = new Set<string>();
    for (let slot = 0; slot < spans.count * 4; slot += 4) {
      if (attributeAt(window, spans.at[slot] ?? 0, spans.at[slot + 1] ?? 0) !== TYPE_BIT) continue;
      types.add(decodeText(window, spans.at[slot + 2] ?? 0, spans.at[slot + 3] ?? 0).text);
    }
    return types;
  }

  #close(window: Buffer, at: number, last: number): void {
    const name = endName(window, at, last);
    if (name === "Record") this.#closeRecord(window, last + 1);
    else this.#pop(name, at);
    if (name === "Correlation") this.#closeCorrelation(window, last + 1);
  }

  #closeRecord(window: Buffer, end: number): void {
    this.#pop("Record", end - RECORD_END_BYTES);
    this.#recordDepth = 0;
    if (this.#recordOffset !== -1) this.#completeRecord(window, this.#recordOffset - this.#base, end);
  }

  #closeCorrelation(window: Buffer, end: number): void {
    this.#correlations--;
    if (this.#pressureOffset === -1 || this.#open.length >= this.#pressureDepth) return;
    const start = this.#pressureOffset - this.#base;
    fill(this.#pressure, window, start, end, this.#pressureOffset, false);
    this.#pressureOffset = -1;
    this.#sink.pressure(this.#pressure);
  }

  #pop(name: string, at: number): void {
    const open = this.#open.pop();
    if (open !== name) throw new TagError(`</${name}> where </${open ?? "nothing"}> should stand`, at);
  }

  #completeRecord(window: Buffer, start: number, end: number): void {
    fill(this.#record, window, start, end, this.#recordOffset, this.#correlations > 0);
    this.#record.half = this.#pressureOffset !== -1;
    this.#recordOffset = -1;
    this.#sink.record(this.#record, this.#sample);
  }

  #push(name: string, at: number): void {
    if (this.#open.push(name) > MAX_DEPTH) throw new TagError(`more than ${MAX_DEPTH} elements inside each other`, at);
  }
}
