import { Problem } from "../domain/problem.js";
import { hex } from "../kit/bytes.js";
import type { Transcript, TranscriptBytes, TranscriptEvent } from "../kit/transcript.js";

/** What can happen in the replay of reports or blocks, beside silence. */
export type LineEvent = Exclude<TranscriptEvent, { type: "remark" } | { type: "silence" }>;

/** How the lines of a transport are to be taken. */
export interface LineKind {
  readonly transport: "hid" | "block";
  /** Why a line with bytes is none of this transport's; null if it is one. */
  readonly refuses: (event: LineEvent & TranscriptBytes) => string | null;
  /** What the meter sends of its own accord; all else that it gives must be asked for. */
  readonly unasked: (event: LineEvent) => boolean;
}

/** How much of a line is shown in a difference, bytes. */
const SHOWN_BYTES = 48;

/** A transcript's lines and how far they have been played, with the times at which they are due. */
export class LineScript {
  readonly #events: readonly (LineEvent | { readonly type: "silence"; readonly ms: number })[];
  #at = 0;
  /** When the last event was, on the replay's clock; silences count from there. */
  #lastMs: number;
  #lastPassed: LineEvent | null = null;

  /** Throws TRANSPORT_REPLAY for a transcript of another transport, or a line that is none of its. */
  constructor(transcript: Transcript, kind: LineKind, nowMs: number) {
    const { transport } = transcript.headers;
    if (transport !== kind.transport) {
      throw new Problem("TRANSPORT_REPLAY", `the transcript is of ${transport} and not of ${kind.transport}`);
    }
    this.#events = transcript.events.flatMap((event) => {
      if (event.type === "remark") return [];
      const why = "bytes" in event ? kind.refuses(event) : null;
      const { line } = event;
      if (why !== null) throw new Problem("TRANSPORT_REPLAY", `line ${line}: ${why}`, { line });
      return [event];
    });
    this.#lastMs = nowMs;
  }

  /** The event that was passed last, or null. */
  get lastPassed(): LineEvent | null {
    return this.#lastPassed;
  }

  /** The next event that is no silence, or null at the end; when it is due, and its place. */
  next(): { readonly event: LineEvent | null; readonly dueMs: number; readonly index: number } {
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
    this.#lastMs = atMs;
  }

  /** The problem that something else was done (null: nothing) than the event (null: the end) demands. */
  differ(event: LineEvent | null, got: string | null, why = "the driver and the transcript differ"): Problem {
    const number = event === null ? this.#events.length : this.#events.indexOf(event) + 1;
    const line = event?.line ?? 0;
    const place = event === null ? "after the transcript's end" : `at event ${number} (line ${line})`;
    const expected = event === null ? "nothing" : describe(event);
    const done = got ?? "nothing";
    return new Problem("TRANSPORT_REPLAY", `${why} ${place}: expected ${expected}, got ${done}`, {
      event: number,
      line,
      expected,
      got: done,
    });
  }
}

/** A line for people, as it stands in a transcript, long ones cut short; said from the first byte that differs. */
export function describeLine(sign: string, channel: string | null, bytes: Uint8Array, from = 0): string {
  const start = bytes.length > SHOWN_BYTES ? from : 0;
  const shown = hex(bytes.subarray(start, start + SHOWN_BYTES));
  const cut = start > 0 || bytes.length > SHOWN_BYTES ? ` (from byte ${start} of ${bytes.length})` : "";
  return `${sign}${channel === null ? "" : `[${channel}]`} ${shown}${cut}`;
}

function describe(event: LineEvent): string {
  if (event.type === "unplugged") return "! unplugged";
  if (event.type === "error") return `! error ${event.text}`;
  const sign = { write: ">", report: "<", read: "?" }[event.type];
  return describeLine(sign, event.channel, event.bytes);
}
