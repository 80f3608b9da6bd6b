import { createHash, randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { type Clock, type Log, silentLog } from "../domain/clock.js";
import { asProblem, type Problem, type ProblemCode } from "../domain/problem.js";
import type { SessionEvent } from "../domain/reading.js";
import type { GlucoRecord, Kind } from "../domain/record.js";
import type { ImportStatus } from "../domain/status.js";
import type { DateOrder, Driver, EntryDatabase } from "../kit/driver.js";
import type { FileEntry, FileTransport } from "../kit/transport.js";
import type { Store } from "../store/store.js";
import { openEntryDatabase } from "../transports/entry-database.js";
import { openFile } from "../transports/file.js";
import { abortProblem } from "./events.js";
import { type Format, findFormat } from "./find-format.js";
import { begunImport } from "./import-status.js";
import type { OwnerOf } from "./owner.js";
import { runSession } from "./session.js";
import type { KindCount, SessionReport } from "./session-report.js";

/** What a file is imported with. */
export interface ImportOptions {
  /** Path of the file, or the file as it stands open (it is closed in the end all the same). */
  readonly file: string | FileTransport;
  readonly drivers: readonly Driver[];
  /** Null: a dry run, nothing is kept. */
  readonly store: Store | null;
  readonly clock: Clock;
  /** Patient of the readings, and by a device's serial where the file names one. */
  readonly ownerOf: OwnerOf;
  /** Only these kinds; default or null: all. */
  readonly kinds?: ReadonlySet<Kind> | null;
  /** How dates of numbers alone are to be read; default or null: as the file shows. */
  readonly dateOrder?: DateOrder | null;
  readonly signal: AbortSignal;
  readonly log?: Log;
  /** Name of the import, a UUID; default: a new one. */
  readonly captureId?: string;
  /** Name for people; default: the file's. */
  readonly name?: string;
  readonly onProgress?: ((status: ImportStatus) => void) | undefined;
  readonly onRecord?: ((record: GlucoRecord, fresh: boolean) => void) | undefined;
}

/** How an import ended. Everything that it counts is durable (in a dry run: would be new as far as this file goes). */
export interface ImportReport extends ImportStatus {
  readonly outcome: "done" | ProblemCode;
  readonly byKind: readonly KindCount[];
  /** Of the known ones, how many follow the export that tells them differently now, and how many a person must decide on. */
  readonly changed: number;
  readonly conflicts: number;
  /** The first five things that were not understood, a sentence each. */
  readonly notUnderstood: readonly string[];
  /** Names of an archive's entries that were damaged beside those that were read. */
  readonly damagedEntries: readonly string[];
}

/**
 * Imports one health export into the store while it is read. Never rejects: a file that can't be opened or is of no
 * known kind is the report's problem with state `failed`; one that breaks off keeps what came, with state `partial`.
 * Importing the same file again finds everything known.
 */
export async function importFile(options: ImportOptions): Promise<ImportReport> {
  const { signal } = options;
  const progress = new Progress(options);
  let file: FileTransport | null = typeof options.file === "string" ? null : options.file;
  try {
    file ??= await openFile(options.file as string);
    progress.opened(file);
    if (signal.aborted) throw abortProblem(signal);
    const format = await findFormat(file, options.drivers, signal);
    progress.found(format);
    return progress.report(await readEntries(file, format, options, progress));
  } catch (error) {
    return progress.failed(signal.aborted ? abortProblem(signal) : asProblem(error));
  } finally {
    await file?.close();
  }
}

async function readEntries(
  file: FileTransport,
  { driver, entries }: Format,
  options: ImportOptions,
  progress: Progress,
): Promise<SessionReport> {
  const { signal, log = silentLog, kinds = null, dateOrder = null } = options;
  const database = (entry: FileEntry): Promise<EntryDatabase> => openEntryDatabase(entry, signal);
  const { zone } = options.ownerOf(null);

  async function* events(): AsyncGenerator<SessionEvent, void, void> {
    for (const entry of entries) yield* driver.session({ file, entry, signal, log, zone, kinds, dateOrder, database });
  }

  return runSession({
    driver,
    events: events(),
    store: options.store,
    clock: options.clock,
    ownerOf: options.ownerOf,
    kind: "import",
    captureId: progress.id,
    port: null,
    transcript: () => null,
    fileSum: async () => (typeof options.file === "string" ? fileSum(options.file, signal) : null),
    signal,
    log,
    collect: false,
    onRecord: options.onRecord,
    onProgress: ({ new: fresh, known, unreadable }) => progress.tell({ new: fresh, known, unreadable }),
  });
}

/** Bytes of one read for a file's sum. */
const SUM_BYTES = 1 << 18;

/** SHA-256 of a file, hex; null if it can't be read to its end any more. */
async function fileSum(path: string, signal: AbortSignal): Promise<string | null> {
  try {
    const handle = await open(path, "r");
    try {
      const hash = createHash("sha256");
      // One piece of memory for the whole file: a stream takes new memory for each piece.
      const memory = Buffer.allocUnsafe(SUM_BYTES);
      for (;;) {
        signal.throwIfAborted();
        const { bytesRead } = await handle.read(memory, 0, memory.length, null);
        if (bytesRead === 0) return hash.digest("hex");
        hash.update(memory.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

/** The import's status as it goes on. */
class Progress {
  readonly id: string;
  readonly #tell: ((status: ImportStatus) => void) | undefined;
  #file: FileTransport | null = null;
  #status: ImportStatus;
  #damaged: readonly string[] = [];

  constructor({ captureId, name, file, onProgress }: ImportOptions) {
    this.id = captureId ?? randomUUID();
    this.#tell = onProgress;
    this.#status = begunImport(this.id, name ?? (typeof file === "string" ? basename(file) : file.name));
  }

  opened(file: FileTransport): void {
    this.#file = file;
    this.tell({ totalBytes: file.sizeBytes });
  }

  found({ driver, damaged }: Format): void {
    this.#damaged = damaged.map(({ name }) => name);
    this.tell({ format: driver.id });
  }

  tell(change: Partial<ImportStatus>): void {
    // While the kind of file is looked for, an archive's entries are only looked at.
    const doneBytes = this.#status.format === null ? 0 : Math.min(this.#file?.position() ?? 0, this.#status.totalBytes);
    this.#status = { ...this.#status, doneBytes, ...change };
    this.#tell?.(this.#status);
  }

  report(session: SessionReport): ImportReport {
    const { new: fresh, known, unreadable, problem } = session;
    const state = problem === null ? "done" : session.partial ? "partial" : "failed";
    const doneBytes = problem === null ? this.#status.totalBytes : this.#status.doneBytes;
    this.tell({ new: fresh, known, unreadable, state, doneBytes, problem: problem === null ? null : told(problem) });
    return {
      ...this.#status,
      outcome: session.outcome,
      byKind: session.byKind,
      changed: session.changed,
      conflicts: session.conflicts,
      notUnderstood: session.firstUnreadable.map(({ detail }) => detail),
      damagedEntries: this.#damaged,
    };
  }

  failed(problem: Problem): ImportReport {
    this.tell({ state: "failed", problem: told(problem) });
    const damagedEntries = this.#damaged;
    return {
      ...this.#status,
      outcome: problem.code,
      byKind: [],
      changed: 0,
      conflicts: 0,
      notUnderstood: [],
      damagedEntries,
    };
  }
}

function told({ code, message, remedy }: Problem): NonNullable<ImportStatus["problem"]> {
  return { code, detail: message, remedy };
}
