import { isProblem, Problem } from "../../src/domain/problem.js";
import { ByteReader } from "../../src/kit/byte-reader.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { reportStream } from "../shared/hid/report-stream.js";
import { command, pieceEnd, readFrame, trueMetrixReports } from "./frame.js";

/** No report for that long means that an answer has ended (sheet a). */
export const QUIET_MS = 2_000;
/** Longest that a device is listened to until it becomes quiet. */
const SETTLE_MS = 30_000;

/** One thing that came: a frame whose sum was right, or bytes that are none. */
export type Piece =
  | { readonly kind: "frame"; readonly text: string; readonly raw: Uint8Array }
  | { readonly kind: "damaged"; readonly problem: Problem; readonly raw: Uint8Array };

/** The hub's end: words to the meter, frames from it, wherever reports cut them. Every wait has a bound. */
export class MeterLine {
  readonly #context: SessionContext<HidTransport>;
  readonly #reader: ByteReader;
  readonly #stream;
  #untilMs = Number.POSITIVE_INFINITY;
  #late: () => Problem = () => new Problem("METER_STALLED");

  constructor(context: SessionContext<HidTransport>) {
    this.#context = context;
    this.#stream = reportStream(context.transport, trueMetrixReports);
    this.#reader = new ByteReader({ ...context, transport: this.#stream });
  }

  /** How many bytes have come so far. */
  get came(): number {
    return this.#reader.came;
  }

  /** From now on every wait ends by then, with that problem. */
  endIn(ms: number, late: () => Problem): void {
    this.#untilMs = this.#context.clock.now() + ms;
    this.#late = late;
  }

  /** Says a word. */
  async say(word: string): Promise<void> {
    await this.#stream.write(command(word), this.#context.signal);
  }

  /** The next thing that comes, whole; null if there is none before the answer has ended. */
  async next(): Promise<Piece | null> {
    const reader = this.#reader;
    const raw = await reader.message(pieceEnd, this.#within(QUIET_MS));
    if (raw === null) {
      const part = reader.skip(reader.waiting.length);
      return part.length === 0 ? null : { kind: "damaged", problem: new Problem("FRAME_TRUNCATED"), raw: part };
    }
    try {
      return { kind: "frame", text: readFrame(raw), raw };
    } catch (error) {
      if (!isProblem(error, "FRAME_CHECKSUM", "FRAME_MALFORMED", "FRAME_TRUNCATED")) throw error;
      return { kind: "damaged", problem: error, raw };
    }
  }

  /** Forgets all that comes until the meter is quiet. Throws FRAME_MALFORMED if it does not become so. */
  async settle(): Promise<void> {
    const { clock } = this.#context;
    const deadline = clock.now() + SETTLE_MS;
    this.#reader.skip(this.#reader.waiting.length);
    while (await this.#reader.more(this.#within(QUIET_MS))) {
      this.#reader.skip(this.#reader.waiting.length);
      if (clock.now() >= deadline) throw new Problem("FRAME_MALFORMED", "The device does not stop sending.");
    }
  }

  #within(ms: number): number {
    const left = this.#untilMs - this.#context.clock.now();
    if (left <= 0) throw this.#late();
    return Math.min(ms, left);
  }
}
