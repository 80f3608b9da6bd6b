import type { SessionEvent, SourceReading, Unreadable } from "../../src/domain/reading.js";
import type { Element, ElementSink } from "./element.js";
import type { Foresight } from "./foresight.js";
import { createKeys, type SampleName } from "./keys.js";
import { deviceOf, nothingUnderstood, readingOf, said, type Understood, understand, unreadable } from "./map.js";
import type { Metadata } from "./metadata.js";
import { createOffsets } from "./offsets.js";
import { createLooseHalves, type Half, joinHalves, type Pressure } from "./pressure.js";
import { createRecordParser } from "./record.js";
import type { ScannedRecord } from "./scanned.js";
import type { SampleType } from "./types.js";

/** Most readings of one event. */
const BATCH = 500;

/** Turns elements into events in their order, readings in batches. */
export class Reader implements ElementSink {
  /** Records that stand in the export more than once, and those of which it has a greater version. */
  copies = 0;
  superseded = 0;
  readonly #foresight: Foresight;
  readonly #parser = createRecordParser();
  readonly #keyOf = createKeys();
  readonly #lookups = { offsetOf: createOffsets() };
  readonly #loose = createLooseHalves();
  readonly #known = nothingUnderstood();
  /** Of the open correlation of a blood pressure: its halves, and what can't be read of it. */
  #halves: Half[] = [];
  #fault: string | null = null;
  #events: SessionEvent[] = [];
  #batch: SourceReading[] = [];

  constructor(foresight: Foresight) {
    this.#foresight = foresight;
  }

  record(element: Element, sample: SampleType | null): void {
    const known = this.#known;
    const record = this.#parser.record(element, sample);
    const metadata = this.#parser.metadata(element);
    const why = understand(record, metadata, known);
    if (why !== null) {
      // Its correlation is told as a whole.
      if (element.half) this.#fault ??= why;
      else this.#tellUnreadable(unreadable(element.offset, why, this.#parser.raw(element)));
    } else if (known.sample.half !== null) this.#half(record, metadata, known);
    else {
      const key = this.#newKey(known);
      if (key !== null) this.#tell(readingOf(record, metadata, known, key, this.#lookups, this.#parser.raw(element)));
    }
  }

  pressure(element: Element): void {
    const [halves, fault] = [this.#halves, this.#fault];
    [this.#halves, this.#fault] = [[], null];
    const raw = this.#parser.raw(element);
    const metadata = this.#parser.metadata(element);
    const zone = said(metadata, "HKTimeZone");
    const startMs = halves[0]?.name.startMs ?? null;
    const pressure = joinHalves(halves, {
      device: deviceOf(this.#parser.origin(element).device, metadata),
      utcOffset: zone === null || startMs === null ? null : this.#lookups.offsetOf(zone, startMs),
      raw,
    });
    if (pressure !== null) this.#tellPressure(pressure);
    if (pressure === null || fault !== null) {
      const why = fault ?? "it holds no whole blood pressure of one time";
      this.#tellUnreadable(unreadable(element.offset, why, raw));
    }
  }

  /** Everything that was told since it was asked last; with `all`, what waits for a full batch too. */
  take(all: boolean): readonly SessionEvent[] {
    if (all) this.#flush();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Tells what waited for the end of the export. */
  finish(): void {
    for (const one of this.#loose.takeOut()) {
      if ("code" in one) this.#tellUnreadable(one);
      else this.#tellPressure(one);
    }
  }

  #half(record: Readonly<ScannedRecord>, metadata: Metadata, known: Readonly<Understood>): void {
    const { element } = record;
    if (!element.half && this.#foresight.correlated(known)) {
      this.copies++;
      return;
    }
    const reading = readingOf(record, metadata, known, null, this.#lookups, this.#parser.raw(element));
    const half = { name: { ...known }, reading, offset: element.offset };
    if (element.half) this.#halves.push(half);
    else if (this.#loose.add(half)) this.finish();
  }

  #tellPressure({ reading, name }: Pressure): void {
    const sourceKey = this.#newKey(name);
    if (sourceKey !== null) this.#tell({ ...reading, sourceKey });
  }

  /** The key of a sample that is to be told; null if it was told before, or will be in a greater version. */
  #newKey(name: SampleName): string | null {
    if (name.syncVersion !== null && this.#foresight.superseded(name)) {
      this.superseded++;
      return null;
    }
    const key = this.#keyOf(name);
    if (key === null) this.copies++;
    return key;
  }

  #tell(reading: SourceReading): void {
    this.#batch.push(reading);
    if (this.#batch.length >= BATCH) this.#flush();
  }

  #tellUnreadable(what: Unreadable): void {
    this.#flush();
    this.#events.push({ type: "unreadable", unreadable: what });
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    this.#events.push({ type: "readings", readings: this.#batch });
    this.#batch = [];
  }
}
