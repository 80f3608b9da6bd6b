import { isProblem, type Problem } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading, Unreadable } from "../../src/domain/reading.js";
import { latin1 } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { type RecordTold, readRecord } from "./codec.js";
import type { Dialogue } from "./dialogue.js";
import { readPages } from "./memory.js";
import type { PageTold, PageType } from "./page.js";
import type { OffsetSince } from "./settings.js";

/** Tells what pages hold, each record once, and counts what holds no reading. */
export class Teller {
  readonly #offsets: readonly OffsetSince[];
  readonly #counts = new Map<string, number>();
  /** Readings that came later, by when they were measured: they may lie among the others and on pages of their own. */
  readonly #cameLater = new Set<string>();

  constructor(offsets: readonly OffsetSince[]) {
    this.#offsets = offsets;
  }

  /** How many records were passed over, and why. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Reads all pages of one type. Returns the first problem of a page that could not be read; throws what ends the session. */
  async *tell(
    type: PageType,
    dialogue: Dialogue,
    context: SessionContext,
  ): AsyncGenerator<SessionEvent, Problem | null, void> {
    const pages = readPages(type, dialogue, context);
    let before: ReadonlySet<string> = new Set();
    for (;;) {
      const next = await pages.next();
      if (next.done === true) return next.value;
      const here = new Set<string>();
      yield* this.#tellPage(type, next.value, before, here);
      before = here;
    }
  }

  *#tellPage(
    type: PageType,
    { revision, pieces }: PageTold,
    before: ReadonlySet<string>,
    here: Set<string>,
  ): Generator<SessionEvent, void, void> {
    let readings: SourceReading[] = [];
    for (const piece of pieces) {
      const told = "record" in piece ? this.#read(type, revision, piece.record, before, here) : piece;
      if (told === null) continue;
      if ("reading" in told) {
        readings.push(told.reading);
        continue;
      }
      if (readings.length > 0) yield { type: "readings", readings };
      readings = [];
      yield { type: "unreadable", unreadable: told.unreadable };
    }
    if (readings.length > 0) yield { type: "readings", readings };
  }

  /** What one record tells; null if that is no reading, or was told. */
  #read(
    type: PageType,
    revision: number,
    record: Uint8Array,
    before: ReadonlySet<string>,
    here: Set<string>,
  ): { readonly reading: SourceReading } | { readonly unreadable: Unreadable } | null {
    // A record holds the second at which it was logged: the same bytes again are the same record.
    const key = latin1(record);
    if (here.has(key) || before.has(key)) return this.#pass("told before");
    here.add(key);
    let told: RecordTold;
    try {
      told = readRecord(type, revision, record, this.#offsets);
    } catch (error) {
      if (!isProblem(error, "FRAME_MALFORMED")) throw error;
      return { unreadable: { code: error.code, detail: error.message, raw: record } };
    }
    if ("passedOver" in told) return this.#pass(told.passedOver);
    if (told.cameLater) {
      const later = `${told.reading.index} ${told.reading.asSent}`;
      if (this.#cameLater.has(later)) return this.#pass("told before");
      this.#cameLater.add(later);
    }
    return told;
  }

  #pass(why: string): null {
    this.#counts.set(why, (this.#counts.get(why) ?? 0) + 1);
    return null;
  }
}
