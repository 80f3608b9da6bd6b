import { Problem } from "../domain/problem.js";
import { hex } from "../kit/bytes.js";
import type { Transcript, TranscriptEvent } from "../kit/transcript.js";

/** What can happen in the replay of a stream, beside silence. */
export type ReplayEvent = Exclude<TranscriptEvent, { type: "remark" } | { type: "silence" } | { type: "read" }>;

/** A transcript's events and how far they have been played, with the times at which they are due. */
export class ReplayScript {
  readonly #events: readonly (ReplayEvent | { readonly type: "silence"; readonly ms: number })[];
  #at = 0;
  /** How much of the next event is done if it is a write, bytes. */
  #done = 0;
  /** When the last event was, on the replay's clock; silences count from there. */
  #lastMs: number;
  #lastPassed: ReplayEvent | null = null;

  /** Throws TRANSPORT_REPLAY for a transcript with channels or reads: those are not for a stream of bytes. */
  constructor(transcript: Transcript, nowMs: number) {
    this.#events = transcript.events.flatMap((event) => {
      if (event.type === "remark") return [];
      if (event.type === "read" || ("channel" in event && event.channel !== null)) {
        const { line } = event;
        throw new Problem("TRANSPORT_REPLAY", `line ${line}: channels are not for a stream of bytes`, { line });
      }
      return [event];
    });
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

  /** The problem that something else was sent (null: nothing) than the event (null: the end) demands. */
  differ(event: ReplayEvent | null, got: Uint8Array | null, why = "the driver and the transcript differ"): Problem {
    const number = event === null ? this.#events.length : this.#events.indexOf(event) + 1;
    const line = event?.line ?? 0;
    const place = event === null ? "after the transcript's end" : `at event ${number} (line ${line})`;
    const expected = event === null ? "nothing" : this.#describe(event);
    const sent = got === null ? "nothing" : `> ${hex(got)}`;
    return new Problem("TRANSPORT_REPLAY", `${why} ${place}: expected ${expected}, got ${sent}`, {
      event: number,
      line,
      expected,
      got: sent,
    });
  }

  #describe(event: ReplayEvent): string {
    if (event.type === "unplugged") return "! unplugged";
    if (event.type === "error") return `! error ${event.text}`;
    return event.type === "write" ? `> ${hex(this.left(event))}` : `< ${hex(event.bytes)}`;
  }
}
