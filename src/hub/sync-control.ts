import { createHash, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Clock, Log } from "../domain/clock.js";
import type { SyncStatus } from "../domain/status.js";
import type { Settings } from "../settings/settings.js";
import { storeAddress } from "../store/address.js";
import type { Store } from "../store/store.js";
import { type RedisSupervisor, superviseRedis } from "../sync/bell/redis.js";
import { type Schedule, startSchedule } from "../sync/bell/schedule.js";
import { openCloud } from "../sync/clouds/index.js";
import { type SyncThread, startSyncThread } from "../sync/thread.js";
import { syncStatus } from "./sync-status.js";

/** Synchronisation as the hub runs it: Redis, the schedule that rings, the worker that is rung. */
export interface SyncControl {
  /** A record changed: rings soon. */
  nudge(): void;
  /** A person asks: rings now, whatever pause is on. `full`: and has every record compared with the cloud. */
  ask(why: string, full?: boolean): void;
  status(): Promise<SyncStatus>;
  /** True if the last round failed: what `status` says of it, without a look at the store. */
  failing(): boolean;
  /** `up`, or why Redis is not there. */
  redis(): string;
  stop(): Promise<void>;
}

/** Starts it. Without a cloud there is a Redis and nothing to ring. */
export function startSync(options: {
  settings: Settings;
  store: Store;
  clock: Clock;
  log: Log;
  /** The worker wrote to the store. */
  onCommit(): void;
  onState(): void;
}): SyncControl {
  const { settings, store, clock, log } = options;
  const { kind, url } = settings.cloud;
  const cloud = openCloud(settings.cloud);
  let redisState = settings.redis.url === null ? "starting" : "configured";
  let schedule: Schedule | null = null;
  let thread: SyncThread | null = null;

  const redis: RedisSupervisor | null =
    settings.redis.url === null
      ? superviseRedis({
          dataDir: settings.data,
          clock,
          log,
          onState: (state) => {
            redisState = state;
            options.onState();
          },
        })
      : null;

  if (cloud !== null) {
    const place = storeAddress(settings);
    const start = {
      store: place,
      cloud: settings.cloud,
      holder: randomUUID(),
      // A file is this hub's alone, by its lock; a database may be several hubs'.
      alone: place.url === null,
    };
    const made = startSyncThread({ start, clock, log, onState: () => options.onState(), onCommit: options.onCommit });
    thread = made;
    const server =
      redis !== null ? { path: redis.socket } : settings.redis.url === null ? null : { url: settings.redis.url };
    schedule = startSchedule({
      redis: server,
      everyMs: settings.sync.everyMs,
      ring: (why) => made.ring(why),
      log,
      clock,
      prefix: queuePrefix(store, settings.data),
    });
  }

  return {
    nudge: () => schedule?.nudge(),
    ask: (why, full = false) => {
      void thread?.ring(why, true, full);
    },
    redis: () => redisState,
    failing: () => (thread?.state().problem ?? null) !== null,
    status: () =>
      syncStatus(store, {
        engine: thread?.state() ?? { state: "idle", standby: false, problem: null, last: null },
        scheduler: schedule?.state() ?? "off",
        cloud: cloud === null ? null : { kind, url: url ?? "" },
      }),
    async stop() {
      await schedule?.close();
      await thread?.stop();
      await redis?.close();
    },
  };
}

/**
 * Begins the keys of this hub's queue. Hubs that share a database and a Redis have a queue each, named after machine and
 * data folder: in one queue, a ring meant for the worker that syncs would now and then wake one that does not.
 */
function queuePrefix(store: Store, dataDir: string): string {
  if (store.dialect === "sqlite") return `glucohub-${store.epoch}`;
  const place = createHash("sha256").update(`${hostname()} ${dataDir}`).digest("hex").slice(0, 16);
  return `glucohub-${store.epoch}-${place}`;
}
