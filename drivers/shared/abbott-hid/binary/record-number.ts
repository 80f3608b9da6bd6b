/** The 16 bits that a record has of its number. */
const WRAP = 0x1_0000;
/** Records that may have been made since the reader said how far its numbers go. */
const SLACK = 1_000;

/** Makes whole record numbers of the 16 bits that records carry. */
export class RecordNumbers {
  #limit: number;

  /** @param next the number that the reader will give next (`$dbrnum?`) */
  constructor(next: number) {
    this.#limit = next + SLACK;
  }

  /** The greatest number with these 16 bits that a record can have by now; null if there is none. */
  whole(bits: number): number | null {
    const number = this.#limit - 1 - ((((this.#limit - 1 - bits) % WRAP) + WRAP) % WRAP);
    return number < 0 ? null : number;
  }

  /**
   * A mark of the memory's turning over has come: records that come after it, which are older, have lower numbers than
   * it names. That is not always a multiple of 65,536, and is rounded up to one (sheet a).
   */
  lower(next: number): void {
    const limit = Math.ceil(next / WRAP) * WRAP;
    if (limit > 0) this.#limit = Math.min(this.#limit, limit);
  }
}
