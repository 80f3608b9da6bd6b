import { setImmediate as turn } from "node:timers/promises";
import { Problem } from "../domain/problem.js";
import type { TranscriptBytes } from "../kit/transcript.js";
import type { VirtualClock } from "../kit/virtual-clock.js";
import type { ReplayEvent, ReplayScript } from "./replay-script.js";
import { type Waiter, waitFor } from "./waiter.js";

/** What the hub can wait for: what the meter sends of its own accord, and the answer to a question. */
export type Wait = "read" | "ask";

/**
 * The meter's side of a transcript, whatever carries it: gives what the meter gave and meets the hub with what it has to
 * do next. A silence makes what follows it come that much later on the virtual clock, which goes on by itself whenever
 * the driver waits, for bytes or for time; a wait that can't end is a difference.
 */
export abstract class ReplayEngine {
  protected readonly script: ReplayScript;
  protected readonly clock: VirtualClock;
  readonly #unwatch: () => void;
  /** What has come and was not read. */
  readonly #came: TranscriptBytes[] = [];
  readonly #waiting = new Map<Wait, { readonly waiter: Waiter; readonly what: () => Uint8Array | null }>();
  #gone: Problem | null = null;
  /** Whether the driver has met what ended the device. */
  #goneMet = false;
  #difference: Problem | null = null;
  #closed = false;
  /** Sleepers that lay down before the last call ended are no reason to move the clock between calls. */
  #mark = 0;
  #activity = 0;
  #pumping = false;

  constructor(script: ReplayScript, clock: VirtualClock) {
    this.script = script;
    this.clock = clock;
    this.#unwatch = clock.onSleep(() => this.#stir());
  }

  /** What the meter sends of its own accord. */
  async read(signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (this.#waiting.has("read")) throw new Problem("INTERNAL", "two reads at a time");
    this.#pull();
    return this.#take() ?? (await this.#wait("read", () => this.#take(), signal));
  }

  /** Ends what is pending. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    this.#serve();
  }

  /** Throws TRANSPORT_REPLAY with the first difference, or if something of the transcript is left over. */
  finish(): void {
    if (this.#difference !== null) throw this.#difference;
    const unread = this.unread(this.#came);
    if (unread !== null) throw unread;
    const event = this.#gone === null || this.#goneMet ? this.script.next().event : this.script.lastPassed;
    if (event !== null) throw this.script.differ(event, null);
  }

  /** True for bytes that the meter sends of its own accord; all else that it gives must be asked for. */
  protected abstract unasked(event: ReplayEvent): boolean;
  /** Takes what one read gets out of what has come, which is something. */
  protected abstract take(came: TranscriptBytes[]): Uint8Array;
  /** The problem that this was not read; null if it is nothing. */
  protected abstract unread(came: readonly TranscriptBytes[]): Problem | null;

  /** True for what comes without the hub's doing. */
  protected happensAlone(event: ReplayEvent): boolean {
    return event.type === "unplugged" || event.type === "error" || this.unasked(event);
  }

  /** Compares what the hub does with the transcript; those who wait get what comes of it. */
  protected async play(signal: AbortSignal | undefined, compare: () => void): Promise<void> {
    signal?.throwIfAborted();
    this.throwIfEnded();
    try {
      compare();
    } finally {
      this.#settled();
      this.#serve();
    }
  }

  /** What the hub has to do next, null at the end; what the meter does before that happens. Throws what ended it. */
  protected hubsTurn(): { readonly event: ReplayEvent | null; readonly index: number } {
    for (;;) {
      const { event, dueMs, index } = this.script.next();
      // The silence before the hub's own bytes was the hub's: it had passed before the driver set any alarm for this.
      if (event !== null) this.clock.shift(Math.max(0, dueMs - this.clock.now()));
      if (event === null || !this.happensAlone(event)) return { event, index };
      this.#happen(event, dueMs, index);
      this.throwIfEnded();
    }
  }

  /** What the meter answers to a question, which `answer` gives as soon as it is due. */
  protected async question(answer: () => Uint8Array | null, signal: AbortSignal | undefined): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (this.#waiting.has("ask")) throw new Problem("INTERNAL", "two questions at a time");
    this.throwIfEnded();
    return await this.#wait("ask", answer, signal);
  }

  /** Throws what ended the transport. */
  protected throwIfEnded(): void {
    if (this.#closed) throw new Problem("TRANSPORT_CANCELED");
    if (this.#difference !== null) throw this.#difference;
    if (this.#gone !== null) {
      this.#goneMet = true;
      throw this.#gone;
    }
  }

  /** Ends the replay with this difference, unless it has one already; returns the one that counts. */
  protected fail(problem: Problem): Problem {
    this.#difference ??= problem;
    return this.#difference;
  }

  /** Lets one of the meter's events happen. */
  #happen(event: ReplayEvent, dueMs: number, index: number): void {
    this.script.pass(index, dueMs);
    if (event.type === "unplugged") this.#gone = new Problem("TRANSPORT_GONE");
    else if (event.type === "error") this.#gone = new Problem("TRANSPORT_GONE", event.text, { error: event.text });
    else this.#came.push(event);
  }

  /** Lets everything happen that is due. */
  #pull(): void {
    while (this.#gone === null) {
      const { event, dueMs, index } = this.script.next();
      if (event === null || !this.happensAlone(event) || dueMs > this.clock.now()) return;
      this.#happen(event, dueMs, index);
    }
  }

  /** What a read gets at once: bytes, or null if it has to wait. Throws what ended the transport. */
  #take(): Uint8Array | null {
    if (this.#closed || this.#difference !== null || this.#came.length === 0) this.throwIfEnded();
    if (this.#came.length === 0) return null;
    const bytes = this.take(this.#came);
    this.#settled();
    return bytes;
  }

  #wait(wait: Wait, what: () => Uint8Array | null, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return waitFor(signal, (waiter) => {
      if (waiter === null) {
        this.#waiting.delete(wait);
        this.#settled();
      } else {
        this.#waiting.set(wait, { waiter, what });
        this.#stir();
      }
    });
  }

  /** Gives those who wait what there is for them. */
  #serve(): void {
    for (const wait of ["read", "ask"] as const) {
      const waiting = this.#waiting.get(wait);
      if (waiting === undefined) continue;
      try {
        const bytes = waiting.what();
        if (bytes !== null) waiting.waiter.resolve(bytes);
      } catch (error) {
        waiting.waiter.reject(error);
      }
    }
  }

  #settled(): void {
    this.#mark = this.clock.count;
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
    if (this.#waiting.size === 0) {
      const due = this.clock.nextDue(this.#mark);
      if (due !== null) this.clock.advance(Math.max(0, due - this.clock.now()));
      return due !== null;
    }
    // A question may be the wrong one already.
    this.#serve();
    if (this.#waiting.size === 0) return true;
    const { event, dueMs } = this.script.next();
    const comes = event !== null && event.type !== "write" && (this.#waiting.has("ask") || this.happensAlone(event));
    const until = Math.min(comes ? dueMs : Number.POSITIVE_INFINITY, this.clock.nextDue() ?? Number.POSITIVE_INFINITY);
    if (until === Number.POSITIVE_INFINITY) {
      this.fail(this.script.differ(event, null, "the driver waits without a time limit"));
    } else {
      this.clock.advance(Math.max(0, until - this.clock.now()));
      this.#pull();
    }
    this.#serve();
    return true;
  }
}
