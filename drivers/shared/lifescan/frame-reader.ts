import { ByteReader } from "../../../src/kit/byte-reader.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import { type Frame, findFrame } from "./frame.js";

/** How much may come without a sound frame in it, bytes: sixteen of the longest. */
const LIMIT_BYTES = 4_096;

/** Sound frames of a meter as they come on a stream; what is no frame is passed over. */
export class FrameReader {
  readonly #bytes: ByteReader;
  #sound = 0;

  constructor(context: Pick<SessionContext, "transport" | "clock" | "signal">) {
    this.#bytes = new ByteReader(context, LIMIT_BYTES);
  }

  /** How many bytes have come so far, and how many sound frames were among them. */
  get heard(): { readonly bytes: number; readonly frames: number } {
    return { bytes: this.#bytes.came, frames: this.#sound };
  }

  /**
   * The next frame; null if none is complete after that many milliseconds. Throws FRAME_MALFORMED at thousands of bytes
   * without a frame.
   */
  async next(ms: number): Promise<Frame | null> {
    const taken = await this.#bytes.message(endOfFrame, ms);
    const found = taken === null ? null : findFrame(taken);
    if (found !== null) this.#sound += 1;
    return found?.frame ?? null;
  }

  /** Takes what has come and is no frame, or not yet. */
  drop(): Uint8Array {
    return this.#bytes.skip(this.#bytes.waiting.length);
  }
}

function endOfFrame(bytes: Uint8Array): number {
  const found = findFrame(bytes);
  return found === null ? 0 : found.before + found.frame.bytes.length;
}
