import { JsonLexer } from "./lexer.js";
import { JSON_LIMITS, type JsonLimits, type JsonSink } from "./sink.js";
import type { JsonNumber, JsonValue } from "./value.js";

/** Where values stand: names from the root inwards; `*` for every element of an array and every member of an object. */
export type JsonPath = readonly string[];

/** One wanted value. */
export interface JsonElement {
  /** Which of the paths it stands at: its index. */
  readonly path: number;
  /** Names and, of arrays, places (from 0) from the root to it. */
  readonly at: readonly (string | number)[];
  /** Null too if it has a fault. */
  readonly value: JsonValue;
  /** Why it can't be read although the document goes on, a sentence's end (`it is too large`); null if nothing is wrong. */
  readonly fault: string | null;
  /** Its bytes as they stand; of one that is too large the first 4,096. */
  readonly raw: Uint8Array;
  /** Of its first byte in the document. */
  readonly offset: number;
}

const SAMPLE_BYTES = 4_096;
const TOO_LARGE = "it is too large";

type Builder = { readonly map: Map<string, JsonValue> } | { readonly list: JsonValue[] };

/**
 * Gives each value at one of the paths, whole, in the document's order, from chunks cut anywhere; all else is checked
 * and passed over. The outermost path wins: nothing inside a given value is given again. Memory is bounded by the limits
 * and one chunk. A value that is too large, has a name twice or is no UTF-8 has a fault; the rest goes on. Throws as
 * {@link JsonLexer} does.
 */
export class JsonReader {
  readonly #lexer: JsonLexer;
  readonly #finder: Finder;

  constructor(paths: readonly JsonPath[], limits: JsonLimits = JSON_LIMITS) {
    this.#finder = new Finder(paths, limits);
    this.#lexer = new JsonLexer(this.#finder, limits);
  }

  /** Takes the next bytes, which must not be changed afterwards. Elements found are taken with {@link take}. */
  push(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#finder.chunk(chunk);
    this.#lexer.push(chunk);
    this.#finder.chunkEnds();
  }

  /** The document must be complete. */
  end(): void {
    this.#lexer.end();
  }

  /** What was found since the last call, also if `push` threw. */
  take(): JsonElement[] {
    return this.#finder.take();
  }
}

class Finder implements JsonSink {
  readonly #paths: readonly JsonPath[];
  readonly #limits: JsonLimits;
  #found: JsonElement[] = [];
  /** Names and places to the present value; `#alive[n]`: paths that fit its first n. */
  readonly #at: (string | number)[] = [];
  readonly #alive: (readonly number[])[];
  /** Depth of containers that hold nothing wanted; 0: none is being passed over. */
  #skipped = 0;
  /** Of the wanted value being read; -1: none. */
  #path = -1;
  #offset = 0;
  #builders: Builder[] = [];
  #names: (string | null)[] = [];
  #fault: string | null = null;
  /** The present chunk, its offset, and pieces of the wanted value from chunks before. */
  #chunk: Buffer = Buffer.alloc(0);
  #base = 0;
  #pieces: Buffer[] = [];

  constructor(paths: readonly JsonPath[], limits: JsonLimits) {
    this.#paths = paths;
    this.#limits = limits;
    this.#alive = [paths.map((_, index) => index)];
  }

  take(): JsonElement[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  chunk(chunk: Buffer): void {
    this.#chunk = chunk;
  }

  chunkEnds(): void {
    if (this.#path !== -1 && this.#fault !== TOO_LARGE) {
      this.#pieces.push(this.#chunk.subarray(Math.max(0, this.#offset - this.#base)));
      if (this.#base + this.#chunk.length - this.#offset > this.#limits.maxBytes) this.#tooLarge();
    }
    this.#base += this.#chunk.length;
    this.#chunk = Buffer.alloc(0);
  }

  begin(offset: number): boolean {
    if (this.#path !== -1) return this.#fault === null;
    if (this.#skipped > 0) return false;
    this.#step();
    const depth = this.#at.length;
    const wanted = this.#alive[depth]?.find((path) => this.#paths[path]?.length === depth);
    if (wanted === undefined) return false;
    this.#path = wanted;
    this.#offset = offset;
    this.#fault = null;
    this.#pieces = [];
    return true;
  }

  /** To the next element, if this is an array's; the root has no place. */
  #step(): void {
    const last = this.#at.length - 1;
    const place = this.#at[last];
    if (typeof place !== "number") return;
    this.#at[last] = place + 1;
    if (place === -1) this.#match(last + 1);
  }

  /** Which paths fit up to that depth. All elements of an array fit alike. */
  #match(depth: number): void {
    const key = this.#at[depth - 1];
    this.#alive[depth] = (this.#alive[depth - 1] ?? []).filter((path) => {
      const part = this.#paths[path]?.[depth - 1];
      return part === "*" || (part !== undefined && part === key);
    });
  }

