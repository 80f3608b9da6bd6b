import { hex } from "../../../src/kit/bytes.js";

/**
 * Tells what is news where a memory is read more than once: how often each of its records was met in one pass, and told
 * in all. A memory can hold two equal records; both are told, and neither again in the next pass.
 */
export class Tally {
  readonly #told = new Map<string, number>();
  #met = new Map<string, number>();

  /** The memory is being read from its beginning. */
  beginPass(): void {
    this.#met = new Map();
  }

  /** How often these bytes were met in this pass. */
  met(raw: Uint8Array): number {
    return this.#met.get(hex(raw)) ?? 0;
  }

  /** Counts the bytes as met; true if that is oftener than they were told, which then counts too. */
  isNews(raw: Uint8Array): boolean {
    const key = hex(raw);
    const times = (this.#met.get(key) ?? 0) + 1;
    this.#met.set(key, times);
    if (times <= (this.#told.get(key) ?? 0)) return false;
    this.#told.set(key, times);
    return true;
  }
}
