import { TagError } from "../shared/xml/tag.js";
import { Damage } from "./damage.js";

/** Who looks at windows of a stream. */
export interface WindowScanner {
  /**
   * Looks at a window from `from` on; gives up to where it got, which is before something that ends in a later window. The
   * window begins `base` bytes after the stream does and is valid during the call. May throw a TagError.
   */
  scan(window: Buffer, base: number, from: number): number;
  /** Offset in the stream from which bytes must stay in the window; null: only what is unread. */
  keptFrom(): number | null;
}

/** An element that is kept whole may not be longer. */
const MAX_ELEMENT_BYTES = 4 << 20;
/** How much of the next chunk is joined to what the last one left, at first. */
const BRIDGE_BYTES = 4_096;
const EMPTY = Buffer.alloc(0);

/** Makes of a stream's chunks windows in which whatever is needed lies in one piece, and copies next to nothing for it. */
export class Windows {
  readonly #scanner: WindowScanner;
  /** What the last chunk left: from the first byte that is still needed. */
  #carry: Buffer = EMPTY;
  /** Offset in the stream of the first byte of `#carry`, or of the window while one is looked at. */
  #base = 0;
  /** Next unread byte, counted from `#base`. */
  #at = 0;

  constructor(scanner: WindowScanner) {
    this.#scanner = scanner;
  }

  /** How many bytes there were so far. */
  get offset(): number {
    return this.#base + this.#carry.length;
  }

  /** True if the last ones are not read yet. */
  get unread(): boolean {
    return this.#carry.length > this.#at;
  }

  /** Takes the next bytes, and keeps none of them. Throws {@link Damage}. */
  push(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let from = 0;
    // What began in the last chunk is looked at in a small window of its own, until something begins in this one.
    while (this.#carry.length > 0 && from < chunk.length) {
      const left = this.#carry.length;
      const take = Math.min(chunk.length - from, Math.max(BRIDGE_BYTES, left));
      const window = Buffer.concat([this.#carry, chunk.subarray(from, from + take)]);
      const needed = this.#look(window);
      if (needed >= left) {
        this.#carry = EMPTY;
        this.#base += left - from;
        this.#at += from - left;
        this.#rest(chunk, from + needed - left);
        return;
      }
      from += take;
      this.#carry = window.subarray(needed);
      this.#base += needed;
      this.#at -= needed;
    }
    if (from < chunk.length) this.#rest(chunk, 0);
    this.#checkKept();
  }

  /** Looks at a chunk whose unread part begins at `#at`; bytes before `needed` are not needed any more. */
  #rest(chunk: Buffer, needed: number): void {
    const kept = this.#at < chunk.length ? this.#look(chunk) : Math.min(needed, chunk.length);
    this.#carry = kept === chunk.length ? EMPTY : Buffer.from(chunk.subarray(kept));
    this.#base += kept;
    this.#at -= kept;
    this.#checkKept();
  }

  /** Looks from `#at` on; returns from where bytes are still needed. */
  #look(window: Buffer): number {
    try {
      this.#at = this.#scanner.scan(window, this.#base, this.#at);
    } catch (error) {
      if (error instanceof TagError) throw new Damage(error.message, this.#base + error.at);
      throw error;
    }
    const kept = this.#scanner.keptFrom();
    return kept === null ? this.#at : Math.min(this.#at, kept - this.#base);
  }

  #checkKept(): void {
    if (this.#at <= MAX_ELEMENT_BYTES) return;
    throw new Damage(`an element of more than ${MAX_ELEMENT_BYTES} bytes`, this.#base);
  }
}
