import type { Clock } from "../domain/clock.js";
import { asProblem, isProblem } from "../domain/problem.js";
import {
  printTranscript,
  printTranscriptHead,
  type Transcript,
  type TranscriptEvent,
  type TranscriptHeaders,
} from "../kit/transcript.js";

/** Silences shorter than this, milliseconds, are not written but added to the next. */
export const SHORTEST_SILENCE_MS = 20;

/** What the recorder can't know itself; `now` is taken from the clock. */
export type RecordHeaders = Omit<TranscriptHeaders, "now">;

/** A conversation as it is written down: what went either way, with its channel, the silences between, how it ended. */
export class TranscriptLog {
  readonly #clock: Clock;
  readonly #headers: TranscriptHeaders;
  readonly #events: TranscriptEvent[] = [];
  /** Where the silences written so far lead to. */
  #writtenMs: number;
  #ended = false;

  /**
   * Header values are put on one line, as devices' names need not be. Throws TRANSCRIPT_MALFORMED for headers that
   * can't be written.
   */
  constructor(clock: Clock, headers: RecordHeaders) {
    const { others, ...known } = headers;
    this.#clock = clock;
    this.#writtenMs = clock.now();
    this.#headers = {
      ...onOneLine(known),
      ...(others === undefined ? {} : { others: new Map(Object.entries(onOneLine(Object.fromEntries(others)))) }),
      now: new Date(this.#writtenMs).toISOString(),
    };
    printTranscriptHead(this.#headers);
  }

  /** Does what the hub sends, and writes it down; not what is empty, nor what the device is known not to have got. */
  async send(
    channel: string | null,
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
    act: () => Promise<void>,
  ): Promise<void> {
    // Written down before it is sent: the answer may be there before the system says that it is done.
    const event = { type: "write", channel, bytes: Uint8Array.from(bytes), line: 0 } as const;
    if (bytes.length > 0) this.#add(event);
    try {
      await act();
    } catch (error) {
      const at = this.#events.indexOf(event);
      const unsent = isProblem(error, "TRANSPORT_GONE", "TRANSPORT_CANCELED", "METER_UNSUPPORTED", "INTERNAL");
      if (at >= 0 && unsent) this.#events.splice(at, 1);
      this.#broke(error, signal);
      throw error;
    }
  }

  /** Does what brings bytes from the device, and writes them down: `report` of its own accord, `read` as asked for. */
  async receive(
    type: "report" | "read",
    channel: string | null,
    signal: AbortSignal | undefined,
    act: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    try {
      const bytes = await act();
      this.#add({ type, channel, bytes: Uint8Array.from(bytes), line: 0 });
      return bytes;
    } catch (error) {
      this.#broke(error, signal);
      throw error;
    }
  }

  /** All that was said so far. */
  transcript(): Transcript {
    return { headers: this.#headers, events: [...this.#events] };
  }

  /** The same as text. */
  text(): string {
    return printTranscript(this.transcript());
  }

  #add(event: TranscriptEvent): void {
    const silenceMs = Math.round(this.#clock.now() - this.#writtenMs);
    if (silenceMs >= SHORTEST_SILENCE_MS) {
      this.#events.push({ type: "silence", ms: silenceMs, line: 0 });
      this.#writtenMs += silenceMs;
    }
    this.#events.push(event);
  }

  /** An end that the device made; what the hub did itself (aborting, closing) is no event. */
  #broke(error: unknown, signal: AbortSignal | undefined): void {
    const own = isProblem(error, "TRANSPORT_CANCELED") || (signal?.aborted === true && error === signal.reason);
    if (own || this.#ended) return;
    this.#ended = true;
    if (isProblem(error, "TRANSPORT_GONE")) {
      const text = error.context["error"];
      this.#add(typeof text === "string" ? { type: "error", text, line: 0 } : { type: "unplugged", line: 0 });
    } else {
      this.#add({ type: "error", text: asProblem(error).message, line: 0 });
    }
  }
}

function onOneLine<T extends object>(values: T): T {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    String(value)
      .replace(/[\r\n]+/g, " ")
      .trim(),
  ]);
  return Object.fromEntries(entries) as T;
}
