import type { Clock } from "../../../src/domain/clock.js";

/** Sends a virtual meter's reports one after the other, each taking its time. A hub that has hung up misses the rest. */
export class ReportSpeaker {
  readonly #clock: Clock;
  readonly #reportMs: number;
  #last: Promise<void> = Promise.resolve();

  /** @param reportMs what one report takes: 1 on a full-speed device, more where a slow line lies behind it */
  constructor(clock: Clock, reportMs: number) {
    this.#clock = clock;
    this.#reportMs = reportMs;
  }

  /** Resolves when all are sent; nobody needs to wait for it. */
  say(reports: readonly Uint8Array[], send: (report: Uint8Array) => void): Promise<void> {
    this.#last = this.#last.then(() => this.#each(reports, send)).catch(() => undefined);
    return this.#last;
  }

  async #each(reports: readonly Uint8Array[], send: (report: Uint8Array) => void): Promise<void> {
    for (const report of reports) {
      await this.#clock.sleep(this.#reportMs);
      send(Uint8Array.from(report));
    }
  }
}
