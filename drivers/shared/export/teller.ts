import type { Log } from "../../../src/domain/clock.js";
import type { SessionEvent, SourceReading } from "../../../src/domain/reading.js";
import type { Kind } from "../../../src/domain/record.js";
import { type Draft, type ExportReading, exportReading } from "./reading.js";
import { Tally } from "./tally.js";
import { Unfit } from "./unfit.js";

/** Readings told in one event at most. */
const BATCH = 500;
/** Different labels of what is not imported that are counted one by one; an export in an odd shape may have millions. */
const LABELS = 100;
const LABEL_CHARACTERS = 60;
/** How much of something that can't be read is kept, bytes: enough to see what it is. */
const RAW_BYTES = 65_536;

/** What names a reading within its export: never what changes from one export to the next. */
export type NameParts = readonly (string | number | null)[];

/**
 * Collects what a pass over one export tells, in its order, gives each reading its permanent name, and counts what is left
 * out. `take` hands over what has come; `end` logs the counts.
 */
export class Teller {
  readonly #format: string;
  readonly #kinds: ReadonlySet<Kind> | null;
  readonly #log: Log;
  readonly #tally = new Tally();
  readonly #others = new Map<string, number>();
  #copies = 0;
  #readings: SourceReading[] = [];
  #events: SessionEvent[] = [];

  /** @param format the driver's id, with which every name begins: no other export gives the same one */
  constructor(format: string, { kinds, log }: { readonly kinds: ReadonlySet<Kind> | null; readonly log: Log }) {
    this.#format = format;
    this.#kinds = kinds;
    this.#log = log;
  }

  /** Whether readings of this kind are asked for. */
  wants(kind: Kind): boolean {
    return this.#kinds === null || this.#kinds.has(kind);
  }

  /** Tells a reading. Several of one name are several: each gets the next number, in the order of the export. */
  tell(name: NameParts, reading: ExportReading): void {
    if (!this.wants(reading.kind)) return;
    const text = this.#name(reading.kind, name);
    this.#add(exportReading(reading, `${text} ${this.#tally.next(text)}`));
  }

  /** The same for one that was put together by `draftReading`, and must not be used afterwards. */
  tellDraft(name: NameParts, draft: Draft): void {
    if (!this.wants(draft.kind)) return;
    const text = this.#name(draft.kind, name);
    draft.sourceKey = `${text} ${this.#tally.next(text)}`;
    this.#add(draft);
  }

  /**
   * Tells a reading of a format that writes things more than once: what has name and content of one that was told is the
   * same one again, and only counted.
   */
  tellOnce(name: NameParts, content: string, reading: ExportReading): void {
    if (!this.wants(reading.kind)) return;
    const text = this.#name(reading.kind, name);
    if (this.#tally.next(`${text}\u0000${content}`) > 0) this.#copies += 1;
    else this.#add(exportReading(reading, `${text} ${this.#tally.next(text)}`));
  }

  /** Counts something that is whole and understood, but nothing that is imported. */
  other(label: string): void {
    const short = label.slice(0, LABEL_CHARACTERS);
    const known = this.#others.has(short) || this.#others.size < LABELS ? short : "others";
    this.#others.set(known, (this.#others.get(known) ?? 0) + 1);
  }

  /** Tells what can't be understood, `where` it stands (`Row 7`), and goes on. Throws any other error than Unfit again. */
  unfit(error: unknown, where: string, raw: Uint8Array): void {
    if (!(error instanceof Unfit)) throw error;
    this.#flush();
    const unreadable = {
      code: "IMPORT_MALFORMED",
      detail: `${where} can't be read: ${error.message}.`,
      raw: raw.length > RAW_BYTES ? raw.slice(0, RAW_BYTES) : raw,
    };
    this.#events.push({ type: "unreadable", unreadable });
  }

  /** What has come since the last call, in its order. */
  take(): readonly SessionEvent[] {
    this.#flush();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Says in the log what was left out, by its label, and how often something was told again. */
  end(): void {
    if (this.#others.size > 0) this.#log.info(Object.fromEntries(this.#others), "not imported, by what they are");
    if (this.#copies > 0) this.#log.info({ copies: this.#copies }, "stand in the export more than once");
  }

  #name(kind: Kind, parts: NameParts): string {
    return JSON.stringify([this.#format, kind, ...parts]);
  }

  #add(reading: SourceReading): void {
    this.#readings.push(reading);
    if (this.#readings.length >= BATCH) this.#flush();
  }

  #flush(): void {
    if (this.#readings.length === 0) return;
    this.#events.push({ type: "readings", readings: this.#readings });
    this.#readings = [];
  }
}
