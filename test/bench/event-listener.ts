import { startChild } from "./child.js";

/** A client of an event stream in a process of its own. */
export interface EventListener {
  /**
   * Resolves with the milliseconds from `since` (the machine's monotonic clock, nanoseconds) to the moment when the
   * client had the next record. Rejects if that record has another value.
   */
  heard(value: number, since: bigint): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a client; resolves when its stream is open. */
export async function listenTo(url: string, token: string): Promise<EventListener> {
  const client = startChild(new URL("./event-client.js", import.meta.url), [url, token]);
  const first = await client.line();
  if (first !== "open") throw new Error(`the client said ${first}`);
  return {
    async heard(value, since) {
      const [at = "", got] = (await client.line()).split(" ");
      if (Number(got) !== value) throw new Error(`the client got the record ${got} and not ${value}`);
      return Number(BigInt(at) - since) / 1e6;
    },
    stop: () => client.stop(),
  };
}
