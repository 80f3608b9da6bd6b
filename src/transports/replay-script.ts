import { Problem } from "../domain/problem.js";
import type { Transcript, TranscriptBytes, TranscriptEvent } from "../kit/transcript.js";
import { describeLine, SHOWN_BYTES } from "./describe-line.js";

/** What can happen in a replay, beside silence. */
export type ReplayEvent = Exclude<TranscriptEvent, { type: "remark" } | { type: "silence" }>;

/** How a transport's lines are to be taken. */
export interface ScriptRules {
  /** Why a line with bytes is none of this transport's; null if it is one. */
  readonly refuses: (event: ReplayEvent & TranscriptBytes) => string | null;
  /** How much of a line is shown in a difference, bytes. */
  readonly shownBytes?: number;
}

/** A transcript's events and how far they have been played, with the times at which they are due. */
export class ReplayScript {
  readonly #events: readonly (ReplayEvent | { readonly type: "silence"; readonly ms: number })[];
  readonly #shownBytes: number;
  #at = 0;
  /** How much of the next event is done if it is a write, bytes. */
  #done = 0;
  /** When the last event was, on the replay's clock; silences count from there. */
  #lastMs: number;
  #lastPassed: ReplayEvent | null = null;

  /** Throws TRANSPORT_REPLAY for a line that the rules refuse. */
  constructor(transcript: Transcript, nowMs: number, { refuses, shownBytes = SHOWN_BYTES }: ScriptRules) {
    this.#events = transcript.events.flatMap((event) => {
      if (event.type === "remark") return [];
      const why = "bytes" in event ? refuses(event) : null;
      const { line } = event;
      if (why !== null) throw new Problem("TRANSPORT_REPLAY", `line ${line}: ${why}`, { line });
      return [event];
    });
    this.#shownBytes = shownBytes;
    this.#lastMs = nowMs;
  }

  /** The event that was passed last, or null. */
  get lastPassed(): ReplayEvent | null {
    return this.#lastPassed;
  }

  /** The next event that is no silence, or null at the end; when it is due, and its place. */
  next(): { readonly event: ReplayEvent | null; readonly dueMs: number; readonly index: number } {
    let dueMs = this.#lastMs;
    for (let index = this.#at; index < this.#events.length; index += 1) {
      const event = this.#events[index];
      if (event === undefined) break;
      if (event.type !== "silence") return { event, dueMs, index };
      dueMs += event.ms;
    }
    return { event: null, dueMs, index: this.#events.length };
  }

  /** The next event that is no silence and none of those to skip, or null. */
  upcoming(skip: (event: ReplayEvent) => boolean): ReplayEvent | null {
    for (let index = this.#at; index < this.#events.length; index += 1) {
      const event = this.#events[index];
      if (event !== undefined && event.type !== "silence" && !skip(event)) return event;
    }
    return null;
  }

  /** The event at that place is over, and was at that time. */
  pass(index: number, atMs: number): void {
    const event = this.#events[index];
    this.#lastPassed = event === undefined || event.type === "silence" ? null : event;
    this.#at = index + 1;
    this.#done = 0;
    this.#lastMs = atMs;
  }

  /** What of a write is still to come. */
  left(event: ReplayEvent & { readonly type: "write" }): Uint8Array {
    return event.bytes.subarray(this.#done);
  }

  /** So many bytes more of the write at that place have come. */
  matched(event: ReplayEvent & { readonly type: "write" }, count: number, index: number, nowMs: number): void {
    const done = this.#done + count;
    this.pass(index, nowMs);
    if (done === event.bytes.length) return;
    this.#at = index;
    this.#done = done;
  }

  /** The problem that something else was done (null: nothing) than the event (null: the end) demands. */
  differ(event: ReplayEvent | null, got: string | null, why = "the driver and the transcript differ"): Problem {
    const number = event === null ? this.#events.length : this.#events.indexOf(event) + 1;
    const line = event?.line ?? 0;
    const place = event === null ? "after the transcript's end" : `at event ${number} (line ${line})`;
    const expected = event === null ? "nothing" : this.#describe(event);
    const done = got ?? "nothing";
    return new Problem("TRANSPORT_REPLAY", `${why} ${place}: expected ${expected}, got ${done}`, {
      event: number,
      line,
      expected,
      got: done,
    });
  }

  #describe(event: ReplayEvent): string {
    if (event.type === "unplugged") return "! unplugged";
    if (event.type === "error") return `! error ${event.text}`;
    const sign = { write: ">", report: "<", read: "?" }[event.type];
    const bytes = event.type === "write" ? this.left(event) : event.bytes;
    return describeLine(sign, event.channel, bytes, 0, this.#shownBytes);
  }
}
