import { Problem } from "../../domain/problem.js";
import type { GattNotice } from "../../kit/transport.js";

/** How many notices may stand unread: some ten times the largest memory of a meter. */
const LIMIT = 65_536;

interface Reader {
  resolve(notice: GattNotice): void;
  reject(reason: unknown): void;
}

/** The notices that have come from a meter and were not taken yet, and the one reader that waits for more. */
export class NoticeInbox {
  readonly #limit: number;
  readonly #notices: GattNotice[] = [];
  /** Up to where they have been read. */
  #at = 0;
  #reader: Reader | null = null;
  #end: Problem | null = null;

  /** @param limit how many may stand unread */
  constructor(limit = LIMIT) {
    this.#limit = limit;
  }

  /** Takes what the meter sent; false if there is no room for it: it is dropped, and the inbox must be ended. */
  push(notice: GattNotice): boolean {
    if (this.#end !== null) return true;
    if (this.#reader !== null) {
      this.#reader.resolve(notice);
      return true;
    }
    if (this.#notices.length - this.#at >= this.#limit) return false;
    this.#notices.push(notice);
    return true;
  }

  /** Nothing more will come, for this reason. What has come can still be read unless `drop` is set. */
  end(problem: Problem, drop = false): void {
    if (drop) {
      this.#clear();
      this.#end = problem;
    }
    this.#end ??= problem;
    this.#reader?.reject(this.#end);
  }

  /** What stands there, or the next to come. Rejects with the reason of the end or of the signal; what comes later is kept. */
  async next(signal?: AbortSignal): Promise<GattNotice> {
    signal?.throwIfAborted();
    if (this.#reader !== null) throw new Problem("INTERNAL", "two reads at a time");
    const ready = this.#notices[this.#at];
    if (ready !== undefined) {
      this.#at += 1;
      if (this.#at === this.#notices.length) this.#clear();
      return ready;
    }
    if (this.#end !== null) throw this.#end;
    return await new Promise<GattNotice>((resolve, reject) => {
      const cancel = (): void => this.#reader?.reject(signal?.reason);
      const over = (): void => {
        signal?.removeEventListener("abort", cancel);
        this.#reader = null;
      };
      this.#reader = {
        resolve: (notice) => {
          over();
          resolve(notice);
        },
        reject: (reason) => {
          over();
          reject(reason);
        },
      };
      signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  #clear(): void {
    this.#notices.length = 0;
    this.#at = 0;
  }
}
