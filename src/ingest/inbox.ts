import { type FSWatcher, watch } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Log } from "../domain/clock.js";
import { asProblem } from "../domain/problem.js";
import type { ImportReport } from "./import-file.js";
import { putAway } from "./put-away.js";
import { isForLater, refusalText } from "./refusal.js";
import { SETTLE_MS, SettledFiles } from "./settled-files.js";

/** What the inbox is watched with. */
export interface InboxOptions {
  /** The watched folder; made if missing. `done` and `refused` are folders inside it. */
  readonly folder: string;
  /** Imports one file; must not reject (`importFile`). */
  readonly importOne: (path: string, signal: AbortSignal) => Promise<ImportReport>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** How often the folder is looked at even if the system tells of no change, milliseconds; default 10 seconds. */
  readonly scanEveryMs?: number;
}

/** The running watch. */
export interface Inbox {
  /** Ends it: the running import is cancelled, its file stays and is imported again at the next start. */
  stop(): Promise<void>;
}

/** Pause before a file is tried again that the hub could not take, milliseconds. */
const LATER_MS = 60_000;

/**
 * Watches a folder and imports what is dropped there, one file at a time: when it has been copied to its end. What was
 * imported is moved to `done`; what was not, wholly or in part, to `refused` with a text that says why. A file stays
 * where it is while the hub can't take it (a full disk), and when the hub dies in the middle.
 */
export function startInbox(options: InboxOptions): Inbox {
  const { folder, clock, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const stop = (): void => stopping.abort(options.signal.reason);
  if (options.signal.aborted) stop();
  options.signal.addEventListener("abort", stop, { once: true });
  const files = new SettledFiles(folder);
  const bell = new Bell();
  /** When files that the hub could not take are tried again, by name. */
  const later = new Map<string, number>();

  function isDue(name: string): boolean {
    const waitMs = (later.get(name) ?? 0) - clock.now();
    // A longer wait than was set means that the hub's clock was put back.
    return waitMs <= 0 || waitMs > LATER_MS;
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      bell.mute();
      try {
        await mkdir(folder, { recursive: true });
        bell.hang(folder);
        const { settled, moving } = await files.look(clock.now());
        const next = settled.find(isDue);
        if (next !== undefined) {
          await handle(next);
          continue;
        }
        if (moving) {
          // Without the bell: a long copy would ring it at every write.
          await clock.sleep(SETTLE_MS, signal).catch(() => undefined);
          continue;
        }
      } catch (error) {
        log.error({ code: asProblem(error).code, error: asProblem(error).message }, "the inbox can't be looked at");
      }
      await bell.wait(clock, options.scanEveryMs ?? 10_000, signal);
    }
  }

  async function handle(name: string): Promise<void> {
    const path = join(folder, name);
    const face = await files.face(name);
    later.set(name, clock.now() + LATER_MS);
    const report = await options.importOne(path, signal);
    if (signal.aborted) return;
    const facts = { import: report.import, outcome: report.outcome, new: report.new, known: report.known };
    // Whoever is still writing it gets another turn; the readings that were taken twice are the same.
    if ((await files.face(name)) !== face) {
      later.delete(name);
      return;
    }
    if (isForLater(report)) {
      log.warn(facts, "a dropped file can't be taken now; it stays in the inbox");
      return;
    }
    if (report.state === "done") await putAway(path, join(folder, "done"), name);
    else await putAway(path, join(folder, "refused"), name, refusalText(report));
    later.delete(name);
    log[report.state === "done" ? "info" : "warn"](facts, "a dropped file was imported or refused");
  }

  const ended = run().finally(() => {
    bell.close();
    options.signal.removeEventListener("abort", stop);
  });
  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

/** Rings when something changes in a folder, where the system tells of it. */
class Bell {
  #watcher: FSWatcher | null = null;
  #rung = false;
  #ring: (() => void) | null = null;

  /** Watches the folder, if it is not watched already. */
  hang(folder: string): void {
    if (this.#watcher !== null) return;
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        this.#rung = true;
        this.#ring?.();
      });
      watcher.on("error", () => this.close());
      this.#watcher = watcher;
    } catch {
      // Some file systems can't be watched: then the regular look finds what is new.
    }
  }

  /** Forgets earlier rings. */
  mute(): void {
    this.#rung = false;
  }

  /** Resolves when it rings, the time is over, or the signal is aborted. */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    if (this.#rung || signal.aborted) return;
    const alarm = new AbortController();
    const over = (): void => alarm.abort();
    this.#ring = over;
    signal.addEventListener("abort", over, { once: true });
    await clock.sleep(ms, alarm.signal).catch(() => undefined);
    signal.removeEventListener("abort", over);
    this.#ring = null;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }
}
