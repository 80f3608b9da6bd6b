/** By how much the room grows when it is full: little, as a whole memory is held so. */
const GROWTH = 1.25;
const FIRST_BYTES = 4_096;

/** Bytes that come piece by piece, in one array that grows. */
export class Pile {
  #room = new Uint8Array(FIRST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What has come, without a copy: good until the next `add`. */
  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  add(piece: Uint8Array): void {
    const wanted = this.#length + piece.length;
    if (wanted > this.#room.length) {
      const room = new Uint8Array(Math.max(wanted, Math.ceil(this.#room.length * GROWTH)));
      room.set(this.bytes);
      this.#room = room;
    }
    this.#room.set(piece, this.#length);
    this.#length = wanted;
  }
}
