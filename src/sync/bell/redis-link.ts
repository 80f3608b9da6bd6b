import type { Queue, Worker } from "bullmq";
import type { Clock, Log } from "../../domain/clock.js";
import { openClients, type RedisClients, type RedisPlace } from "./redis-clients.js";
import { settlesWithin } from "./settles-within.js";

/** What comes over the link: the scheduler's turn, or a change that somebody told of. */
export type JobName = "tick" | "nudge";

/** BullMQ's queue, worker and job scheduler on one server that may be away, come late, or lose everything. */
export interface RedisLink {
  /** True while the server answers and queue and worker stand. */
  connected(): boolean;
  /** Hands in a nudge. True when the server has it; false if it is away, slow (250 ms) or an earlier one hangs. */
  nudge(): Promise<boolean>;
  /** Puts the job scheduler back if it is gone; `anew`: in any case. Never rejects. */
  mend(anew: boolean): Promise<void>;
  /** Ends every connection and makes all of it again. */
  rebuild(): Promise<void>;
  /** Lets the running job end, for at most `graceMs`, then ends every connection. */
  close(graceMs: number): Promise<void>;
}

/** What a link needs. */
export interface LinkOptions {
  readonly redis: RedisPlace;
  /** Begins every key in Redis. */
  readonly prefix: string;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Does the job; must not reject. */
  readonly onJob: (name: JobName) => Promise<void>;
  /** The server went away. */
  readonly onLost: () => void;
}

interface Bull {
  readonly queue: Queue;
  readonly worker: Worker;
}

const QUEUE = "sync";
const SCHEDULER = "tick";
const NUDGE_TIMEOUT_MS = 250;
const BUILD_TIMEOUT_MS = 10_000;
/** BullMQ waits as long before it asks again after its connection failed; its own 15 s would leave a gap. */
const RETRY_MS = 1_000;
/** BullMQ notes what happened to each job in a stream that nobody reads here. */
const EVENTS_KEPT = 100;
/** A job that a crash cut short is run again however often that happens: it carries nothing and harms nothing. */
const STALLED_LIMIT = 1_000_000;

