import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Clock, Log } from "../domain/clock.js";
import { isUuid } from "../domain/identity.js";
import { asProblem, Problem } from "../domain/problem.js";
import type { ImportStatus } from "../domain/status.js";
import type { DateOrder } from "../kit/driver.js";
import type { ImportReport } from "./import-file.js";
import { begunImport } from "./import-status.js";
import { putAway } from "./put-away.js";
import { isForLater, refusalText } from "./refusal.js";

/** One file to import, as the registry hands it on. */
export interface ImportJob {
  /** A new name for the capture of this try, a UUID: an earlier try may have kept one already. */
  readonly captureId: string;
  readonly path: string;
  /** The name that its sender gave, for people only. */
  readonly name: string;
  /** How dates of numbers alone are meant where the file does not show it; null: its sender did not say. */
  readonly dateOrder: DateOrder | null;
  readonly signal: AbortSignal;
  readonly onProgress: (status: ImportStatus) => void;
}

/** What the registry works with. */
export interface ImportsOptions {
  /** Folder of waiting files, made if missing; refused ones are kept in `refused` inside it. */
  readonly folder: string;
  /** Imports one file; must not reject (`importFile`). */
  readonly importOne: (job: ImportJob) => Promise<ImportReport>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onStatus?: (status: ImportStatus) => void;
  /** How many finished imports are remembered; default 100. */
  readonly keep?: number;
}

/** Pause before a file is tried again that the hub could not take, milliseconds. */
const LATER_MS = 60_000;
/** How long stopping may take, milliseconds. */
const STOP_MS = 5_000;

/**
 * Files that other programs send, imported in the background one after the other. A file that `start` has accepted
 * survives the hub's death: `resume` imports what is left.
 */
export class Imports {
  readonly #options: ImportsOptions;
  readonly #statuses = new Map<string, ImportStatus>();
  readonly #stopping = new AbortController();
  #queue: Promise<void> = Promise.resolve();

  constructor(options: ImportsOptions) {
    this.#options = options;
  }

  /**
   * Keeps the file and starts its import; resolves when the file is durable. Throws STORE_FULL if the disk is full,
   * REQUEST_INVALID if the body breaks off; then nothing of it is left.
   */
  async start(name: string, body: Readable, dateOrder: DateOrder | null = null): Promise<{ import: string }> {
    const id = randomUUID();
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true });
    const part = join(folder, `${id}.part`);
    try {
      await save(part, body);
      await saveText(join(folder, `${id}.name`), name);
      if (dateOrder !== null) await saveText(join(folder, `${id}.dates`), dateOrder);
      await rename(part, this.#path(id));
      await syncFolder(folder);
    } catch (error) {
      await rm(part, { force: true });
      await this.#forget(id);
      throw saveProblem(error);
    }
    this.#enqueue(id, name, dateOrder);
    return { import: id };
  }

  /** How far an import is; null if there is none of this id (any more). */
  status(id: string): ImportStatus | null {
    return this.#statuses.get(id) ?? null;
  }

  /** Imports the files that were accepted before the hub ended; how many. Call it once, before the first `start`. */
  async resume(): Promise<number> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true });
    const names = (await readdir(folder)).sort();
    const ids = names.filter((name) => name.endsWith(".file")).map((name) => name.slice(0, -".file".length));
    const waiting = ids.filter(isUuid);
    for (const name of names) {
      // Never accepted: its sender was told so, or went away.
      const id = name.replace(/\.(part|name|dates)$/, "");
      if (id !== name && isUuid(id) && (name.endsWith(".part") || !waiting.includes(id))) await rm(join(folder, name));
    }
    for (const id of waiting) {
      const name = await readFile(join(folder, `${id}.name`), "utf8").catch(() => id);
      const dates = await readFile(join(folder, `${id}.dates`), "utf8").catch(() => null);
      this.#enqueue(id, name, dates === "dmy" || dates === "mdy" ? dates : null);
    }
    return waiting.length;
  }

  /** Resolves when every accepted file is dealt with. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  /** Ends the running import within five seconds; it and those that wait are taken up by `resume` after the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Problem("TRANSPORT_CANCELED"));
    const bound = new AbortController();
    await Promise.race([this.#queue, this.#options.clock.sleep(STOP_MS, bound.signal).catch(() => undefined)]);
    bound.abort();
  }

  #path(id: string): string {
    return join(this.#options.folder, `${id}.file`);
  }

  #enqueue(id: string, name: string, dateOrder: DateOrder | null): void {
    this.#tell(begunImport(id, name));
    this.#queue = this.#queue
      .then(() => this.#run(id, name, dateOrder))
      .catch((error: unknown) => this.#broke(id, error));
  }

  async #run(id: string, name: string, dateOrder: DateOrder | null): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const report = await this.#options.importOne({
        captureId: randomUUID(),
        path: this.#path(id),
        name,
        dateOrder,
        signal,
        onProgress: (status) => {
          // The last word is said below, when the file is put away.
          if (status.state === "running") this.#tell({ ...status, import: id });
        },
      });
      if (signal.aborted) return;
      const status = statusOf(report, id);
      if (!isForLater(report)) {
        await this.#putAway(id, name, report);
        this.#tell(status);
        return;
      }
      this.#options.log.warn({ import: id, outcome: report.outcome }, "an import can't be taken now; its file is kept");
      this.#tell({ ...status, state: "running" });
      await this.#options.clock.sleep(LATER_MS, signal).catch(() => undefined);
    }
  }

  async #putAway(id: string, name: string, report: ImportReport): Promise<void> {
    const { folder } = this.#options;
    if (report.state === "done") await rm(this.#path(id), { force: true });
    else await putAway(this.#path(id), join(folder, "refused"), id, refusalText({ ...report, name }));
    await this.#forget(id);
  }

  /** What stands beside a file: the sender's name for it, and how it said that dates are meant. */
  async #forget(id: string): Promise<void> {
    const { folder } = this.#options;
    await rm(join(folder, `${id}.name`), { force: true });
    await rm(join(folder, `${id}.dates`), { force: true });
  }

  #broke(id: string, error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    const { code, message, remedy } = asProblem(error);
    this.#options.log.error({ import: id, code }, "an import broke off");
    const status = this.#statuses.get(id);
    if (status !== undefined) this.#tell({ ...status, state: "failed", problem: { code, detail: message, remedy } });
  }

  #tell(status: ImportStatus): void {
    this.#statuses.set(status.import, status);
    const finished = [...this.#statuses.values()].filter(({ state }) => state !== "running");
    const surplus = finished.length - (this.#options.keep ?? 100);
    for (const { import: id } of finished.slice(0, Math.max(0, surplus))) this.#statuses.delete(id);
    this.#options.onStatus?.(status);
  }
}

function statusOf(report: ImportReport, id: string): ImportStatus {
  const { name, state, format, doneBytes, totalBytes, known, unreadable, problem } = report;
  return { import: id, name, state, format, doneBytes, totalBytes, new: report.new, known, unreadable, problem };
}

async function save(path: string, body: Readable): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    for await (const chunk of body) await handle.writeFile(chunk as Uint8Array | string);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function saveText(path: string, text: string): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A renamed file survives a power cut only when its folder is written too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function saveProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ENOSPC" || code === "EDQUOT") return new Problem("STORE_FULL", undefined, {}, { cause: error });
  if (code === "EACCES" || code === "EROFS" || code === "EPERM")
    return new Problem("STORE_UNUSABLE", "The imports folder can't be written.", {}, { cause: error });
  return new Problem("REQUEST_INVALID", "The file broke off before its end.", {}, { cause: error });
}