  open(kind: "object" | "array"): void {
    if (this.#path !== -1) {
      this.#builders.push(kind === "object" ? { map: new Map() } : { list: [] });
      this.#names.push(null);
      return;
    }
    const depth = this.#at.length;
    const leads = this.#alive[depth]?.some((path) => (this.#paths[path]?.length ?? 0) > depth) === true;
    if (this.#skipped > 0 || !leads) this.#skipped += 1;
    else this.#at.push(kind === "object" ? "" : -1);
  }

  wantsName(): boolean {
    return this.#path !== -1 ? this.#fault === null : this.#skipped === 0;
  }

  name(text: string | null): void {
    if (this.#path !== -1) {
      this.#names[this.#names.length - 1] = text;
      if (text === null && this.#fault === null) this.#fault = "a name in it is too long";
      return;
    }
    if (this.#skipped > 0) return;
    const depth = this.#at.length;
    this.#at[depth - 1] = text ?? "";
    if (text === null) this.#alive[depth] = [];
    else this.#match(depth);
  }

  undecodable(): void {
    if (this.#path !== -1) this.#fault ??= "a text in it is no UTF-8";
  }

  scalar(value: string | JsonNumber | boolean | null, end: number): void {
    if (this.#path !== -1) this.#put(value, end);
  }

  close(end: number): void {
    if (this.#path !== -1) {
      const builder = this.#builders.pop();
      this.#names.pop();
      if (builder !== undefined) this.#put("map" in builder ? builder.map : builder.list, end);
    } else if (this.#skipped > 0) this.#skipped -= 1;
    else this.#at.pop();
  }

  #put(value: JsonValue, end: number): void {
    const into = this.#builders.at(-1);
    if (into === undefined) {
      this.#give(value, end);
      return;
    }
    // What is at fault is not kept: its pieces are enough.
    if (this.#fault !== null) return;
    if ("list" in into) into.list.push(value);
    else {
      const name = this.#names.at(-1) ?? "";
      if (into.map.has(name)) this.#fault = `it has ${JSON.stringify(name.slice(0, 100))} twice`;
      else into.map.set(name, value);
    }
  }

  #give(value: JsonValue, end: number): void {
    if (this.#fault !== TOO_LARGE) {
      this.#pieces.push(this.#chunk.subarray(Math.max(0, this.#offset - this.#base), end - this.#base));
      if (end - this.#offset > this.#limits.maxBytes) this.#tooLarge();
    }
    const [path, fault, offset] = [this.#path, this.#fault, this.#offset];
    // A copy, so that whoever keeps an element does not keep its chunk.
    const [first = Buffer.alloc(0), ...more] = this.#pieces;
    const raw = new Uint8Array(more.length === 0 ? first : Buffer.concat([first, ...more]));
    this.#found.push({ path, at: [...this.#at], value: fault === null ? value : null, fault, raw, offset });
    this.#path = -1;
    this.#pieces = [];
    this.#fault = null;
  }

  /** Only its beginning is kept from here on. */
  #tooLarge(): void {
    this.#fault = TOO_LARGE;
    this.#pieces = [Buffer.from(Buffer.concat(this.#pieces).subarray(0, SAMPLE_BYTES))];
    this.#builders = this.#builders.map((builder) => ("map" in builder ? { map: new Map() } : { list: [] }));
  }
}
