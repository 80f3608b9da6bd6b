import { nameEnd, TagError } from "../shared/xml/tag.js";

const ROOT = Buffer.from("<HealthData");
const ENTITY = Buffer.from("<!ENTITY");

/**
 * What stands before the root element, the document type among it: skipped unread, by searching, since it has been
 * broken in real exports (version 12).
 */
export class Prologue {
  readonly #limit: number;

  /** @param limit how many bytes may stand before the root element */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Looks for the root element from `from` on, in a window that begins with the file. `at` is where it begins, or from
   * where to look when more bytes have come. Throws TagError if there is none, or entities are declared: no export does,
   * and expanding them is how a small file fills memory.
   */
  find(window: Buffer, from: number): { readonly found: boolean; readonly at: number } {
    for (let at = from; ; at++) {
      const found = window.indexOf(ROOT, at);
      const before = found === -1 ? window.length : found;
      if (before > this.#limit) throw new TagError("no <HealthData> where it should begin", 0);
      if (found === -1) return { found: false, at: Math.max(0, window.length - ROOT.length) };
      if (found + ROOT.length >= window.length) return { found: false, at: found };
      at = found;
      if (nameEnd(window, found + 1) !== found + ROOT.length) continue;
      const entity = window.subarray(0, found).indexOf(ENTITY);
      if (entity !== -1) throw new TagError("it declares entities, as no export does", entity);
      return { found: true, at: found };
    }
  }
}

/** What is skipped unread between tags, by how it opens and ends. */
const UNREAD = [
  { opening: Buffer.from("<!--"), ending: Buffer.from("-->") },
  { opening: Buffer.from("<![CDATA["), ending: Buffer.from("]]>") },
  { opening: Buffer.from("<?"), ending: Buffer.from("?>") },
];

/** Skips comments, CDATA sections and instructions, whatever stands in them. */
export class Skipper {
  #ending: Buffer | null = null;

  /** True while one is open. */
  get skipping(): boolean {
    return this.#ending !== null;
  }

  /** Begins with what opens at `at`; where it goes on behind the opening, -1 if more bytes are needed. Throws TagError. */
  begin(window: Buffer, at: number): number {
    const have = window.length - at;
    for (const { opening, ending } of UNREAD) {
      const length = Math.min(have, opening.length);
      if (window.compare(opening, 0, length, at, at + length) !== 0) continue;
      if (length < opening.length) return -1;
      this.#ending = ending;
      return at + opening.length;
    }
    throw new TagError("a declaration where only tags may stand", at);
  }

  /** Skips to the end of what is open; where to go on, at once or with more bytes. */
  skip(window: Buffer, at: number): number {
    const ending = this.#ending;
    if (ending === null) return at;
    const found = window.indexOf(ending, at);
    if (found === -1) return Math.max(at, window.length - ending.length + 1);
    this.#ending = null;
    return found + ending.length;
  }
}
