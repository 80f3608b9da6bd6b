import type { Clock } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import { concat } from "./bytes.js";
import { within } from "./exchange.js";
import type { StreamTransport } from "./transport.js";

/** How much may stand unread, bytes, where nothing else is said: more than any meter's longest message. */
export const READER_LIMIT_BYTES = 65_536;

/**
 * Where a message ends in the bytes that have come: its length in bytes, or 0 while it is not whole. May throw a
 * Problem for bytes that can't begin one.
 */
export type Cut = (bytes: Uint8Array) => number;

/**
 * Reads a meter's bytes in pieces that mean something, whatever the chunks. Every wait has a bound; what came and was
 * not taken stays. All waits reject as the transport does, and with the signal's reason when aborted.
 */
export class ByteReader {
  readonly #transport: StreamTransport;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #limitBytes: number;
  #bytes: Uint8Array = new Uint8Array();
  #came = 0;

  constructor(
    context: { readonly transport: StreamTransport; readonly clock: Clock; readonly signal: AbortSignal },
    limitBytes: number = READER_LIMIT_BYTES,
  ) {
    this.#transport = context.transport;
    this.#clock = context.clock;
    this.#signal = context.signal;
    this.#limitBytes = limitBytes;
  }

  /** What has come and was not taken. */
  get waiting(): Uint8Array {
    return this.#bytes;
  }

  /** How many bytes have come so far, taken or not: tells silence from noise. */
  get came(): number {
    return this.#came;
  }

  /** Waits at most that long until more bytes have come; false if none came. Throws FRAME_MALFORMED beyond the limit. */
  async more(ms: number): Promise<boolean> {
    const silence = new Problem("METER_TIMEOUT");
    try {
      await within(
        this.#clock,
        ms,
        this.#signal,
        () => silence,
        async (signal) => {
          const chunk = await this.#transport.read(signal);
          this.#came += chunk.length;
          this.#bytes = concat([this.#bytes, chunk]);
        },
      );
    } catch (error) {
      if (error === silence) return false;
      throw error;
    }
    if (this.#bytes.length > this.#limitBytes) {
      throw new Problem("FRAME_MALFORMED", `The device sends on past ${this.#limitBytes} bytes without a message.`);
    }
    return true;
  }

  /** Takes that many bytes, waiting at most that long for the last of them; null (and nothing taken) if they do not come. */
  async take(count: number, ms: number): Promise<Uint8Array | null> {
    return await this.message((bytes) => (bytes.length >= count ? count : 0), ms);
  }

  /** Takes one message as `cut` finds it, waiting at most that long for its end; null (and nothing taken) if it does not come. */
  async message(cut: Cut, ms: number): Promise<Uint8Array | null> {
    const deadline = this.#clock.now() + ms;
    for (;;) {
      const length = this.#bytes.length === 0 ? 0 : cut(this.#bytes);
      if (length > 0) return this.skip(length);
      const left = deadline - this.#clock.now();
      if (left <= 0 || !(await this.more(left))) return null;
    }
  }

  /** Takes that many of the bytes that have come, or as many as there are. */
  skip(count: number): Uint8Array {
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.slice(taken.length);
    return taken;
  }

  /**
   * Takes all that comes until the line has been quiet for that long. Throws FRAME_MALFORMED if it does not become
   * quiet within the bound.
   */
  async drain(quietMs: number, limitBytes: number = this.#limitBytes): Promise<Uint8Array> {
    const taken: Uint8Array[] = [this.skip(this.#bytes.length)];
    for (let size = 0; await this.more(quietMs); ) {
      const chunk = this.skip(this.#bytes.length);
      taken.push(chunk);
      size += chunk.length;
      if (size > limitBytes) throw new Problem("FRAME_MALFORMED", "The device does not stop sending.");
    }
    return concat(taken);
  }
}
