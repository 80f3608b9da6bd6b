import type { Clock } from "../domain/clock.js";
import { asProblem, isProblem } from "../domain/problem.js";
import {
  printTranscript,
  printTranscriptHead,
  type Transcript,
  type TranscriptEvent,
  type TranscriptHeaders,
} from "../kit/transcript.js";
import type { StreamTransport } from "../kit/transport.js";

/** Silences shorter than this, milliseconds, are not written but added to the next. */
export const SHORTEST_SILENCE_MS = 20;

/** A stream whose conversation is written down. */
export interface RecordingTransport extends StreamTransport {
  /** All that was said so far; may be asked at any time, also after the end. */
  transcript(): Transcript;
  /** The same as text. */
  text(): string;
}

/** What the recorder can't know itself; `now` is taken from the clock. */
export type RecordHeaders = Omit<TranscriptHeaders, "now">;

/**
 * Passes everything through to `inner` and writes it down: bytes as they go, silences, how it ended. Header values are
 * put on one line, as devices' names need not be. Throws TRANSCRIPT_MALFORMED at once for headers that can't be written.
 */
export function recordTransport(inner: StreamTransport, clock: Clock, headers: RecordHeaders): RecordingTransport {
  const startMs = clock.now();
  const { others, ...known } = headers;
  const head: TranscriptHeaders = {
    ...onOneLine(known),
    ...(others === undefined ? {} : { others: new Map(Object.entries(onOneLine(Object.fromEntries(others)))) }),
    now: new Date(startMs).toISOString(),
  };
  printTranscriptHead(head);
  return new Recorder(inner, clock, head, startMs);
}

class Recorder implements RecordingTransport {
  readonly kind = "stream";
  readonly name: string;
  readonly #inner: StreamTransport;
  readonly #clock: Clock;
  readonly #headers: TranscriptHeaders;
  readonly #events: TranscriptEvent[] = [];
  /** Where the silences written so far lead to. */
  #writtenMs: number;
  #ended = false;

  constructor(inner: StreamTransport, clock: Clock, headers: TranscriptHeaders, startMs: number) {
    this.name = inner.name;
    this.#inner = inner;
    this.#clock = clock;
    this.#headers = headers;
    this.#writtenMs = startMs;
  }

  async read(signal?: AbortSignal): Promise<Uint8Array> {
    try {
      const bytes = await this.#inner.read(signal);
      this.#add({ type: "report", channel: null, bytes: Uint8Array.from(bytes), line: 0 });
      return bytes;
    } catch (error) {
      this.#broke(error, signal);
      throw error;
    }
  }

  async write(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    // Written down before it is sent: the answer may be there before the write says that it is done.
    const event = { type: "write", channel: null, bytes: Uint8Array.from(bytes), line: 0 } as const;
    if (bytes.length > 0) this.#add(event);
    try {
      await this.#inner.write(bytes, signal);
    } catch (error) {
      const at = this.#events.indexOf(event);
      if (at >= 0 && isProblem(error, "TRANSPORT_GONE", "TRANSPORT_CANCELED")) this.#events.splice(at, 1);
      this.#broke(error, signal);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  transcript(): Transcript {
    return { headers: this.#headers, events: [...this.#events] };
  }

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
