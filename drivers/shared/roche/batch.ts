import type { SessionEvent, SourceReading } from "../../../src/domain/reading.js";

const BATCH = 500;

/** Passes events on in their order, readings in batches. */
export class Batch {
  #readings: SourceReading[] = [];

  /** Takes the next event; gives what is to be told by now. */
  *take(event: SessionEvent): Generator<SessionEvent, void, void> {
    if (event.type === "readings") {
      this.#readings.push(...event.readings);
      if (this.#readings.length >= BATCH) yield* this.flush();
      return;
    }
    yield* this.flush();
    yield event;
  }

  /** What is still held back. */
  *flush(): Generator<SessionEvent, void, void> {
    if (this.#readings.length === 0) return;
    const readings = this.#readings;
    this.#readings = [];
    yield { type: "readings", readings };
  }
}
