import { setImmediate as turn } from "node:timers/promises";
import { Problem } from "../domain/problem.js";
import { concat, hex } from "../kit/bytes.js";
import type { Transcript } from "../kit/transcript.js";
import type { StreamTransport } from "../kit/transport.js";
import type { VirtualClock } from "../kit/virtual-clock.js";
import { type ReplayEvent, ReplayScript } from "./replay-script.js";

/** How the meter's bytes fall into reads: as the transcript's lines, at most that many each, or all that have come. */
export type ReplayChunk = "lines" | number | "all";

/** The meter's side of a transcript. */
export interface ReplayTransport extends StreamTransport {
  /**
   * To be called when the driver has ended. Throws TRANSPORT_REPLAY with the first difference if the driver sent
   * anything else than the transcript says, or if bytes or events of it are left over.
   */
  finish(): void;
}

/**
 * Plays a transcript to a driver: gives the bytes that the meter sent and demands those that the hub sent, in order;
 * how either fall into lines means nothing. A silence makes what follows it come that much later on the virtual clock.
 * The clock goes on by itself whenever the driver waits, for bytes or for time, so nothing takes real time; a wait
 * that can't end rejects with TRANSPORT_REPLAY. Throws TRANSPORT_REPLAY for a transcript that is no stream.
 */
export function replayTransport(
  transcript: Transcript,
  clock: VirtualClock,
  options: { readonly chunk?: ReplayChunk } = {},
): ReplayTransport {
  const chunk = options.chunk ?? "lines";
  if (typeof chunk === "number" && !(chunk >= 1)) throw new RangeError(`no chunk of ${chunk} bytes`);
  return new Replay(transcript, clock, chunk);
}

interface Reader {
  resolve(bytes: Uint8Array): void;
  reject(reason: unknown): void;
}

class Replay implements ReplayTransport {
  readonly kind = "stream";
  readonly name: string;
  readonly #script: ReplayScript;
  readonly #clock: VirtualClock;
  readonly #chunk: ReplayChunk;
  readonly #unwatch: () => void;
  /** Bytes that have come and were not read. */
  #came: Uint8Array[] = [];
  #reader: Reader | null = null;
  #gone: Problem | null = null;
  /** Whether the driver has met what ended the device. */
  #goneMet = false;
  #difference: Problem | null = null;
  #closed = false;
  /** Sleepers that lay down before the last read or write ended are no reason to move the clock between reads. */
  #mark = 0;
  #activity = 0;
  #pumping = false;

  constructor(transcript: Transcript, clock: VirtualClock, chunk: ReplayChunk) {
    this.name = `replay:${transcript.headers.driver}`;
    this.#script = new ReplayScript(transcript, clock.now());
    this.#clock = clock;
    this.#chunk = chunk;
    this.#unwatch = clock.onSleep(() => this.#stir());
  }

  async read(signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (this.#reader !== null) throw new Problem("INTERNAL", "two reads at a time");
    this.#pull();
    const ready = this.#take();
    if (ready !== null) return ready;
    return await new Promise<Uint8Array>((resolve, reject) => {
      const cancel = (): void => this.#answer((reader) => reader.reject(signal?.reason));
      const over = (): void => signal?.removeEventListener("abort", cancel);
      this.#reader = {
        resolve: (bytes) => {
          over();
          resolve(bytes);
        },
        reject: (reason) => {
          over();
          reject(reason);
        },
      };
      signal?.addEventListener("abort", cancel, { once: true });
      this.#stir();
    });
  }

