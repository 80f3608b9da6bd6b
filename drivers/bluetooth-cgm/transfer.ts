import type { Log } from "../../src/domain/clock.js";
import { isProblem, type Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import { hex } from "../../src/kit/bytes.js";
import type { GattNotice } from "../../src/kit/transport.js";
import { sameName } from "../shared/gatt/names.js";
import type { RacpRange } from "../shared/gatt/racp.js";
import type { RacpProcedure } from "../shared/gatt/racp-procedure.js";
import { CGM } from "./names.js";
import { readingOf } from "./reading.js";
import { type CgmRecord, type Damaged, isDamaged, recordsIn } from "./record.js";
import type { Feature } from "./values.js";

/** How long is waited for what is missing although the CGM has said that it was all. */
const STRAGGLERS_MS = 1_000;
/** Damage that another transfer may heal. */
const IN_TRANSIT = ["FRAME_CHECKSUM", "FRAME_TRUNCATED"] as const;

/** What a transfer must know of the CGM. */
export interface TransferFacts {
  readonly startTime: string;
  /** Minutes since then at which the records were counted; null if it does not tell. */
  readonly minutes: number | null;
  readonly feature: Feature;
  readonly log: Log;
}

/** Records on their way from a CGM, in one or more reports: each is told once, as soon as it is there. */
export class Transfer {
  readonly #procedure: RacpProcedure;
  readonly #facts: TransferFacts;
  readonly #records: CgmRecord[] = [];
  /** By minute, the values that came: a record may come twice, in a report and of the CGM's own accord. */
  readonly #seen = new Set<string>();
  /** What came and is no record, by its bytes. */
  readonly #damaged = new Map<string, Damaged>();
  #passedOver = 0;

  constructor(procedure: RacpProcedure, facts: TransferFacts) {
    this.#procedure = procedure;
    this.#facts = facts;
  }

  /** All records that came so far, each once. */
  get records(): readonly CgmRecord[] {
    return this.#records;
  }

  /**
   * How many records of that range came so far, those that are not understood among them, but for damage in transit.
   * `counted`: only up to the minute at which the CGM counted them, since later ones come of its own accord.
   */
  came(range: RacpRange, which: "counted" | "any"): number {
    const from = range === "all" ? 0 : range.from;
    const last = which === "any" ? Number.POSITIVE_INFINITY : (this.#facts.minutes ?? Number.POSITIVE_INFINITY);
    const whole = this.#records.filter(({ minutes }) => minutes >= from && minutes <= last).length;
    return whole + [...this.#damaged.values()].filter((one) => !isInTransit(one)).length;
  }

  /** What is wrong with a record that arrived damaged in the last report; null if none did. */
  get damage(): Problem | null {
    return [...this.#damaged.values()].find(isInTransit)?.problem ?? null;
  }

  /**
   * Sends for a range and tells what comes. If less comes than that count, what comes late is taken too. Throws what the
   * procedure throws; what came by then is told before.
   */
  async *report(range: RacpRange, count: number | null): AsyncGenerator<SessionEvent, void, void> {
    // What was damaged in transit the last time comes again now.
    for (const [key, one] of this.#damaged) if (isInTransit(one)) this.#damaged.delete(key);
    yield* this.#take(this.#procedure.report(range));
    if (count !== null && this.came(range, "counted") < count)
      yield* this.#take(this.#procedure.stragglers(STRAGGLERS_MS));
  }

  /** Nothing more is asked for: tells what arrived damaged in the last report, and logs what was passed over. */
  *end(): Generator<SessionEvent, void, void> {
    if (this.#passedOver > 0) this.#facts.log.info({ records: this.#passedOver }, "records without a value");
    for (const one of [...this.#damaged.values()].filter(isInTransit)) yield unreadable(one);
  }

  async *#take(notices: AsyncIterable<GattNotice>): AsyncGenerator<SessionEvent, void, void> {
    for await (const { from, bytes } of notices) {
      if (!sameName(from, CGM.measurement)) continue;
      for (const one of recordsIn(bytes, this.#facts.feature.hasCrc)) {
        if (isDamaged(one)) yield* this.#tellDamaged(one);
        else yield* this.#tell(one);
      }
    }
  }

  *#tellDamaged(one: Damaged): Generator<SessionEvent, void, void> {
    const key = hex(one.raw);
    if (this.#damaged.has(key)) return;
    this.#damaged.set(key, one);
    if (!isInTransit(one)) yield unreadable(one);
  }

  *#tell(record: CgmRecord): Generator<SessionEvent, void, void> {
    // Trend and status of one that comes of itself may be others than in memory: it is one test all the same.
    const key = hex(record.raw.subarray(2, 6));
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#records.push(record);
    try {
      const told = readingOf(record, this.#facts.startTime, this.#facts.feature);
      if ("reading" in told) yield { type: "readings", readings: [told.reading] };
      else this.#passedOver += 1;
    } catch (error) {
      if (!isProblem(error, "FRAME_MALFORMED")) throw error;
      yield unreadable({ problem: error, raw: record.raw });
    }
  }
}

/** A value or record that is not understood, as the session tells it. */
export function unreadable({ problem: { code, message }, raw }: Damaged): SessionEvent {
  return { type: "unreadable", unreadable: { code, detail: message, raw } };
}

function isInTransit({ problem }: Damaged): boolean {
  return isProblem(problem, ...IN_TRANSIT);
}
