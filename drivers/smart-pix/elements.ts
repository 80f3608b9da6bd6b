import { Problem } from "../../src/domain/problem.js";
import { attributeSpans, nameEnd, TagError } from "../shared/xml/tag.js";
import { decodeText } from "../shared/xml/text.js";
import type { TagSink } from "../shared/xml/tokenizer.js";

/** A start tag of the report. */
export interface Element {
  /** Names of the elements around it and its own: `IMPORT/BGDATA/BG`. */
  readonly path: string;
  /** True if nothing can stand in it. */
  readonly empty: boolean;
  /** Decoded values by name, blanks around them left aside. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Why its attributes can't be trusted; null if they can. */
  readonly damage: string | null;
  /** Of its `<`, in bytes from the start of the file. */
  readonly offset: number;
  /** The tag's own bytes; the receiver's to keep. */
  readonly raw: Uint8Array;
}

/** Reports nest three deep. */
const MAX_DEPTH = 64;

/** Tells every start tag of a document, in its order. */
export class Elements implements TagSink {
  readonly #found: (element: Element) => void;
  readonly #open: string[] = [];
  #begun = false;

  constructor(found: (element: Element) => void) {
    this.#found = found;
  }

  keepFrom(): null {
    return null;
  }

  finished(): boolean {
    return this.#begun && this.#open.length === 0;
  }

  opened(window: Buffer, start: number, end: number, empty: boolean, offset: number): void {
    this.#begun = true;
    const stop = nameEnd(window, start + 1);
    const name = window.toString("latin1", start + 1, stop);
    const path = [...this.#open, name].join("/");
    this.#found({
      path,
      empty,
      offset,
      ...attributesOf(window, stop, end - (empty ? 2 : 1)),
      raw: copy(window, start, end),
    });
    if (!empty && this.#open.push(name) > MAX_DEPTH) {
      throw new TagError(`more than ${MAX_DEPTH} elements inside each other`, start);
    }
  }

  closed(_window: Buffer, name: string, start: number): void {
    const open = this.#open.pop();
    if (open !== name) throw new TagError(`</${name}> where </${open ?? "nothing"}> should stand`, start);
  }
}

/** The attribute's text. Throws IMPORT_MALFORMED if the element does not have it, or nothing in it. */
export function demandAttribute(element: Element, name: string): string {
  const value = element.attributes.get(name) ?? "";
  if (value !== "" && element.damage === null) return value;
  const why = element.damage ?? `it has no ${name}`;
  throw new Problem("IMPORT_MALFORMED", `The ${element.path} at byte ${element.offset} can't be read: ${why}.`);
}

function attributesOf(window: Buffer, from: number, end: number): Pick<Element, "attributes" | "damage"> {
  const attributes = new Map<string, string>();
  let damage: string | null = null;
  for (const span of attributeSpans(window, from, end)) {
    const name = window.toString("latin1", span.nameStart, span.nameEnd);
    const { text, sound } = decodeText(window, span.valueStart, span.valueEnd);
    if (!sound) damage ??= `its ${name} has a reference that means nothing`;
    if ((attributes.get(name) ?? text.trim()) !== text.trim()) damage ??= `it says two things about its ${name}`;
    attributes.set(name, text.trim());
  }
  return { attributes, damage };
}

function copy(window: Buffer, start: number, end: number): Uint8Array {
  return new Uint8Array(window.subarray(start, end));
}
