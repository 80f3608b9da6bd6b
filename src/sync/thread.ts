import { Worker } from "node:worker_threads";
import type { Clock, Log } from "../domain/clock.js";
import type { EngineState } from "./engine.js";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.js";

/** How long a stopping worker may take to end its transaction and let go of the lease. */
const STOP_MS = 5_000;
const RESTART_MS = 1_000;

/** The sync worker as the hub sees it. */
export interface SyncThread {
  /** Asks for a round; resolves when it has ended (see the engine). */
  ring(why: string, now?: boolean, full?: boolean): Promise<void>;
  state(): EngineState;
  stop(): Promise<void>;
}

/** Starts the worker's thread, and again should it die. */
export function startSyncThread(options: {
  readonly start: WorkerStart;
  readonly log: Log;
  readonly clock: Clock;
  onState(state: EngineState): void;
  onCommit(): void;
}): SyncThread {
  const { log, clock } = options;
  const stopping = new AbortController();
  let state: EngineState = { state: "idle", standby: false, problem: null, last: null };
  let worker: Worker | null = null;
  let ids = 0;
  const rung = new Map<number, () => void>();

  function post(message: ToWorker): void {
    worker?.postMessage(message);
  }

  function heard(message: FromWorker): void {
    if (message.type === "state") {
      state = message.state;
      options.onState(state);
    } else if (message.type === "committed") options.onCommit();
    else if (message.type === "rung") {
      rung.get(message.id)?.();
      rung.delete(message.id);
    } else log[message.level](message.facts, message.message);
  }

  function start(): void {
    const made = new Worker(new URL("./worker.js", import.meta.url), {
      workerData: options.start,
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 4 },
    });
    worker = made;
    made.on("message", heard);
    made.on("error", (error) => {
      state = {
        ...state,
        state: "waiting",
        problem: {
          code: "INTERNAL",
          message: `The sync worker died: ${error.message}`,
          remedy: "It is started again by itself.",
        },
      };
      options.onState(state);
      log.error({ error: error.message }, "the sync worker died");
    });
    made.on("exit", () => {
      worker = null;
      for (const done of rung.values()) done();
      rung.clear();
      if (stopping.signal.aborted) return;
      clock.sleep(RESTART_MS, stopping.signal).then(start, () => undefined);
    });
  }

  start();
  return {
    ring(why, now = false, full = false) {
      if (worker === null) return Promise.resolve();
      ids += 1;
      const id = ids;
      const done = new Promise<void>((resolve) => rung.set(id, resolve));
      post({ type: "ring", id, why, now, full });
      return done;
    },
    state: () => state,
    async stop() {
      stopping.abort();
      const ending = worker;
      if (ending === null) return;
      const exited = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
      post({ type: "stop" });
      const late = new AbortController();
      await Promise.race([exited, clock.sleep(STOP_MS, late.signal).catch(() => undefined)]);
      late.abort();
      await ending.terminate();
    },
  };
}
