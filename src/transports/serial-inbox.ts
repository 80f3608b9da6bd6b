import { Problem } from "../domain/problem.js";
import { concat } from "../kit/bytes.js";

interface Reader {
  resolve(bytes: Uint8Array): void;
  reject(reason: unknown): void;
}

/** After how many small chunks they are joined to one, so that a flood of single bytes costs no more than its bytes. */
const JOIN_CHUNKS = 1024;

/** What has come from a device and was not read yet, and the one reader that waits for more. */
export class Inbox {
  readonly #limitBytes: number;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #reader: Reader | null = null;
  #end: Problem | null = null;

  /** @param limitBytes how much may stand unread */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Takes bytes from the device; false if there is no room for them: they are dropped, and the inbox must be ended. */
  push(bytes: Uint8Array): boolean {
    if (bytes.length === 0 || this.#end !== null) return true;
    const reader = this.#reader;
    if (reader !== null) {
      this.#reader = null;
      reader.resolve(bytes);
      return true;
    }
    if (this.#size + bytes.length > this.#limitBytes) return false;
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    if (this.#chunks.length === JOIN_CHUNKS) this.#chunks = [concat(this.#chunks)];
    return true;
  }

  /** Nothing more will come, for this reason. What has come can still be read unless `drop` is set. */
  end(problem: Problem, drop = false): void {
    if (drop) {
      this.#chunks = [];
      this.#size = 0;
      this.#end = problem;
    }
    this.#end ??= problem;
    const reader = this.#reader;
    this.#reader = null;
    reader?.reject(this.#end);
  }

  /** All that has come and was not read, or the next to come. Rejects with the reason of the end or of the signal. */
  async read(signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (this.#reader !== null) throw new Problem("INTERNAL", "two reads at a time");
    if (this.#size > 0) {
      const bytes = concat(this.#chunks);
      this.#chunks = [];
      this.#size = 0;
      return bytes;
    }
    if (this.#end !== null) throw this.#end;
    return await new Promise<Uint8Array>((resolve, reject) => {
      const cancel = (): void => {
        this.#reader = null;
        reject(signal?.reason);
      };
      const over = (): void => signal?.removeEventListener("abort", cancel);
      signal?.addEventListener("abort", cancel, { once: true });
      this.#reader = {
        resolve: (bytes) => {
          over();
          resolve(bytes);
        },
        reject: (reason) => {
          over();
          reject(reason);
        },
      };
    });
  }
}
