import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Log } from "../domain/clock.js";
import type { HubEvent } from "../domain/status.js";
import { changesAfter } from "../store/queries.js";
import type { Store } from "../store/store.js";
import { commentText, eventText } from "./event-text.js";

/** How much may wait for a client before the feed stops writing to it, bytes. */
export const BUFFER_BYTES = 1_048_576;
/** How long a client may leave that much unread before it is let go, milliseconds. */
export const STALL_MS = 30_000;
/** Changes that are read from the store at once. */
const PAGE = 200;

/** What a feed works with. */
export interface FeedOptions {
  readonly store: Store;
  readonly log: Log;
  /** The open answer; its head has been sent. */
  readonly out: ServerResponse;
  /** Place in the store's sequence up to which the client has heard. */
  readonly from: number;
  readonly bufferBytes: number;
  readonly stallMs: number;
}

/**
 * One client's stream. Records are told in the order of their sequence, each once: from the store while the client is
 * behind, and as the hub tells of them, in the same tick, once it has caught up. A client that reads slowly is put
 * behind and caught up from the store, so that what waits for it in memory is bounded; one that does not read at all
 * is cut off and may resume. Of meters, sync and imports, a client that is behind hears only the latest.
 */
export class EventFeed {
  readonly #options: FeedOptions;
  /** Sequence of the last record told. */
  #sent: number;
  /** Sequence of the last record that the hub told of. */
  #newest = 0;
  #behind = false;
  readonly #latest = new Map<string, HubEvent>();

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#sent = options.from;
  }

  /** Takes what the hub tells, in its order. */
  tell(event: HubEvent): void {
    if (this.#gone()) return;
    if (event.type === "record") {
      this.#newest = Math.max(this.#newest, event.seq);
      if (this.#behind || event.seq <= this.#sent) return;
      if (this.#full()) void this.catchUp();
      else this.#record(event.seq, event);
      return;
    }
    if (!this.#full() && this.#latest.size === 0) this.#write(event);
    else {
      this.#latest.set(subject(event), event);
      void this.catchUp();
    }
  }

  /** Writes a comment, so that a dead connection is noticed by either side. */
  beat(): void {
    if (!this.#gone() && !this.#full()) this.#options.out.write(commentText("here"));
  }

  /** Tells every change that the client has not heard of; resolves when it hears live, or is gone. */
  async catchUp(): Promise<void> {
    if (this.#behind) return;
    this.#behind = true;
    const { store, out, log } = this.#options;
    try {
      while (await this.#drained()) {
        for (const event of this.#latest.values()) this.#write(event);
        this.#latest.clear();
        const known = this.#newest;
        const page = await changesAfter(store, this.#sent, PAGE);
        for (const change of page) this.#record(change.seq, { type: "record", seq: change.seq, data: change.record });
        // What the hub told of while the store was asked may stand behind the page: ask again.
        if (page.length < PAGE && this.#newest === known && this.#latest.size === 0) break;
      }
    } catch (error) {
      log.warn({ error: String(error) }, "an event stream broke off; its client may resume");
      out.destroy();
    } finally {
      this.#behind = false;
    }
  }

  #gone(): boolean {
    return this.#options.out.destroyed || this.#options.out.writableEnded;
  }

  #full(): boolean {
    return this.#options.out.writableLength > this.#options.bufferBytes;
  }

  #record(seq: number, event: HubEvent): void {
    this.#sent = seq;
    this.#write(event);
  }

  #write(event: HubEvent): void {
    this.#options.out.write(eventText(this.#sent, event.type, event.data));
  }

  /** Waits until the client has read what was written; false if it is gone, or is cut off because it does not read. */
  async #drained(): Promise<boolean> {
    const { out, stallMs, log } = this.#options;
    if (this.#gone()) return false;
    if (!out.writableNeedDrain) return true;
    const stall = new AbortController();
    const timer = setTimeout(() => stall.abort(), stallMs);
    const gone = (): void => stall.abort();
    out.once("close", gone);
    try {
      await once(out, "drain", { signal: stall.signal });
      return !this.#gone();
    } catch {
      if (!out.destroyed) log.info({ stallMs }, "a client of the event stream does not read; it is cut off");
      out.destroy();
      return false;
    } finally {
      clearTimeout(timer);
      out.removeListener("close", gone);
    }
  }
}

/** What an event is about: of two about the same, only the later matters. */
function subject(event: Exclude<HubEvent, { type: "record" }>): string {
  if (event.type === "meter") return `meter ${event.data.driver} ${event.data.serial} ${event.data.port}`;
  if (event.type === "pairing") return `pairing ${event.data.pairing}`;
  return event.type === "import" ? `import ${event.data.import}` : event.type;
}
