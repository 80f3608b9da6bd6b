import { Problem } from "../domain/problem.js";

interface Reader {
  resolve(report: Uint8Array): void;
  reject(reason: unknown): void;
}

/** The reports that have come from a device and were not read yet, each whole, and the one reader that waits for the next. */
export class ReportInbox {
  readonly #limit: number;
  readonly #reports: Uint8Array[] = [];
  /** Up to where `#reports` has been read. */
  #at = 0;
  #reader: Reader | null = null;
  #end: Problem | null = null;

  /** @param limit how many reports may stand unread */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes a report from the device; false if there is no room for it: it is dropped, and the inbox must be ended. */
  push(report: Uint8Array): boolean {
    if (this.#end !== null) return true;
    const reader = this.#reader;
    if (reader !== null) {
      this.#reader = null;
      reader.resolve(report);
      return true;
    }
    if (this.#reports.length - this.#at >= this.#limit) return false;
    this.#reports.push(report);
    return true;
  }

  /** Nothing more will come, for this reason. What has come can still be read unless `drop` is set. */
  end(problem: Problem, drop = false): void {
    if (drop) {
      this.#clear();
      this.#end = problem;
    }
    this.#end ??= problem;
    const reader = this.#reader;
    this.#reader = null;
    reader?.reject(this.#end);
  }

  /** The next report. Rejects with the reason of the end or of the signal; what comes later is kept. */
  async read(signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (this.#reader !== null) throw new Problem("INTERNAL", "two reads at a time");
    const report = this.#reports[this.#at];
    if (report !== undefined) {
      this.#at += 1;
      if (this.#at === this.#reports.length) this.#clear();
      return report;
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
        resolve: (next) => {
          over();
          resolve(next);
        },
        reject: (reason) => {
          over();
          reject(reason);
        },
      };
    });
  }

  #clear(): void {
    this.#reports.length = 0;
    this.#at = 0;
  }
}
