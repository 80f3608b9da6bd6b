import type { Log } from "../../src/domain/clock.js";
import { isProblem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { GattNotice } from "../../src/kit/transport.js";
import { GLUCOSE, sameName } from "../shared/gatt/names.js";
import type { RacpProcedure } from "../shared/gatt/racp-procedure.js";
import type { Join, RecordSeen } from "./join.js";

/** How long is waited for what is missing although the meter has said that it was all. */
const STRAGGLERS_MS = 1_000;

/** Records on their way from a meter, in one or more reports: each is told once. */
export class Transfer {
  readonly #procedure: RacpProcedure;
  readonly #join: Join;
  readonly #log: Log;

  constructor(procedure: RacpProcedure, join: Join, log: Log) {
    this.#procedure = procedure;
    this.#join = join;
    this.#log = log;
  }

  /** All records that came so far, each once. */
  get records(): readonly RecordSeen[] {
    return this.#join.records;
  }

  /**
   * Sends for a range and tells what comes. If less comes than the count, or a context is awaited, what comes late is taken
   * too. Returns true if the meter hung up after its last record without a word: some do, and it is no fault. Throws what the
   * procedure throws; what was whole by then is told before.
   */
  async *report(
    range: "all" | { readonly from: number },
    count: number | null,
  ): AsyncGenerator<SessionEvent, boolean, void> {
    try {
      yield* this.#take(this.#procedure.report(range));
    } catch (error) {
      if (!this.#isWhole(count)) yield* this.#join.breakOff();
      else yield* this.#join.end();
      if (this.#isWhole(count) && isProblem(error, "TRANSPORT_GONE")) return true;
      throw error;
    }
    const isMissing = this.#join.waiting > 0 || (count !== null && this.#join.records.length < count);
    if (!isMissing) return false;
    try {
      yield* this.#take(this.#procedure.stragglers(STRAGGLERS_MS));
    } catch (error) {
      // The transfer is over, and the meter may go.
      if (!isProblem(error, "TRANSPORT_GONE")) throw error;
    }
    return false;
  }

  /** Nothing more is asked for: tells what was held back. */
  *end(): Generator<SessionEvent, void, void> {
    yield* this.#join.end();
  }

  async *#take(notices: AsyncIterable<GattNotice>): AsyncGenerator<SessionEvent, void, void> {
    for await (const { from, bytes } of notices) {
      if (sameName(from, GLUCOSE.measurement)) yield* this.#join.measurement(bytes);
      else if (sameName(from, GLUCOSE.context)) yield* this.#join.context(bytes);
      // Nothing else was switched on but a clock, which may answer late.
      else this.#log.debug({ characteristic: from.characteristic }, "a notice is none of a record's");
    }
  }

  /** Everything that the meter counts has come, with all that was announced. */
  #isWhole(count: number | null): boolean {
    return count !== null && count > 0 && this.#join.waiting === 0 && this.#join.records.length >= count;
  }
}
