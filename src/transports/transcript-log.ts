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

/** What the recorder can't know itself; `now` is taken from the clock, and over Bluetooth `gatt` from the meter. */
export type RecordHeaders = Omit<TranscriptHeaders, "now">;

/** What every recorder can tell of the conversation beside carrying it. */
export interface Recording {
  /** All that was said so far; may be asked at any time, also after the end. */
  transcript(): Transcript;
  /** The same as text. */
  text(): string;
}

/** What of an error is only a refusal, in the transcript's words; null if it ends the conversation. */
export type Refusal = (error: unknown) => string | null;

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

  /** Does what the hub sends, and writes it down; not an empty piece of a stream, nor what the device is known not to have got. */
  async send(
    channel: string | null,
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
    act: () => Promise<void>,
    refusal?: Refusal,
  ): Promise<void> {
    // Written down before it is sent: the answer may be there before the system says that it is done.
    const event = { type: "write", channel, bytes: Uint8Array.from(bytes), line: 0 } as const;
    if (bytes.length > 0 || channel !== null) this.#add(event);
    try {
      await act();
    } catch (error) {
      const at = this.#events.indexOf(event);
      const unsent = isProblem(error, "TRANSPORT_GONE", "TRANSPORT_CANCELED", "METER_UNSUPPORTED", "INTERNAL");
      if (at >= 0 && unsent) this.#events.splice(at, 1);
      this.#broke(error, signal, refusal);
      throw error;
    }
  }

  /** Does what brings bytes from the device, and writes them down: `report` of its own accord, `read` as asked for. */
  async receive(
    type: "report" | "read",
    channel: string | null,
    signal: AbortSignal | undefined,
    act: () => Promise<Uint8Array>,
    refusal?: Refusal,
  ): Promise<Uint8Array> {
    const bytes = await this.attempt(signal, act, refusal);
    this.#add({ type, channel, bytes: Uint8Array.from(bytes), line: 0 });
    return bytes;
  }

  /** The same for what tells its channel only when it comes. */
  async hear<T>(
    signal: AbortSignal | undefined,
    act: () => Promise<T>,
    line: (got: T) => { readonly channel: string; readonly bytes: Uint8Array },
  ): Promise<T> {
    const got = await this.attempt(signal, act);
    const { channel, bytes } = line(got);
    this.#add({ type: "report", channel, bytes: Uint8Array.from(bytes), line: 0 });
    return got;
  }

  /** Does what leaves no line unless it fails. */
  async attempt<T>(signal: AbortSignal | undefined, act: () => Promise<T>, refusal?: Refusal): Promise<T> {
    try {
      return await act();
    } catch (error) {
      this.#broke(error, signal, refusal);
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
  #broke(error: unknown, signal: AbortSignal | undefined, refusal?: Refusal): void {
    const own = isProblem(error, "TRANSPORT_CANCELED") || (signal?.aborted === true && error === signal.reason);
    if (own || this.#ended) return;
    const refused = refusal?.(error) ?? null;
    if (refused !== null) {
      this.#add({ type: "error", text: refused, line: 0 });
      return;
    }
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
