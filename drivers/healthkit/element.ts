import type { SampleType } from "./types.js";

/** A complete element. It is one object, filled anew for each: valid only while the sink is told of it. */
export interface Element {
  /** The element's bytes stand in it from `start` to `end`; its start tag has `tagEnd` bytes. */
  window: Buffer;
  start: number;
  tagEnd: number;
  end: number;
  /** Of its `<`, in bytes from the start of the file. */
  offset: number;
  /** Beginnings and ends of its `MetadataEntry` tags in turn, counted from `start`; only the first `entries * 2` count. */
  readonly metadata: number[];
  entries: number;
  /** True if it stands in a `Correlation`: such records stand at the top level as well. */
  child: boolean;
  /** True if that correlation is one of blood pressure, which will be told too. */
  half: boolean;
}

/** Who is told the elements, in the order of their ends. May throw a TagError of `window`. */
export interface ElementSink {
  /** A `Record` of a wanted type. `sample` is null where it names no type, or several: one of them might be wanted. */
  record(element: Element, sample: SampleType | null): void;
  /** A correlation of blood pressure, after the records in it. */
  pressure(element: Element): void;
}

/** An element to be filled. */
export function emptyElement(): Element {
  return {
    window: Buffer.alloc(0),
    start: 0,
    tagEnd: 0,
    end: 0,
    offset: 0,
    metadata: [],
    entries: 0,
    child: false,
    half: false,
  };
}

/** Notes a tag of metadata by its beginning and end, counted from the element's. */
export function note(element: Element, from: number, to: number): void {
  element.metadata[element.entries * 2] = from;
  element.metadata[element.entries * 2 + 1] = to;
  element.entries++;
}

/** Says where a complete element stands. What else it has was filled in while it was open. */
export function fill(
  element: Element,
  window: Buffer,
  start: number,
  end: number,
  offset: number,
  child: boolean,
): void {
  element.window = window;
  element.start = start;
  element.end = end;
  element.offset = offset;
  element.child = child;
}