/** Begins to connect and returns at once; the rest follows when the server answers. */
export function openLink(options: LinkOptions): RedisLink {
  const { redis, everyMs, clock, log } = options;
  let bull: Bull | null = null;
  let nudging = false;
  let restarting = false;
  const end = new AbortController();
  let work: Promise<void> = Promise.resolve();
  let lastError = "";

  const hear = (error: Error): void => {
    // Redis may be away for hours: a reason is said once, not once a second by each connection.
    if (error.message === lastError) return;
    lastError = error.message;
    // A private server that is still being started has no socket yet: nothing to worry anybody with.
    const level = "code" in error && error.code === "ENOENT" ? "debug" : "info";
    log[level]({ error: error.message }, "Redis does not serve the hub");
  };

  /** One thing at a time: building, mending and rebuilding must not meet. */
  const inTurn = (task: () => Promise<void>): Promise<void> => {
    work = work.then(async () => {
      if (end.signal.aborted) return;
      try {
        await task();
      } catch (error) {
        log.debug({ error: error instanceof Error ? error.message : String(error) }, "the sync queue is not ready");
      }
    });
    return work;
  };

  const schedule = async ({ queue }: Bull, anew: boolean): Promise<void> => {
    if (anew) await queue.removeJobScheduler(SCHEDULER);
    else if ((await queue.getJobScheduler(SCHEDULER))?.every === everyMs) return;
    // No data: whoever reads Redis learns nothing about anybody.
    const opts = { removeOnComplete: true, removeOnFail: true };
    await queue.upsertJobScheduler(SCHEDULER, { every: everyMs }, { name: "tick" satisfies JobName, data: {}, opts });
  };

  const build = async (): Promise<void> => {
    const made = await makeBull(clients, options, hear);
    try {
      const ready = Promise.all([made.queue.waitUntilReady(), made.worker.waitUntilReady()]);
      if (!(await settlesWithin(clock, BUILD_TIMEOUT_MS, ready))) throw new Error("Redis answers too slowly");
      // A nudge that died with an earlier process would hold back every later one until it is found to be stalled.
      await made.queue.removeDeduplicationKey("nudge" satisfies JobName);
      await schedule(made, false);
    } catch (error) {
      dismiss(made);
      void restart();
      throw error;
    }
    bull = made;
    lastError = "";
    log.info({}, "Redis rings the bell");
  };

  const connect = (): RedisClients => {
    const opened = openClients(redis, hear);
    let up = false;
    opened.control.on("ready", () => {
      up = true;
      void inTurn(async () => {
        if (opened !== clients || opened.control.status !== "ready") return;
        await (bull === null ? build() : schedule(bull, false));
      });
    });
    opened.control.on("close", () => {
      // Each vain attempt to come back closes as well.
      if (up && opened === clients && !end.signal.aborted) options.onLost();
      up = false;
    });
    return opened;
  };

  const restart = async (): Promise<void> => {
    if (restarting) return;
    restarting = true;
    await inTurn(async () => {
      await clock.sleep(RETRY_MS, end.signal);
      dismiss(bull);
      bull = null;
      const former = clients;
      clients = connect();
      former.end();
    });
    restarting = false;
  };

  let clients = connect();

  return {
    connected: () => bull !== null && clients.control.status === "ready",
    nudge: async () => {
      if (bull === null || nudging) return false;
      nudging = true;
      const name: JobName = "nudge";
      const deduplication = { id: name, keepLastIfActive: true };
      const added = bull.queue
        .add(name, {}, { deduplication, removeOnComplete: true, removeOnFail: true })
        .finally(() => {
          nudging = false;
        });
      return await settlesWithin(clock, NUDGE_TIMEOUT_MS, added).catch(() => false);
    },
    mend: (anew) => inTurn(async () => (bull === null ? undefined : await schedule(bull, anew))),
    rebuild: restart,
    close: async (graceMs) => {
      end.abort();
      if (bull !== null && (await answers(clients, clock))) {
        const lost = new Promise((resolve) => clients.control.once("close", resolve));
        // In BullMQ 6.7 a close that hangs can't be forced any more: ending its connections is what frees it.
        await settlesWithin(clock, graceMs, Promise.race([bull.worker.close(), lost])).catch(() => false);
      }
      dismiss(bull);
      bull = null;
      clients.end();
      await settlesWithin(clock, graceMs, work);
    },
  };
}

/** BullMQ costs 150 ms and 12 MB to load: only a hub that has a Redis pays for it. */
async function makeBull(clients: RedisClients, options: LinkOptions, hear: (error: Error) => void): Promise<Bull> {
  const bullmq = await import("bullmq");
  const { prefix } = options;
  const queue = new bullmq.Queue(QUEUE, {
    connection: clients.control,
    prefix,
    streams: { events: { maxLen: EVENTS_KEPT } },
  });
  queue.on("error", hear);
  const worker = new bullmq.Worker(
    QUEUE,
    async (job) => {
      await options.onJob(job.name === "tick" ? "tick" : "nudge");
    },
    {
      connection: clients.worker(),
      prefix,
      concurrency: 1,
      maxStalledCount: STALLED_LIMIT,
      runRetryDelay: RETRY_MS,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
  );
  worker.on("error", hear);
  return { queue, worker };
}

/** A server that hangs, or went a moment ago, still has its connection. */
async function answers(clients: RedisClients, clock: Clock): Promise<boolean> {
  if (clients.control.status !== "ready") return false;
  return await settlesWithin(clock, NUDGE_TIMEOUT_MS, clients.control.ping()).catch(() => false);
}

/** Ends both without waiting for a server that may not answer; their connections are the caller's to end. */
function dismiss(bull: Bull | null): void {
  void bull?.worker.close(true).catch(() => undefined);
  void bull?.queue.close().catch(() => undefined);
}
