import { setImmediate as turn } from "node:timers/promises";
import { Problem } from "../domain/problem.js";
import { hex } from "../kit/bytes.js";
import type { Transcript, TranscriptBytes } from "../kit/transcript.js";
import type { VirtualClock } from "../kit/virtual-clock.js";
import { describeLine, type LineEvent, type LineKind, LineScript } from "./line-script.js";

/** What the hub asks the meter for. */
export interface Question {
  /** Whether a line answers it. */
  readonly answeredBy: (event: LineEvent & TranscriptBytes) => boolean;
  /** The question for people. */
  readonly name: string;
}

interface Waiter {
  resolve(bytes: Uint8Array): void;
  reject(reason: unknown): void;
}

/**
 * The meter's side of a transcript whose every line is one report or block: demands that the hub does just what it says,
 * line by line, and gives what the meter gave. A silence makes what follows it come that much later on the virtual clock,
 * which goes on by itself whenever the driver waits; a wait that can't end is a difference.
 */
export class LineReplay {
  readonly #script: LineScript;
  readonly #kind: LineKind;
  readonly #clock: VirtualClock;
  readonly #unwatch: () => void;
  /** Reports that have come and were not read. */
  #came: Uint8Array[] = [];
  #reader: Waiter | null = null;
  #asker: (Waiter & { readonly question: Question }) | null = null;
  #gone: Problem | null = null;
  /** Whether the driver has met what ended the device. */
  #goneMet = false;
  #difference: Problem | null = null;
  #closed = false;
  /** Sleepers that lay down before the last call ended are no reason to move the clock between calls. */
  #mark = 0;
  #activity = 0;
  #pumping = false;

  constructor(transcript: Transcript, kind: LineKind, clock: VirtualClock) {
    this.#script = new LineScript(transcript, kind, clock.now());
    this.#kind = kind;
    this.#clock = clock;
    this.#unwatch = clock.onSleep(() => this.#stir());
  }

