import { EventEmitter } from "node:events";
import type { MessageBus } from "@jellybrick/dbus-next";

/** What we must know of the socket under a connection, and do with it. */
export interface SocketOf {
  /** False when nothing more comes or goes through it. */
  alive(): boolean;
  /** Calls back when the bus hung up. */
  onEnd(ended: () => void): void;
  /** Calls back with each error of the connection. */
  onError(failed: (error: unknown) => void): void;
  destroy(): void;
}

interface Inside {
  readonly stream?: { readonly destroyed: boolean; readonly readable: boolean; destroy(): void } | undefined;
  once(event: "end", ended: () => void): unknown;
}

/**
 * The socket under a connection. The library (0.11.3) does not tell when a bus hangs up, and closes only its own half of
 * a socket, so that a bus which does nothing keeps it: both are reached inside the library, at the field `_connection`.
 */
export function socketOf(client: MessageBus): SocketOf {
  const inside: unknown = Reflect.get(client, "_connection");
  if (!isInside(inside)) throw new TypeError("this version of the D-Bus library is another one inside");
  let destroyed = false;
  const destroy = (): void => {
    destroyed = true;
    inside.stream?.destroy();
    // A socket that is not made yet comes a moment later.
    if (inside.stream === undefined) setImmediate(() => inside.stream?.destroy());
  };
  return {
    alive: () => !destroyed && inside.stream !== undefined && !inside.stream.destroyed && inside.stream.readable,
    onEnd: (ended) => void inside.once("end", ended),
    // The library's types leave this event out.
    onError: (failed) => void EventEmitter.prototype.on.call(client, "error", failed),
    destroy,
  };
}

function isInside(value: unknown): value is Inside {
  return typeof value === "object" && value !== null && "once" in value && typeof value.once === "function";
}