  async write(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#throwIfEnded();
    try {
      for (let sent = 0; sent < bytes.length; ) sent += this.#match(bytes, sent);
    } finally {
      this.#settled();
      this.#serve();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    this.#answer((reader) => reader.reject(new Problem("TRANSPORT_CANCELED")));
  }

  finish(): void {
    if (this.#difference !== null) throw this.#difference;
    const unread = concat(this.#came);
    if (unread.length > 0) {
      throw new Problem("TRANSPORT_REPLAY", `the driver ended without reading ${hex(unread)}`, { unread: hex(unread) });
    }
    const event = this.#gone === null || this.#goneMet ? this.#script.next().event : this.#script.lastPassed;
    if (event !== null) throw this.#script.differ(event, null);
  }

  /** Compares what is sent from there on with the next write; returns how many bytes of it agree and are done. */
  #match(bytes: Uint8Array, sent: number): number {
    const { event, dueMs, index } = this.#script.next();
    // The silence before the hub's own bytes was the hub's: it had passed before the driver set any alarm for this.
    if (event !== null) this.#clock.shift(Math.max(0, dueMs - this.#clock.now()));
    if (event === null || event.type !== "write") {
      if (event !== null) {
        this.#happen(event, dueMs, index);
        this.#throwIfEnded();
        return 0;
      }
      throw this.#fail(this.#script.differ(null, bytes.subarray(sent)));
    }
    const wanted = this.#script.left(event);
    const got = bytes.subarray(sent, sent + wanted.length);
    if (got.some((byte, i) => byte !== wanted[i])) throw this.#fail(this.#script.differ(event, bytes.subarray(sent)));
    this.#script.matched(event, got.length, index, this.#clock.now());
    return got.length;
  }

  /** Lets one of the meter's events happen. */
  #happen(event: ReplayEvent, dueMs: number, index: number): void {
    this.#script.pass(index, dueMs);
    if (event.type === "unplugged") this.#gone = new Problem("TRANSPORT_GONE");
    else if (event.type === "error") this.#gone = new Problem("TRANSPORT_GONE", event.text, { error: event.text });
    else this.#came.push(event.bytes);
  }

  /** Lets everything happen that is due. */
  #pull(): void {
    while (this.#gone === null) {
      const { event, dueMs, index } = this.#script.next();
      if (event === null || event.type === "write" || dueMs > this.#clock.now()) return;
      this.#happen(event, dueMs, index);
    }
  }

  /** What a read gets at once: bytes, or null if it has to wait. Throws what ended the transport. */
  #take(): Uint8Array | null {
    if (this.#closed || this.#difference !== null) this.#throwIfEnded();
    if (this.#came.length === 0) {
      this.#throwIfEnded();
      return null;
    }
    let piece: Uint8Array;
    if (this.#chunk === "lines") {
      piece = Uint8Array.from(this.#came.shift() ?? []);
    } else {
      const whole = concat(this.#came);
      piece = this.#chunk === "all" ? whole : whole.slice(0, this.#chunk);
      this.#came = piece.length < whole.length ? [whole.subarray(piece.length)] : [];
    }
    this.#settled();
    return piece;
  }

  #throwIfEnded(): void {
    if (this.#closed) throw new Problem("TRANSPORT_CANCELED");
    if (this.#difference !== null) throw this.#difference;
    if (this.#gone !== null) {
      this.#goneMet = true;
      throw this.#gone;
    }
  }

  /** Gives a waiting reader what there is for it; true if it got something. */
  #serve(): boolean {
    if (this.#reader === null) return false;
    try {
      const bytes = this.#take();
      if (bytes === null) return false;
      this.#answer((reader) => reader.resolve(bytes));
    } catch (error) {
      this.#answer((reader) => reader.reject(error));
    }
    return true;
  }

  #answer(give: (reader: Reader) => void): void {
    const reader = this.#reader;
    if (reader === null) return;
    this.#reader = null;
    this.#settled();
    give(reader);
  }

  #settled(): void {
    this.#mark = this.#clock.count;
    this.#activity += 1;
  }

  #stir(): void {
    this.#activity += 1;
    if (this.#pumping) return;
    this.#pumping = true;
    void this.#pump();
  }

  /** Moves the clock on while somebody waits, each time after the program has come to rest. */
  async #pump(): Promise<void> {
    do {
      let seen: number;
      do {
        seen = this.#activity;
        await turn();
        await turn();
      } while (seen !== this.#activity);
    } while (this.#step());
    this.#pumping = false;
  }

  /** One move of the clock or one answer; false when nobody waits. */
  #step(): boolean {
    if (this.#closed) return false;
    if (this.#reader === null) {
      const due = this.#clock.nextDue(this.#mark);
      if (due !== null) this.#clock.advance(Math.max(0, due - this.#clock.now()));
      return due !== null;
    }
    const { event, dueMs } = this.#script.next();
    const arrival = event === null || event.type === "write" ? Number.POSITIVE_INFINITY : dueMs;
    const until = Math.min(arrival, this.#clock.nextDue() ?? Number.POSITIVE_INFINITY);
    if (until === Number.POSITIVE_INFINITY) {
      this.#fail(this.#script.differ(event, null, "the driver waits for bytes without a time limit"));
    } else {
      this.#clock.advance(Math.max(0, until - this.#clock.now()));
      this.#pull();
    }
    this.#serve();
    return true;
  }

  #fail(problem: Problem): Problem {
    this.#difference ??= problem;
    return this.#difference;
  }
}
