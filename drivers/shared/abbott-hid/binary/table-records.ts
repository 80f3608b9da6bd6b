import { Pile } from "../pile.js";

/** How each record's length stands before it. */
const LENGTH_BYTES = 2;

/** The records of a table, one behind the other in one array: a memory of ninety days has ten thousand. */
export class TableRecords {
  readonly #pile = new Pile();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Throws RangeError for a record of more than 65,535 bytes, which no frame has room for. */
  add(record: Uint8Array): void {
    if (record.length > 0xffff) throw new RangeError(`${record.length} bytes are no record`);
    this.#pile.add(Uint8Array.of(record.length & 0xff, record.length >> 8));
    this.#pile.add(record);
    this.#count += 1;
  }

  /** Each record in its order, a copy: what keeps it keeps nothing else. */
  *all(): Generator<Uint8Array, void, void> {
    const { bytes } = this.#pile;
    for (let at = 0; at < bytes.length; ) {
      const length = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
      const from = at + LENGTH_BYTES;
      yield bytes.slice(from, from + length);
      at = from + length;
    }
  }
}
