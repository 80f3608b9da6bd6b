import type { Clock } from "../domain/clock.js";
import { isProblem } from "../domain/problem.js";
import type { Unreadable } from "../domain/reading.js";
import { type Quarantined, quarantine } from "../store/captures.js";
import { ingestPage, type NewRecord } from "../store/records.js";
import type { Store, Tx } from "../store/store.js";
import { changedSamples } from "./changed-samples.js";

/** One thing that a source told: a record, or what could not be understood. */
export type Told = { readonly record: NewRecord } | { readonly unreadable: Unreadable };

/** What a record was to the store: unknown, known, or known otherwise (`changed`: it followed; `conflict`: a person must say). */
export type Standing = "new" | "known" | "changed" | "conflict";

/** What was told, after it is kept. */
export type Kept =
  | { readonly record: NewRecord; readonly standing: Standing }
  | { readonly record: null; readonly unreadable: Unreadable };

/** Most things in one page, which is one transaction. */
export const PAGE_SIZE = 1_000;
/**
 * The same of an import: as many as the store takes in that many milliseconds, since nobody else can write meanwhile, and no
 * more than that. Each transaction waits for the disk, and writes pages of the indexes that the next one writes again.
 */
export const IMPORT_PAGE = { most: 10_000, withinMs: 300 } as const;
/** How often a page is tried when another program holds the store; each try waits for it some seconds. */
const TRIES = 3;

/** Who keeps, and under which names. */
export interface PageFacts {
  readonly capture: string;
  /** Driver and, where known, serial: the same bytes from there are quarantined once. */
  readonly origin: string;
  readonly by: string;
  readonly why: string;
  /** RFC 3339. */
  readonly at: string;
}

/** Keeps one page in one transaction; resolves when it is durable. Throws a STORE problem, and then nothing is kept. */
export async function keepPage(store: Store, page: readonly Told[], facts: PageFacts): Promise<Kept[]> {
  const records: NewRecord[] = [];
  const unreadable: Quarantined[] = [];
  for (const told of page) {
    if ("record" in told) records.push(told.record);
    else unreadable.push({ origin: facts.origin, ...pick(told.unreadable) });
  }
  const { fresh, changed } = await writePatiently(store, async (tx) => {
    const isNew = records.length === 0 ? [] : await ingestPage(tx, records, facts.capture, facts);
    const known = records.filter((_, index) => isNew[index] !== true);
    const author = { by: facts.by, why: "the export tells it differently now", at: facts.at };
    const differing = await changedSamples(tx, known, author);
    const unclear = [...differing.values()].flatMap((one) =>
      one.became === "unclear" ? [{ origin: facts.origin, ...pick(one.unreadable) }] : [],
    );
    await quarantine(tx, facts.capture, [...unreadable, ...unclear], facts.at);
    return { fresh: isNew, changed: differing };
  });
  let at = 0;
  return page.map((told) => {
    if (!("record" in told)) return { record: null, unreadable: told.unreadable };
    const isFresh = fresh[at] ?? false;
    at += 1;
    if (isFresh) return { record: told.record, standing: "new" };
    const change = changed.get(told.record.id);
    if (change?.became === "unclear") return { record: null, unreadable: change.unreadable };
    return { record: told.record, standing: change?.became ?? "known" };
  });
}

/** One write transaction, tried again while the store is busy. */
export async function writePatiently<T>(store: Store, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await store.write(work);
    } catch (error) {
      if (attempt === TRIES || !isProblem(error, "STORE_BUSY")) throw error;
    }
  }
}

function pick({ code, detail, raw }: Unreadable): Unreadable {
  return { code, detail, raw };
}

/**
 * Takes what a source tells and passes it on page by page. After a failure nothing more is written.
 *
 * What a meter tells is written at once while nothing is being written, and together while a write runs. An import's
 * pages are filled first, for as long as a write may take.
 */
export class Keeper {
  readonly #write: (page: readonly Told[]) => Promise<void>;
  /** Of an import; null: what a meter tells. */
  readonly #clock: Clock | null;
  #waiting: Told[] = [];
  /** When the oldest of those that wait came, by the clock. */
  #since = 0;
  #size = PAGE_SIZE;
  #running: Promise<void> | null = null;
  #failed: unknown = null;

  /**
   * @param write keeps one page of at most `PAGE_SIZE`, of an import `IMPORT_PAGE.most`
   * @param clock measures what the pages of an import take; null for a meter's
   */
  constructor(write: (page: readonly Told[]) => Promise<void>, clock: Clock | null = null) {
    this.#write = write;
    this.#clock = clock;
  }

  /** Takes more; resolves when there is room again. Rejects with what a write failed with. */
  async add(told: readonly Told[]): Promise<void> {
    this.#throwFailure();
    if (this.#waiting.length === 0) this.#since = this.#clock?.now() ?? 0;
    for (const one of told) this.#waiting.push(one);
    if (this.#running === null && this.#isDue()) this.#running = this.#run();
    while (this.#waiting.length >= this.#size && this.#running !== null) await this.#running;
    this.#throwFailure();
  }

  /** Resolves when everything is kept. Rejects with what a write failed with. */
  async drained(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running !== null) {
      this.#running ??= this.#run();
      await this.#running;
    }
    this.#throwFailure();
  }

  #isDue(): boolean {
    if (this.#waiting.length === 0) return false;
    if (this.#clock === null || this.#waiting.length >= this.#size) return true;
    return this.#clock.now() - this.#since >= IMPORT_PAGE.withinMs;
  }

  #throwFailure(): void {
    if (this.#failed !== null) throw this.#failed;
  }

  async #run(): Promise<void> {
    try {
      do {
        const page = this.#waiting.slice(0, this.#size);
        this.#waiting = this.#waiting.slice(this.#size);
        const from = this.#clock?.now() ?? 0;
        await this.#write(page);
        if (this.#clock === null) continue;
        this.#since = this.#clock.now();
        this.#pace(page.length, this.#since - from);
      } while (this.#isDue());
    } catch (error) {
      this.#failed = error;
      this.#waiting = [];
    } finally {
      this.#running = null;
    }
  }

  /** The next page is as large as fits its time, and no more than twice as large as the last. */
  #pace(length: number, ms: number): void {
    const fitting = ms <= 0 ? IMPORT_PAGE.most : Math.floor((length * IMPORT_PAGE.withinMs) / ms);
    this.#size = Math.max(PAGE_SIZE, Math.min(fitting, length * 2, IMPORT_PAGE.most));
  }
}
