import type { Clock, Log } from "../../domain/clock.js";
import { makeBell } from "./bell.js";
import type { RedisPlace } from "./redis-clients.js";
import { openLink } from "./redis-link.js";
import { settlesWithin } from "./settles-within.js";

/** What rings the sync worker's bell, whatever becomes of Redis. */
export interface Schedule {
  /** A record was changed: rings within some 20 ms, once for all that come meanwhile. Never waits, never throws. */
  nudge(): void;
  /** Who rings at present: Redis with BullMQ, or the hub's own timer in its stead. */
  state(): "bullmq" | "timer";
  /** No ring begins after the call; resolves when the running one has ended, after 10 s in any case. */
  close(): Promise<void>;
}

/** What a schedule needs. */
export interface ScheduleOptions {
  /** The server; it may come later, or go and come again. Null: the timer only. */
  readonly redis: RedisPlace | null;
  /** Milliseconds between two rings when nothing nudges. */
  readonly everyMs: number;
  /**
   * One round; called for one at a time. `why` is `start`, `tick` (BullMQ), `timer` or `nudge`. What it rejects with
   * is logged: the next round is the remedy.
   */
  readonly ring: (why: string) => Promise<void>;
  readonly log: Log;
  readonly clock: Clock;
  /** Begins every key in Redis. Hubs of one store may share it; hubs of different stores must not. */
  readonly prefix: string;
}

/** Changes often come by the dozen: this long, in milliseconds, the first waits for the others. */
const GATHER_MS = 5;
/** If what Redis took has not rung by then, in milliseconds, the hub rings itself. */
const DELIVERY_MS = 250;
/** After so many intervals without a tick the timer takes over, and the scheduler is made anew. */
const SILENT = 2;
/** After so many, and at least so many milliseconds, the connections are suspected, and made anew too. */
const DEAF = 4;
const DEAF_MS = 10_000;
const CLOSE_MS = 10_000;

/** Rings once at the start, every `everyMs`, and after each nudge, until closed. Returns at once. */
export function startSchedule(options: ScheduleOptions): Schedule {
  const { everyMs, clock, log } = options;
  const bell = makeBell(options.ring, log);
  const end = new AbortController();
  /** Intervals since the last tick: counted, not measured, so that setting the clock can't mislead it. */
  let silent = 0;
  const deaf = Math.max(DEAF, Math.ceil(DEAF_MS / everyMs));
  let ticked = false;
  let heard = false;
  let nudgedAfter = -1;
  let pumping = false;

  const link =
    options.redis === null
      ? null
      : openLink({
          ...options,
          redis: options.redis,
          onJob: async (name) => {
            if (name === "tick") {
              ticked = true;
              heard = true;
              silent = 0;
            }
            await bell.ring(name);
          },
          onLost: () => {
            heard = false;
            log.warn({}, "Redis is away: the hub rings by its own timer");
          },
        });

  const watch = async (): Promise<void> => {
    while (!end.signal.aborted) {
      await clock.sleep(everyMs, end.signal);
      if (ticked || (bell.busy() && silent < SILENT)) {
        ticked = false;
        continue;
      }
      const connected = link?.connected() ?? false;
      // Silence counts from when the scheduler could have been heard.
      silent = connected ? silent + 1 : 0;
      if (!connected || silent >= SILENT) void bell.ring("timer");
      if (!connected) continue;
      if (silent === SILENT) log.warn({ everyMs }, "the job scheduler is silent: it is made anew");
      if (silent % deaf === 0) void link?.rebuild();
      else void link?.mend(silent % SILENT === 0);
    }
  };

  const covered = (): boolean => end.signal.aborted || bell.starts() > nudgedAfter;

  /** Through Redis if it is there, else and in doubt by hand. Resolves when a ring has begun since the call. */
  const deliver = async (): Promise<void> => {
    // Not `covered`: the ring that is waited for may itself bring the next nudge.
    const mark = bell.starts();
    const rung = (): boolean => end.signal.aborted || bell.starts() > mark;
    if (link?.connected() && (await link.nudge())) {
      // While another ring goes on the job waits behind it, and is not late.
      while (!rung() && bell.busy()) await bell.changed();
      if (rung() || (await settlesWithin(clock, DELIVERY_MS, bell.changed()))) return;
    }
    void bell.ring("nudge");
    while (!rung()) await bell.changed();
  };

  const pump = async (): Promise<void> => {
    pumping = true;
    while (!covered()) {
      await clock.sleep(GATHER_MS, end.signal);
      if (!covered()) await deliver();
    }
    pumping = false;
  };

  void bell.ring("start");
  watch().catch(() => undefined);

  return {
    nudge: () => {
      nudgedAfter = bell.starts();
      if (!pumping) {
        pump().catch(() => {
          pumping = false;
        });
      }
    },
    state: () => (heard && silent < SILENT && (link?.connected() ?? false) ? "bullmq" : "timer"),
    close: async () => {
      end.abort();
      bell.stop();
      const ended = async (): Promise<void> => {
        while (bell.busy()) await bell.changed();
      };
      await Promise.all([link?.close(CLOSE_MS), settlesWithin(clock, CLOSE_MS, ended())]);
    },
  };
}
