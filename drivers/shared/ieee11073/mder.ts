import { Problem } from "../../../src/domain/problem.js";

/**
 * Reads a message in the medical device encoding rules (MDER) of IEEE 11073-20601: whole numbers high byte first, octet
 * strings and sequences with their lengths in front (sheet a). Every step is checked against what there is: a message
 * that ends early, or goes on where it should have ended, throws FRAME_MALFORMED with the place.
 */
export class MderReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #base: number;
  #at = 0;

  /**
   * @param what the message's name, for the error
   * @param base where the bytes begin in the message around them
   */
  constructor(bytes: Uint8Array, what: string, base = 0) {
    this.#bytes = bytes;
    this.#what = what;
    this.#base = base;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Place of the next byte in the outermost message. */
  get offset(): number {
    return this.#base + this.#at;
  }

  u8(): number {
    return this.bytes(1)[0] ?? 0;
  }

  u16(): number {
    const [high = 0, low = 0] = this.bytes(2);
    return (high << 8) | low;
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  /** The next so many bytes, a copy. */
  bytes(count: number): Uint8Array {
    if (count > this.left) throw this.#misfit(`ends ${count - this.left} bytes early`);
    const taken = this.#bytes.slice(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  /** An octet string: two bytes of length, then so many. */
  octets(): Uint8Array {
    return this.bytes(this.u16());
  }

  /** What has its length in two bytes before it (an ANY, a list's items), to be read on its own. */
  inner(): MderReader {
    const length = this.u16();
    const base = this.offset;
    return new MderReader(this.bytes(length), this.#what, base);
  }

  /** A sequence: how many items, how many bytes they have together, and the items, which must fill those bytes. */
  sequence<T>(item: (reader: MderReader) => T): T[] {
    const count = this.u16();
    const items = this.inner();
    const read: T[] = [];
    for (let number = 0; number < count; number += 1) {
      const before = items.left;
      read.push(item(items));
      if (items.left === before) throw this.#misfit("holds an item of no bytes");
    }
    items.end();
    return read;
  }

  /** To be called where the message must end. */
  end(): void {
    if (this.left > 0) throw this.#misfit(`goes on for ${this.left} bytes after its end`);
  }

  #misfit(how: string): Problem {
    const { offset } = this;
    return new Problem("FRAME_MALFORMED", `${this.#what} ${how} (byte ${offset}).`, { offset, message: this.#what });
  }
}

/** Two bytes, high one first. */
export function u16Bytes(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

/** Four bytes, highest first. */
export function u32Bytes(value: number): number[] {
  return [...u16Bytes(value >>> 16), ...u16Bytes(value)];
}

/** The bytes with their length in two bytes before them: an octet string, or an ANY. */
export function octetsBytes(bytes: readonly number[] | Uint8Array): number[] {
  return [...u16Bytes(bytes.length), ...bytes];
}