  /** The next report that the meter sends of its own accord. */
  async read(signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (this.#reader !== null) throw new Problem("INTERNAL", "two reads at a time");
    this.#pull();
    const ready = this.#take();
    if (ready !== null) return ready;
    return await this.#wait(signal, (waiter) => {
      this.#reader = waiter;
      return () => {
        this.#reader = null;
      };
    });
  }

  /** What the meter answers to a question. */
  async ask(question: Question, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (this.#asker !== null) throw new Problem("INTERNAL", "two questions at a time");
    this.#throwIfEnded();
    return await this.#wait(signal, (waiter) => {
      this.#asker = { ...waiter, question };
      return () => {
        this.#asker = null;
      };
    });
  }

  /** The hub sends a line; throws the difference if the transcript has another one next. */
  async send(channel: string | null, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#throwIfEnded();
    try {
      this.#match(channel, bytes);
    } finally {
      this.#settled();
      this.#serve();
    }
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
    const [unread] = this.#came;
    if (unread !== undefined) {
      const context = { unread: hex(unread), reports: this.#came.length };
      throw new Problem(
        "TRANSPORT_REPLAY",
        `the driver ended without reading ${describeLine("<", null, unread)}`,
        context,
      );
    }
    const event = this.#gone === null || this.#goneMet ? this.#script.next().event : this.#script.lastPassed;
    if (event !== null) throw this.#script.differ(event, null);
  }

  /** Compares what is sent with the next line; what the meter does before that happens first. */
  #match(channel: string | null, bytes: Uint8Array): void {
    for (;;) {
      const { event, dueMs, index } = this.#script.next();
      // The silence before the hub's own bytes was the hub's: it had passed before the driver set any alarm for this.
      if (event !== null) this.#clock.shift(Math.max(0, dueMs - this.#clock.now()));
      if (event !== null && this.#happensAlone(event)) {
        this.#happen(event, dueMs, index);
        this.#throwIfEnded();
        continue;
      }
      const wanted = event?.type === "write" && event.channel === channel ? event.bytes : null;
      const at = wanted === null ? 0 : firstDifference(wanted, bytes);
      if (at !== -1) throw this.#fail(this.#script.differ(event, describeLine(">", channel, bytes, at)));
      this.#script.pass(index, this.#clock.now());
      return;
    }
  }

  /** True for what comes without the hub's doing. */
  #happensAlone(event: LineEvent): boolean {
    return event.type === "unplugged" || event.type === "error" || this.#kind.unasked(event);
  }

  /** Lets one of the meter's events happen. */
  #happen(event: LineEvent, dueMs: number, index: number): void {
    this.#script.pass(index, dueMs);
    if (event.type === "unplugged") this.#gone = new Problem("TRANSPORT_GONE");
    else if (event.type === "error") this.#gone = new Problem("TRANSPORT_GONE", event.text, { error: event.text });
    else this.#came.push(event.bytes);
  }

  /** Lets everything happen that is due. */
  #pull(): void {
    while (this.#gone === null) {
      const { event, dueMs, index } = this.#script.next();
      if (event === null || !this.#happensAlone(event) || dueMs > this.#clock.now()) return;
      this.#happen(event, dueMs, index);
    }
  }

  /** What a read gets at once: a report, or null if it has to wait. Throws what ended the transport. */
  #take(): Uint8Array | null {
    if (this.#closed || this.#difference !== null) this.#throwIfEnded();
    const report = this.#came.shift();
    if (report === undefined) {
      this.#throwIfEnded();
      return null;
    }
    this.#settled();
    return Uint8Array.from(report);
  }

  /** What a question gets at once: its answer, or null if it has to wait. Throws what ended the transport. */
  #answer(question: Question): Uint8Array | null {
    this.#throwIfEnded();
    const { event, dueMs, index } = this.#script.next();
    if (event === null || !("bytes" in event) || event.type === "write" || this.#happensAlone(event)) return null;
    if (!question.answeredBy(event)) throw this.#fail(this.#script.differ(event, question.name));
    if (dueMs > this.#clock.now()) return null;
    this.#script.pass(index, dueMs);
    return Uint8Array.from(event.bytes);
  }

  #throwIfEnded(): void {
    if (this.#closed) throw new Problem("TRANSPORT_CANCELED");
    if (this.#difference !== null) throw this.#difference;
    if (this.#gone !== null) {
      this.#goneMet = true;
      throw this.#gone;
    }
  }

  #wait(signal: AbortSignal | undefined, put: (waiter: Waiter) => () => void): Promise<Uint8Array> {
    return new Promise<Uint8Array>((resolve, reject) => {
      const over = (): void => {
        signal?.removeEventListener("abort", cancel);
        take();
        this.#settled();
      };
      const waiter: Waiter = {
        resolve: (bytes) => {
          over();
          resolve(bytes);
        },
        reject: (reason) => {
          over();
          reject(reason);
        },
      };
      const cancel = (): void => waiter.reject(signal?.reason);
      const take = put(waiter);
      signal?.addEventListener("abort", cancel, { once: true });
      this.#stir();
    });
  }

  /** Gives those who wait what there is for them. */
  #serve(): void {
    const reader = this.#reader;
    if (reader !== null) give(reader, () => this.#take());
    const asker = this.#asker;
    if (asker !== null) give(asker, () => this.#answer(asker.question));
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
    if (this.#reader === null && this.#asker === null) {
      const due = this.#clock.nextDue(this.#mark);
      if (due !== null) this.#clock.advance(Math.max(0, due - this.#clock.now()));
      return due !== null;
    }
    // A question may be the wrong one already.
    this.#serve();
    if (this.#reader === null && this.#asker === null) return true;
    const { event, dueMs } = this.#script.next();
    const comes = event !== null && event.type !== "write" && (this.#asker !== null || this.#happensAlone(event));
    const until = Math.min(comes ? dueMs : Number.POSITIVE_INFINITY, this.#clock.nextDue() ?? Number.POSITIVE_INFINITY);
    if (until === Number.POSITIVE_INFINITY) {
      this.#fail(this.#script.differ(event, null, "the driver waits without a time limit"));
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

function give(waiter: Waiter, what: () => Uint8Array | null): void {
  try {
    const bytes = what();
    if (bytes !== null) waiter.resolve(bytes);
  } catch (error) {
    waiter.reject(error);
  }
}

/** Where two differ first; -1 if they are equal. */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at += 1) if (a[at] !== b[at]) return at;
  return -1;
}
