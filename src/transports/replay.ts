import { Problem } from "../domain/problem.js";
import { concat, hex } from "../kit/bytes.js";
import type { Transcript, TranscriptBytes } from "../kit/transcript.js";
import type { StreamTransport } from "../kit/transport.js";
import type { VirtualClock } from "../kit/virtual-clock.js";
import { ReplayEngine } from "./replay-engine.js";
import { type ReplayEvent, ReplayScript, type ScriptRules } from "./replay-script.js";

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
  return new StreamReplay(transcript, clock, chunk);
}

const STREAM: ScriptRules = {
  refuses: ({ type, channel }) =>
    type === "read" || channel !== null ? "channels are not for a stream of bytes" : null,
  // How bytes fall into lines says nothing here, and so neither does where a long one is cut.
  shownBytes: Number.POSITIVE_INFINITY,
};

/** A replay of bytes, whose lines mean nothing: a write may end in the middle of one, or go on into the next. */
class StreamReplay extends ReplayEngine implements ReplayTransport {
  readonly kind = "stream";
  readonly name: string;
  readonly #chunk: ReplayChunk;

  constructor(transcript: Transcript, clock: VirtualClock, chunk: ReplayChunk) {
    super(new ReplayScript(transcript, clock.now(), STREAM), clock);
    this.name = `replay:${transcript.headers.driver}`;
    this.#chunk = chunk;
  }

  async write(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.play(signal, () => {
      for (let sent = 0; sent < bytes.length; ) sent += this.#match(bytes.subarray(sent));
    });
  }

  protected unasked(event: ReplayEvent): boolean {
    return event.type === "report";
  }

  protected take(came: TranscriptBytes[]): Uint8Array {
    if (this.#chunk === "lines") return Uint8Array.from(came.shift()?.bytes ?? []);
    const whole = concat(came.splice(0).map(({ bytes }) => bytes));
    const piece = this.#chunk === "all" ? whole : whole.slice(0, this.#chunk);
    if (piece.length < whole.length) came.push({ channel: null, bytes: whole.subarray(piece.length), line: 0 });
    return piece;
  }

  protected unread(came: readonly TranscriptBytes[]): Problem | null {
    const unread = hex(concat(came.map(({ bytes }) => bytes)));
    if (unread === "") return null;
    return new Problem("TRANSPORT_REPLAY", `the driver ended without reading ${unread}`, { unread });
  }

  /** Compares what is sent with the next write; returns how many bytes of it agree and are done. */
  #match(bytes: Uint8Array): number {
    const { event, index } = this.hubsTurn();
    const write = event?.type === "write" ? event : null;
    const wanted = write === null ? new Uint8Array() : this.script.left(write);
    const got = bytes.subarray(0, wanted.length);
    if (write === null || got.some((byte, i) => byte !== wanted[i])) {
      throw this.fail(this.script.differ(event, `> ${hex(bytes)}`));
    }
    this.script.matched(write, got.length, index, this.clock.now());
    return got.length;
  }
}
