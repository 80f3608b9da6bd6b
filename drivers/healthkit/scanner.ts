import { attributeSpans, nameEnd, TagError } from "../shared/xml/tag.js";
import { decodeText } from "../shared/xml/text.js";
import { type TagSink, Tokenizer } from "../shared/xml/tokenizer.js";

/** A `Record` element of a wanted type, complete. */
export interface ScannedRecord {
  /** Decoded values by name, of the attributes that matter (not the app's version, not the date of saving); of one that stands twice, the first. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Keys and values of its `MetadataEntry` children, in their order; a key may repeat. */
  readonly metadata: readonly (readonly [key: string, value: string])[];
  /** True if it stands in a `Correlation`: such records stand at the top level as well. */
  readonly child: boolean;
  /** Why its attributes can't be trusted, one sentence; null if they can. */
  readonly damage: string | null;
  /** Of its `<`, in bytes from the start of the file. */
  readonly offset: number;
  /** The element's own bytes, children included; the receiver's to keep. */
  readonly raw: Uint8Array;
}

/** A scanner in its course. */
export interface Scanner {
  /** Takes the next bytes, of any number. Throws IMPORT_MALFORMED at damage, after all records before it were told. */
  push(bytes: Uint8Array): void;
  /** No more comes. Throws IMPORT_TRUNCATED unless the document was complete. */
  end(): void;
}

/** Real exports nest four deep. */
const MAX_DEPTH = 64;
/** Attributes that are read. On all but the device a reading stands or falls: damage to them is damage to the record. */
const USED: ReadonlySet<string> = new Set(["type", "unit", "value", "sourceName", "startDate", "endDate", "device"]);

/**
 * Reads an export.xml of any size in constant memory and tells every `Record` whose type `wanted` says yes to (and
 * those that name no type, or two: one of them might be wanted), wherever it stands, in the file's order.
 */
export function createScanner(wanted: (type: string) => boolean, found: (record: ScannedRecord) => void): Scanner {
  return new Tokenizer(new RecordSink(wanted, found), "HealthData");
}

interface OpenRecord {
  readonly offset: number;
  readonly attributes: Map<string, string>;
  readonly damage: string | null;
  readonly metadata: [string, string][];
}

class RecordSink implements TagSink {
  readonly #wanted: (type: string) => boolean;
  readonly #found: (record: ScannedRecord) => void;
  /** Names of the open elements. */
  readonly #open: string[] = [];
  /** Depth of the open Record, 0 if none is open, and what is kept of it if it is wanted. */
  #recordDepth = 0;
  #record: OpenRecord | null = null;
  #correlations = 0;
  #begun = false;

  constructor(wanted: (type: string) => boolean, found: (record: ScannedRecord) => void) {
    this.#wanted = wanted;
    this.#found = found;
  }

  keepFrom(): number | null {
    return this.#record?.offset ?? null;
  }

  finished(): boolean {
    return this.#begun && this.#open.length === 0;
  }

  opened(window: Buffer, start: number, end: number, empty: boolean, offset: number): void {
    this.#begun = true;
    const stop = nameEnd(window, start + 1);
    const name = window.toString("latin1", start + 1, stop);
    const last = end - (empty ? 2 : 1);
    if (name === "Record") {
      if (this.#recordDepth > 0) throw new TagError("a Record inside a Record", start);
      this.#record = this.#begin(window, stop, last, offset);
    } else if (name === "MetadataEntry" && this.#record !== null && this.#open.length === this.#recordDepth) {
      this.#metadata(this.#record, window, stop, last);
    }
    if (!empty) {
      if (this.#open.push(name) > MAX_DEPTH)
        throw new TagError(`more than ${MAX_DEPTH} elements inside each other`, start);
      if (name === "Record") this.#recordDepth = this.#open.length;
      if (name === "Correlation") this.#correlations++;
    } else if (name === "Record") this.#complete(window, start, end);
  }

  closed(window: Buffer, name: string, start: number, end: number, offset: number): void {
    const open = this.#open.pop();
    if (open !== name) throw new TagError(`</${name}> where </${open ?? "nothing"}> should stand`, start);
    if (name === "Correlation") this.#correlations--;
    if (name !== "Record") return;
    this.#recordDepth = 0;
    const recordOffset = this.#record?.offset ?? offset;
    this.#complete(window, start - (offset - recordOffset), end);
  }

  #begin(window: Buffer, from: number, end: number, offset: number): OpenRecord | null {
    const spans = attributeSpans(window, from, end);
    let wanted = true;
    let types = 0;
    for (const span of spans) {
      if (span.nameEnd - span.nameStart !== 4 || window.toString("latin1", span.nameStart, span.nameEnd) !== "type")
        continue;
      const type = decodeText(window, span.valueStart, span.valueEnd).text;
      wanted = (types++ > 0 && wanted) || this.#wanted(type);
    }
    if (!wanted) return null;
    const attributes = new Map<string, string>();
    let damage = types === 0 ? "it has no type" : null;
    for (const span of spans) {
      const name = window.toString("latin1", span.nameStart, span.nameEnd);
      if (!USED.has(name)) continue;
      const value = decodeText(window, span.valueStart, span.valueEnd);
      if (name !== "device") {
        if (!value.sound) damage ??= `its ${name} has a reference that means nothing`;
        if ((attributes.get(name) ?? value.text) !== value.text) damage ??= `it says two things about its ${name}`;
      }
      if (!attributes.has(name)) attributes.set(name, value.text);
    }
    return { offset, attributes, damage, metadata: [] };
  }

  #metadata(record: OpenRecord, window: Buffer, from: number, end: number): void {
    let key: string | null = null;
    let value: string | null = null;
    for (const span of attributeSpans(window, from, end)) {
      const name = window.toString("latin1", span.nameStart, span.nameEnd);
      if (name === "key") key ??= decodeText(window, span.valueStart, span.valueEnd).text;
      if (name === "value") value ??= decodeText(window, span.valueStart, span.valueEnd).text;
    }
    if (key !== null) record.metadata.push([key, value ?? ""]);
  }

  #complete(window: Buffer, start: number, end: number): void {
    const record = this.#record;
    if (record === null) return;
    this.#record = null;
    const { attributes, metadata, damage, offset } = record;
    // A copy: the window's memory goes on to other uses.
    const raw = new Uint8Array(window.subarray(start, end));
    this.#found({ attributes, metadata, damage, offset, raw, child: this.#correlations > 0 });
  }
}
