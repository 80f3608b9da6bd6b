import { Problem } from "../domain/problem.js";
import { type Waiter, waitFor } from "./waiter.js";

/** What has come from a device and was not read yet, however it is kept, and the one reader that waits for more. */
export abstract class AnyInbox {
  /** How much may stand unread, for people: `5000 bytes`. */
  abstract readonly limit: string;
  #reader: Waiter | null = null;
  #end: Problem | null = null;

  /** Takes what the device sent; false if there is no room for it: it is dropped, and the inbox must be ended. */
  push(bytes: Uint8Array): boolean {
    if (this.#end !== null) return true;
    if (this.#reader === null) return this.put(bytes);
    this.#reader.resolve(bytes);
    return true;
  }

  /** Nothing more will come, for this reason. What has come can still be read unless `drop` is set. */
  end(problem: Problem, drop = false): void {
    if (drop) {
      this.clear();
      this.#end = problem;
    }
    this.#end ??= problem;
    this.#reader?.reject(this.#end);
  }

  /** What stands there, or the next to come. Rejects with the reason of the end or of the signal; what comes later is kept. */
  async read(signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (this.#reader !== null) throw new Problem("INTERNAL", "two reads at a time");
    const ready = this.take();
    if (ready !== null) return ready;
    if (this.#end !== null) throw this.#end;
    return await waitFor(signal, (waiter) => {
      this.#reader = waiter;
    });
  }

  /** Keeps what nobody waits for; false if there is no room. */
  protected abstract put(bytes: Uint8Array): boolean;
  /** What one read gets of what is kept; null if nothing is. */
  protected abstract take(): Uint8Array | null;
  /** Drops all that is kept. */
  protected abstract clear(): void;
}
