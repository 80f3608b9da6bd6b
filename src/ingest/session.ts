import { type Clock, type Log, silentLog } from "../domain/clock.js";
import { asProblem, isProblem, type Problem } from "../domain/problem.js";
import type { SessionEvent, SourceIdentity } from "../domain/reading.js";
import type { GlucoRecord } from "../domain/record.js";
import type { Driver } from "../kit/driver.js";
import { addCapture, type Capture } from "../store/captures.js";
import { rememberMeter } from "../store/meters.js";
import type { NewRecord } from "../store/records.js";
import type { Store } from "../store/store.js";
import { abortable } from "./events.js";
import { Keeper, keepPage, type Standing, type Told, writePatiently } from "./keeper.js";
import { tryLinkTwins } from "./link-twins.js";
import type { OwnerOf } from "./owner.js";
import { SessionReader } from "./session-reader.js";
import type { SessionProgress, SessionReport } from "./session-report.js";
import { Tally } from "./tally.js";

/** What a session is run with. */
export interface SessionOptions {
  readonly driver: Pick<Driver, "id" | "source">;
  readonly events: AsyncIterable<SessionEvent>;
  /** Null: nothing is kept, everything is only told. */
  readonly store: Store | null;
  readonly clock: Clock;
  readonly ownerOf: OwnerOf;
  readonly kind: "session" | "import";
  /** Id of the capture (and name of the session in the store), a UUID. */
  readonly captureId: string;
  /** Where the meter is attached; null for a file. */
  readonly port: string | null;
  /** The conversation so far; asked once, at the end. */
  readonly transcript: () => string | null;
  /** SHA-256 (hex) of the file that an import reads; null or absent: not known. Asked for at the end. */
  readonly fileSum?: (() => Promise<string | null>) | undefined;
  readonly signal: AbortSignal;
  /** Told of what went wrong beside the session; default: nobody. */
  readonly log?: Log | undefined;
  /** Each record after it is durable, and whether it was new; of a known one it is what the source says, not the store. */
  readonly onRecord?: ((record: GlucoRecord, fresh: boolean) => void) | undefined;
  readonly onProgress?: ((progress: SessionProgress) => void) | undefined;
  /** False: a session that ended well with nothing new leaves no capture (a meter read every few seconds); default true. */
  readonly captureUnchanged?: boolean | undefined;
  /** False: a source that never named itself leaves no capture (a driver that was only tried on a port); default true. */
  readonly captureUnnamed?: boolean | undefined;
  /** Asked when the source has named itself; true leaves it alone: nothing is read and nothing kept. */
  readonly leaveIf?: ((identity: SourceIdentity) => boolean) | undefined;
  /** Whether the report lists the records; default: if there is no store. */
  readonly collect?: boolean | undefined;
}

/** Ends of a session that tell nothing if nothing was said before: not worth a capture each time that they are tried. */
const SILENT_ENDS = [
  "METER_TIMEOUT",
  "METER_NOT_READY",
  "TRANSPORT_GONE",
  "TRANSPORT_CANCELED",
  "TRANSPORT_OPEN",
] as const;

/**
 * Takes what a source tells into the store while it tells it. Never rejects: however it ends, everything that the
 * source had told is stored first, then the capture with the meter's state, and the report says how it ended. Where the
 * store refuses, the report has the store's problem and counts only what is durable.
 */
export async function runSession(options: SessionOptions): Promise<SessionReport> {
  const { store, clock, signal } = options;
  const startedAt = isoNow(clock);
  const reader = new SessionReader(options.driver.source, clock, options.ownerOf);
  const book = new Book(options, reader);
  const keeper = new Keeper((page) => book.keep(page), options.kind === "import" ? clock : null);

  let problem: Problem | null = null;
  let left = false;
  try {
    for await (const event of abortable(options.events, signal)) {
      await keeper.add(reader.take(event));
      left = event.type === "identity" && options.leaveIf?.(event.identity) === true;
      if (left) break;
      if (event.type !== "readings" && event.type !== "unreadable") book.tellProgress();
    }
  } catch (error) {
    problem = asProblem(error);
  }
  try {
    await keeper.drained();
  } catch (error) {
    // What the store can't take matters more than how the conversation went on.
    problem = asProblem(error);
  }

  let capture: string | null = null;
  if (store !== null && !left && isWorthACapture(reader, problem, options.captureUnnamed !== false)) {
    try {
      const { tally } = book;
      const changed = problem !== null || tally.new + tally.unreadable > 0 || options.captureUnchanged !== false;
      await book.close(store, startedAt, problem, changed);
      if (changed) capture = options.captureId;
    } catch (error) {
      problem ??= asProblem(error);
    }
  }
  const { tally } = book;
  if (store !== null && tally.new > 0 && problem?.code.startsWith("STORE_") !== true)
    await tryLinkTwins(store, { by: options.driver.id, at: isoNow(clock), signal }, options.log ?? silentLog);
  return {
    outcome: problem?.code ?? "done",
    problem,
    left,
    partial: problem !== null && tally.total > 0,
    identity: reader.identity,
    clockErrorMs: reader.clockErrorMs,
    new: tally.new,
    known: tally.known,
    changed: tally.changed,
    conflicts: tally.conflicts,
    unreadable: tally.unreadable,
    byKind: tally.byKind,
    firstUnreadable: tally.firstUnreadable,
    recordIds: tally.recordIds,
    records: book.records,
    capture,
  };
}

