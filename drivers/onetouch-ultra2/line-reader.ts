import { Problem } from "../../src/domain/problem.js";
import { latin1Bytes } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { within } from "../../src/kit/exchange.js";
import { LineAssembler } from "../../src/kit/lines.js";

/** Lines of a meter as they come, and what is known of the bytes between them. */
export interface LineReader {
  /** The next line with its end, as it came; null if none is complete after that many milliseconds. */
  next(ms: number): Promise<Uint8Array | null>;
  /** How many bytes have come so far, and how many of them were not zero. */
  readonly seen: { readonly bytes: number; readonly telling: number };
  /** What has come of a line that has not ended. */
  readonly rest: Uint8Array;
}

/**
 * Reads lines from the context's transport. Rejects as the transport does, with the signal's reason when aborted, and
 * with FRAME_MALFORMED at thousands of bytes without a line's end.
 */
export function lineReader({ transport, clock, signal }: SessionContext): LineReader {
  const assembler = new LineAssembler("\n");
  const waiting: string[] = [];
  const seen = { bytes: 0, telling: 0 };
  const silence = new Problem("METER_TIMEOUT");

  async function fill(until: AbortSignal): Promise<void> {
    while (waiting.length === 0) {
      const chunk = await transport.read(until);
      seen.bytes += chunk.length;
      seen.telling += chunk.filter((byte) => byte !== 0).length;
      waiting.push(...assembler.push(chunk));
    }
  }

  return {
    seen,
    get rest() {
      return latin1Bytes(assembler.rest);
    },
    async next(ms) {
      try {
        await within(clock, ms, signal, () => silence, fill);
      } catch (error) {
        if (error !== silence) throw error;
      }
      const line = waiting.shift();
      return line === undefined ? null : latin1Bytes(`${line}\n`);
    },
  };
}
