import type { Clock } from "../../../src/domain/clock.js";
import { Problem } from "../../../src/domain/problem.js";
import { within } from "../../../src/kit/exchange.js";
import type { BleTransport, GattNotice } from "../../../src/kit/transport.js";

/** What a meter tells of its own accord, notice by notice, in the order sent; every wait has a bound. */
export class Notices {
  readonly #transport: BleTransport;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #came = 0;

  constructor(context: { readonly transport: BleTransport; readonly clock: Clock; readonly signal: AbortSignal }) {
    this.#transport = context.transport;
    this.#clock = context.clock;
    this.#signal = context.signal;
  }

  /** How many notices were taken so far. */
  get came(): number {
    return this.#came;
  }

  /**
   * The next notice, awaited at most that many milliseconds; null if none came, and one that comes later is the next one's.
   * Rejects as the transport does, and with the signal's reason when aborted.
   */
  async next(ms: number): Promise<GattNotice | null> {
    const silence = new Problem("METER_STALLED");
    try {
      const notice = await within(
        this.#clock,
        ms,
        this.#signal,
        () => silence,
        (signal) => this.#transport.next(signal),
      );
      this.#came += 1;
      return notice;
    } catch (error) {
      if (error === silence) return null;
      throw error;
    }
  }
}
