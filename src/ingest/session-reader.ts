import type { Clock } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { ClockChange, SessionEvent, SourceIdentity, SourceReading } from "../domain/reading.js";
import type { Source } from "../domain/record.js";
import { isWall } from "../domain/written-time.js";
import type { Told } from "./keeper.js";
import { type Normalised, normaliser } from "./normalise.js";
import type { OwnerOf } from "./owner.js";
import { clockError, type PlaceTime, timePlacer } from "./place-time.js";

/** What a source's events say, put together: who it is, how its clock goes, how much is to come. */
export class SessionReader {
  identity: SourceIdentity | null = null;
  clockErrorMs: number | null = null;
  expected: number | null = null;
  read = 0;
  doneBytes: number | null = null;
  totalBytes: number | null = null;
  /** What the driver noted for its next session with this meter; null if nothing (as yet). */
  cursor: string | null = null;
  readonly #clock: Clock;
  readonly #ownerOf: OwnerOf;
  #source: Source;
  #sourceName: string | null = null;
  /** The meter's clock and the hub's at the moment when it was told. */
  #shown: { readonly deviceTime: string | null; readonly nowMs: number } | null = null;
  /** Every time that the device's clock was set, as it told. */
  #changes: readonly ClockChange[] = [];
  /** Made when it is first needed, and made anew when more is known of the clock. */
  #place: PlaceTime | null = null;
  #normalise: ((reading: SourceReading) => Normalised) | null = null;

  /** @param source of the driver, until the source says better */
  constructor(source: Source, clock: Clock, ownerOf: OwnerOf) {
    this.#source = source;
    this.#clock = clock;
    this.#ownerOf = ownerOf;
  }

  /** Takes one event; gives what is to be kept of it. Throws METER_CHANGED if another meter speaks. */
  take(event: SessionEvent): readonly Told[] {
    switch (event.type) {
      case "identity":
        this.#meet(event.identity);
        this.#source = event.source;
        this.#sourceName = event.sourceName;
        return [];
      case "clock":
        this.#shown = { deviceTime: event.deviceTime, nowMs: this.#clock.now() };
        this.#compareClocks();
        return [];
      case "clockChanges":
        this.#changes = event.changes;
        this.#place = null;
        return [];
      case "cursor":
        this.cursor = event.cursor;
        return [];
      case "expect":
        this.expected = event.count;
        return [];
      case "progress":
        this.doneBytes = event.doneBytes;
        this.totalBytes = event.totalBytes;
        return [];
      case "unreadable":
        this.read += 1;
        return [{ unreadable: event.unreadable }];
      case "readings":
        this.read += event.readings.length;
        return event.readings.map((reading) => this.#told(reading));
    }
  }

  #meet(identity: SourceIdentity): void {
    if (this.identity !== null && this.identity.serial !== identity.serial) {
      throw new Problem("METER_CHANGED", "Another meter names itself in the middle of the session.");
    }
    this.identity = identity;
    this.#compareClocks();
  }

  /** The zone in which its clock runs is known only when the meter has named itself. */
  #compareClocks(): void {
    if (this.#shown === null || this.#shown.deviceTime === null || this.identity === null) return;
    if (!isWall(this.#shown.deviceTime)) return;
    const { zone } = this.#ownerOf(this.identity.serial);
    this.clockErrorMs = clockError(zone, this.#shown.deviceTime, this.#shown.nowMs);
  }

  #told(reading: SourceReading): Told {
    if (this.identity === null) {
      // Whose it is decides its identity and its patient: never guessed.
      const detail = "It was told before the source named itself.";
      return { unreadable: { code: "RECORD_INVALID", detail, raw: reading.raw } };
    }
    this.#normalise ??= this.#makeNormaliser(this.identity);
    const { record, unreadable } = this.#normalise(reading);
    return record === null ? { unreadable } : { record };
  }

  #makeNormaliser(identity: SourceIdentity): (reading: SourceReading) => Normalised {
    const nowMs = this.#shown?.nowMs ?? this.#clock.now();
    const { zone } = this.#ownerOf(identity.serial);
    return normaliser({
      source: this.#source,
      sourceName: this.#sourceName,
      identity,
      place: (deviceTime, order) => {
        this.#place ??= timePlacer({ zone, clockErrorMs: this.clockErrorMs, nowMs, changes: this.#changes });
        return this.#place(deviceTime, order);
      },
      patientOf: (serial) => this.#ownerOf(serial).patient,
    });
  }
}
