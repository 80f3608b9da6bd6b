import { isProblem } from "../domain/problem.js";
import type { Unreadable } from "../domain/reading.js";
import { quarantine } from "../store/captures.js";
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
  const records = page.flatMap((told) => ("record" in told ? [told.record] : []));
  const unreadable = page.flatMap((told) =>
    "record" in told ? [] : [{ origin: facts.origin, ...pick(told.unreadable) }],
  );
  const { fresh, changed } = await writePatiently(store, async (tx) => {
    const isNew = records.length === 0 ? [] : await ingestPage(tx, records, facts.capture, facts);
    const differing = await changedSamples(
      tx,
      records.filter((_, index) => isNew[index] !== true),
      { by: facts.by, why: "the export tells it differently now", at: facts.at },
    );
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
 * Takes what a source tells and passes it on page by page: at once while nothing is being written, together while a
 * write runs. After a failure nothing more is written.
 */
export class Keeper {
  readonly #write: (page: readonly Told[]) => Promise<void>;
  #waiting: Told[] = [];
  #running: Promise<void> | null = null;
  #failed: unknown = null;

  /** @param write keeps one page of at most `PAGE_SIZE` */
  constructor(write: (page: readonly Told[]) => Promise<void>) {
    this.#write = write;
  }

  /** Takes more; resolves when there is room again. Rejects with what a write failed with. */
  async add(told: readonly Told[]): Promise<void> {
    this.#throwFailure();
    for (const one of told) this.#waiting.push(one);
    if (this.#waiting.length > 0 && this.#running === null) this.#running = this.#run();
    while (this.#waiting.length >= PAGE_SIZE && this.#running !== null) await this.#running;
    this.#throwFailure();
  }

  /** Resolves when everything is kept. Rejects with what a write failed with. */
  async drained(): Promise<void> {
    while (this.#running !== null) await this.#running;
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failed !== null) throw this.#failed;
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const page = this.#waiting.slice(0, PAGE_SIZE);
        this.#waiting = this.#waiting.slice(PAGE_SIZE);
        await this.#write(page);
      }
    } catch (error) {
      this.#failed = error;
      this.#waiting = [];
    } finally {
      this.#running = null;
    }
  }
}
