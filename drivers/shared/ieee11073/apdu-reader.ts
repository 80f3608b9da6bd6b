import { Problem } from "../../../src/domain/problem.js";
import { ByteReader } from "../../../src/kit/byte-reader.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import { type Apdu, findApdu, readApdu } from "./apdu.js";

/** Whatever trickles in: a message is whole in that time, or it never will be. */
const MESSAGE_MS = 60_000;
/** Bytes without a message that are passed over in a whole conversation. */
const NOISE_BYTES = 4_096;

/** Messages out of a stream of bytes, however it is cut into chunks; what can't begin a message is passed over. */
export class ApduReader {
  readonly #bytes: ByteReader;
  readonly #context: SessionContext;
  #noise = 0;

  constructor(context: SessionContext) {
    this.#context = context;
    this.#bytes = new ByteReader(context);
  }

  /** How many bytes have come so far, of messages or not. */
  get came(): number {
    return this.#bytes.came;
  }

  /**
   * The next message. Gives METER_STALLED if nothing comes for that long, FRAME_TRUNCATED if a message stops in the middle
   * (its beginning is then given up). Throws FRAME_MALFORMED if there is nothing but noise, and what the transport throws.
   */
  async next(quietMs: number): Promise<Apdu | Problem> {
    const { clock } = this.#context;
    const deadline = clock.now() + Math.max(quietMs, MESSAGE_MS);
    for (;;) {
      const { skipped, length } = findApdu(this.#bytes.waiting);
      this.#passOver(skipped);
      if (length > 0) return readApdu(this.#bytes.skip(length));
      const left = Math.min(quietMs, deadline - clock.now());
      if (left > 0 && (await this.#bytes.more(left))) continue;
      const torn = this.#bytes.waiting.length;
      if (torn === 0) return new Problem("METER_STALLED");
      this.#bytes.skip(torn);
      return new Problem("FRAME_TRUNCATED", undefined, { bytes: torn });
    }
  }

  #passOver(bytes: number): void {
    if (bytes === 0) return;
    this.#bytes.skip(bytes);
    this.#noise += bytes;
    if (this.#noise > NOISE_BYTES) {
      throw new Problem("FRAME_MALFORMED", "Something sends on, but not as this driver's meters would.");
    }
  }
}