function isWorthACapture(reader: SessionReader, problem: Problem | null, unnamed: boolean): boolean {
  return reader.identity !== null || (unnamed && (reader.read > 0 || !isProblem(problem, ...SILENT_ENDS)));
}

/** Keeps pages and the capture, and counts what is kept. */
class Book {
  readonly tally = new Tally();
  readonly records: GlucoRecord[] | null;
  readonly #options: SessionOptions;
  readonly #reader: SessionReader;
  /** Without a store: ids told so far. */
  readonly #seen = new Set<string>();

  constructor(options: SessionOptions, reader: SessionReader) {
    this.#options = options;
    this.#reader = reader;
    this.records = (options.collect ?? options.store === null) ? [] : null;
  }

  async keep(page: readonly Told[]): Promise<void> {
    const { store, clock, driver, kind, captureId: capture } = this.#options;
    const kept =
      store === null
        ? page.map((told) => ("record" in told ? { record: told.record, standing: this.#standing(told.record) } : told))
        : await keepPage(store, page, {
            capture,
            origin: [driver.id, this.#reader.identity?.serial].filter(Boolean).join(" "),
            by: driver.id,
            why: kind === "session" ? "read from the meter" : "imported from a file",
            at: isoNow(clock),
          });
    for (const one of kept) {
      if ("unreadable" in one) {
        this.tally.addUnreadable(one.unreadable);
        continue;
      }
      this.tally.addRecord(one.record, one.standing);
      this.#tellRecord(one.record, one.standing === "new");
    }
    this.tellProgress();
  }

  /** Keeps the capture (if wanted) and the meter's state in one transaction. */
  async close(store: Store, startedAt: string, problem: Problem | null, wanted: boolean): Promise<void> {
    const { clock, driver, kind, captureId, port } = this.#options;
    const { identity, clockErrorMs, cursor } = this.#reader;
    const outcome = problem?.code ?? "done";
    const endedAt = isoNow(clock);
    const { manufacturer = null, model = null, serial = null, firmware = null } = identity ?? {};
    const transcript = this.#transcript();
    const sha256 = wanted ? ((await this.#options.fileSum?.()) ?? null) : null;
    await writePatiently(store, async (tx) => {
      const capture: Capture = {
        id: captureId,
        kind,
        driver: driver.id,
        startedAt,
        endedAt,
        outcome,
        device: { manufacturer, model, serial, clockErrorMs },
        records: this.tally.recordIds,
        counts: { new: this.tally.new, known: this.tally.known, unreadable: this.tally.unreadable },
        transcript,
        sha256,
      };
      if (wanted) await addCapture(tx, capture);
      if (kind === "session" && port !== null && serial !== null) {
        const meter = { driver: driver.id, serial, manufacturer, model, firmware, port };
        // What broke off is read again from where it was begun.
        const noted = problem === null ? { cursor } : {};
        await rememberMeter(tx, { ...meter, ...noted, lastReadAt: endedAt, clockErrorMs, outcome });
      }
    });
  }

  tellProgress(): void {
    const { identity, clockErrorMs, read, expected, doneBytes, totalBytes } = this.#reader;
    const { new: fresh, known, unreadable } = this.tally;
    this.#options.onProgress?.({
      read,
      expected,
      new: fresh,
      known,
      unreadable,
      identity,
      clockErrorMs,
      doneBytes,
      totalBytes,
    });
  }

  #tellRecord({ id, kind, fields }: NewRecord, fresh: boolean): void {
    if (this.records === null && this.#options.onRecord === undefined) return;
    const record: GlucoRecord = { id, kind, deleted: false, ...fields };
    this.records?.push(record);
    this.#options.onRecord?.(record, fresh);
  }

  #standing({ id }: NewRecord): Standing {
    const standing = this.#seen.has(id) ? "known" : "new";
    this.#seen.add(id);
    return standing;
  }

  #transcript(): string | null {
    try {
      return this.#options.transcript();
    } catch {
      // The readings and the capture are worth more than the conversation's text.
      return null;
    }
  }
}

function isoNow(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
