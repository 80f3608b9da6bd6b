import { Redis } from "ioredis";

/** Where a Redis server is: an address (`redis://`, `rediss://`, `unix:///path`) or the path of its socket. */
export type RedisPlace = { readonly url: string } | { readonly path: string };

/** Connections to one server that can be ended all at once, whatever state each is in. */
export interface RedisClients {
  /** Refuses commands at once while the server is away: for what must not wait. */
  readonly control: Redis;
  /** Keeps commands until the server is back, as BullMQ's worker needs it. Made at the first call. */
  worker(): Redis;
  /** Ends every connection, those that BullMQ made from them too, without a word to the server. */
  end(): void;
}

/** Pause before the next attempt to connect, milliseconds: soon at first, then once a second. */
const RECONNECT_MS = [20, 50, 100, 200, 500];
const RECONNECT_LAST_MS = 1_000;
/** A server that takes longer over one of our tiny commands is as good as away. */
const COMMAND_TIMEOUT_MS = 2_000;

/** Begins to connect. `onError` hears what goes wrong, as often as it does. */
export function openClients(place: RedisPlace, onError: (error: Error) => void): RedisClients {
  const all = new Set<Redis>();
  const track = (client: Redis): Redis => {
    all.add(client);
    client.on("error", onError);
    const duplicate = client.duplicate.bind(client);
    // BullMQ makes its blocking connection this way and may lose hold of it while the server is away.
    client.duplicate = (override) => track(duplicate(override));
    return client;
  };
  const open = (options: ClientOptions): Redis => {
    const full = {
      ...options,
      retryStrategy: (attempt: number) => RECONNECT_MS[attempt - 1] ?? RECONNECT_LAST_MS,
    };
    const path = "path" in place ? place.path : socketOf(place.url);
    if (path !== null) return track(new Redis({ ...full, path }));
    return track(new Redis("url" in place ? place.url : "", full));
  };
  const control = open({ enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: COMMAND_TIMEOUT_MS });
  let worker: Redis | null = null;
  return {
    control,
    worker: () => {
      worker ??= open({ maxRetriesPerRequest: null });
      return worker;
    },
    end: () => {
      for (const client of all) client.disconnect();
    },
  };
}

interface ClientOptions {
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: boolean;
  readonly commandTimeout?: number;
}

function socketOf(url: string): string | null {
  return url.startsWith("unix://") ? decodeURIComponent(url.slice("unix://".length)) : null;
}
