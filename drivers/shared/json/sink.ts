import type { JsonNumber } from "./value.js";

/** Who is told a document's values, in their order. Offsets are bytes from the document's start. */
export interface JsonSink {
  /** A value begins. True: its text is wanted if it is text or a number. */
  begin(offset: number): boolean;
  /** It is an object or an array; `close` is told when it ends. */
  open(kind: "object" | "array"): void;
  /** True if the next name's text is wanted. */
  wantsName(): boolean;
  /** A member's name; null if it was not wanted or is too long. */
  name(text: string | null): void;
  /** It is none of both, and ends before `end`. Null stands for text too that was not wanted, or is beyond the bound. */
  scalar(value: string | JsonNumber | boolean | null, end: number): void;
  /** The object or array that was opened last ends before `end`. */
  close(end: number): void;
  /** The text that has just begun can't be decoded: it is no UTF-8. */
  undecodable(): void;
}

/** What a document may ask of its reader. */
export interface JsonLimits {
  /** Objects and arrays within each other. */
  readonly maxDepth: number;
  /** Bytes of one name or text that is wanted; also of a wanted element, by `JsonReader`. */
  readonly maxBytes: number;
}

/** Deeper and larger than any health export's element. */
export const JSON_LIMITS: JsonLimits = { maxDepth: 64, maxBytes: 1 << 20 };
