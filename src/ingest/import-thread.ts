import { randomUUID } from "node:crypto";
import { basename } from "node:path";
import { Worker } from "node:worker_threads";
import type { Log } from "../domain/clock.js";
import { asProblem, Problem } from "../domain/problem.js";
import type { ImportStatus } from "../domain/status.js";
import type { ImportReport } from "./import-file.js";
import type { FromImporter, ImportStart, ToImporter } from "./import-messages.js";
import { begunImport } from "./import-status.js";

/** Memory of an import's thread beyond what its buffers take, megabytes. */
const HEAP_MB = 128;

/** One import on a thread of its own. */
export interface ThreadedImport extends Omit<ImportStart, "captureId" | "name" | "dateOrder"> {
  readonly captureId?: string;
  readonly name?: string;
  readonly dateOrder?: ImportStart["dateOrder"];
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly onProgress?: ((status: ImportStatus) => void) | undefined;
  /** Something was written to the store. */
  readonly onCommit?: (() => void) | undefined;
}

/**
 * `importFile` on a thread of its own, with its own connection to the store: a file of gigabytes holds nobody up. Never
 * rejects. A thread that dies is a failed import with INTERNAL; what it had stored is stored.
 */
export function importOnThread(options: ThreadedImport): Promise<ImportReport> {
  const { store, patients, zone, file, signal, log } = options;
  const start: ImportStart = {
    store,
    patients,
    zone,
    file,
    captureId: options.captureId ?? null,
    name: options.name ?? null,
    dateOrder: options.dateOrder ?? null,
  };
  return new Promise((resolve) => {
    let last = begunImport(options.captureId ?? randomUUID(), options.name ?? basename(file));
    let report: ImportReport | null = null;
    let died: unknown = null;
    const worker = new Worker(new URL("./import-worker.js", import.meta.url), {
      workerData: start,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 16 },
    });
    const stop = (): void => worker.postMessage({ type: "stop" } satisfies ToImporter);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    worker.on("message", (message: FromImporter) => {
      if (message.type === "progress") {
        last = message.status;
        options.onProgress?.(message.status);
      } else if (message.type === "committed") options.onCommit?.();
      else if (message.type === "ended") report = message.report;
      else if (message.type === "refused") died = new Problem(message.code, message.message);
      else log[message.level](message.facts, message.message);
    });
    worker.on("error", (error) => {
      died ??= error;
      log.error({ error: String(error) }, "an import's thread died");
    });
    worker.on("exit", () => {
      signal.removeEventListener("abort", stop);
      resolve(report ?? broken(last, died));
    });
  });
}

function broken(last: ImportStatus, died: unknown): ImportReport {
  const { code, message, remedy } = asProblem(died ?? new Error("the import's thread ended without a word"));
  const state = last.new + last.known > 0 ? "partial" : "failed";
  const nothing = { byKind: [], changed: 0, conflicts: 0, notUnderstood: [], damagedEntries: [] };
  return { ...last, ...nothing, state, outcome: code, problem: { code, detail: message, remedy } };
}
