import { Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import { concat, latin1 } from "../../src/kit/bytes.js";
import { type Context, readContext } from "./context.js";
import { type Measurement, type RecordName, readMeasurement, recordName } from "./measurement.js";
import { readingsOf, type Told } from "./reading.js";
import type { Row } from "./rows.js";

/** A record that came: its name, and the time that its meter shows for it; null where that can't be read. */
export interface RecordSeen extends RecordName {
  readonly time: string | null;
}

/** The year of the record that a full TN'G Voice adds, which nobody took (sheet a). */
const BOGUS_YEAR = "2037";

/**
 * Puts measurements and their contexts together, in whatever order they come, and tells each test as soon as nothing more
 * can belong to it: when its context came, or, where none is announced, at the next measurement or at the end. What came
 * twice is told once.
 */
export class Join {
  readonly #row: Row;
  readonly #hasContexts: boolean;
  /** Everything that came, by its bytes. */
  readonly #seen = new Set<string>();
  readonly #records: RecordSeen[] = [];
  /** The last measurement, if no context is announced for it: one may come all the same. */
  #held: Told<Measurement> | null = null;
  /** Measurements whose context is announced, by sequence number. */
  readonly #waiting = new Map<number, Told<Measurement>>();
  /** Contexts whose measurement has not come. */
  readonly #contexts = new Map<number, Told<Context>>();
  /** Sequence numbers of contexts that can't be read. */
  readonly #spoiled = new Set<number>();

  /** @param hasContexts whether the meter has a characteristic for them; where it has none, the announcement says nothing */
  constructor(row: Row, hasContexts: boolean) {
    this.#row = row;
    this.#hasContexts = hasContexts;
  }

  /** The records that came, each once, readable or not, in their order. */
  get records(): readonly RecordSeen[] {
    return this.#records;
  }

  /** How many tests wait for a context that was announced. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a measurement's bytes. */
  *measurement(raw: Uint8Array): Generator<SessionEvent, void, void> {
    if (this.#isKnown("m", raw)) return;
    yield* this.#release();
    let told: Measurement;
    try {
      told = readMeasurement(raw, this.#row.mendsMonth);
    } catch (error) {
      const name = recordName(raw, this.#row.mendsMonth);
      this.#records.push({ sequence: name?.sequence ?? -1, baseTime: name?.baseTime ?? null, time: null });
      yield unreadable(error, raw);
      return;
    }
    const { sequence, baseTime, time } = told;
    this.#records.push({ sequence, baseTime, time });
    const measurement = { told, raw };
    if (this.#isBogus(told)) {
      const { capacity } = this.#row;
      const what = `It holds ${capacity} tests at most, and this one is none.`;
      yield unreadable(new Problem("FRAME_MALFORMED", what), raw);
      return;
    }
    const context = this.#contexts.get(sequence);
    if (context !== undefined) {
      this.#contexts.delete(sequence);
      yield* this.#tell(measurement, context);
    } else if (told.contextFollows && (this.#hasContexts || this.#row.marksKetone)) {
      const other = this.#waiting.get(sequence);
      this.#waiting.set(sequence, measurement);
      if (other !== undefined) yield* this.#tellAlone(other);
    } else this.#held = measurement;
  }

  /** Takes a context's bytes. */
  *context(raw: Uint8Array): Generator<SessionEvent, void, void> {
    if (this.#isKnown("c", raw)) return;
    let told: Context;
    try {
      told = readContext(raw);
    } catch (error) {
      const [, low, high] = raw;
      if (low !== undefined && high !== undefined) this.#spoiled.add(low | (high << 8));
      yield unreadable(error, raw);
      return;
    }
    const { sequence } = told;
    const context = { told, raw };
    const waiting = this.#waiting.get(sequence);
    if (waiting !== undefined) {
      this.#waiting.delete(sequence);
      yield* this.#tell(waiting, context);
    } else if (this.#held?.told.sequence === sequence) {
      const held = this.#held;
      this.#held = null;
      yield* this.#tell(held, context);
    } else {
      const other = this.#contexts.get(sequence);
      this.#contexts.set(sequence, context);
      if (other !== undefined) yield unreadable(orphan(), other.raw);
    }
  }

  /** Nothing more comes: tells what was held back. */
  *end(): Generator<SessionEvent, void, void> {
    yield* this.#release();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const measurement of waiting) yield* this.#tellAlone(measurement);
    const contexts = [...this.#contexts.values()];
    this.#contexts.clear();
    for (const { raw } of contexts) yield unreadable(orphan(), raw);
  }

  /** The conversation broke off: tells what needs nothing more. What waits for its context is left for the next session. */
  *breakOff(): Generator<SessionEvent, void, void> {
    // A context that was not announced could make it a test of ketone.
    if (!this.#row.marksKetone) yield* this.#release();
  }

  *#release(): Generator<SessionEvent, void, void> {
    const held = this.#held;
    this.#held = null;
    if (held !== null) yield* this.#tell(held, null);
  }

  /** Tells a test whose context was announced and did not come, and that it did not. */
  *#tellAlone(measurement: Told<Measurement>): Generator<SessionEvent, void, void> {
    yield* this.#tell(measurement, null);
    if (this.#row.marksKetone || this.#spoiled.has(measurement.told.sequence)) return;
    yield unreadable(
      new Problem("FRAME_TRUNCATED", "A meal or a note that belongs to this test did not come."),
      measurement.raw,
    );
  }

  *#tell(measurement: Told<Measurement>, context: Told<Context> | null): Generator<SessionEvent, void, void> {
    const { told, raw } = measurement;
    const isSpoiled = context === null && this.#spoiled.has(told.sequence);
    const whole = isSpoiled ? { told: { ...told, contextFollows: true }, raw } : measurement;
    try {
      yield { type: "readings", readings: readingsOf(whole, context, this.#row) };
    } catch (error) {
      yield unreadable(error, context === null ? raw : concat([raw, context.raw]));
    }
  }

  #isKnown(kind: "m" | "c", raw: Uint8Array): boolean {
    const key = kind + latin1(raw);
    if (this.#seen.has(key)) return true;
    this.#seen.add(key);
    return false;
  }

  /** Beyond what the meter holds, and as the record looks that is none. Anything else beyond is a test. */
  #isBogus({ baseTime, concentration }: Measurement): boolean {
    const { capacity } = this.#row;
    if (capacity === null || this.#records.length <= capacity) return false;
    return baseTime.startsWith(BOGUS_YEAR) || concentration?.amount.kind === "above";
  }
}

/** An event for what can't be understood. Errors that are no Problem are passed on. */
export function unreadable(error: unknown, raw: Uint8Array): SessionEvent {
  if (!(error instanceof Problem)) throw error;
  return { type: "unreadable", unreadable: { code: error.code, detail: error.message, raw } };
}

function orphan(): Problem {
  return new Problem("FRAME_MALFORMED", "The test that this belongs to did not come.");
}
