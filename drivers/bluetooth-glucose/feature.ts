import { Problem } from "../../src/domain/problem.js";

/** What a meter can notice (2a51), as 16 bits, low byte first; one peer reads it the other way round. Throws FRAME_TRUNCATED. */
export function readFeature(bytes: Uint8Array): number {
  const [low, high] = bytes;
  if (low === undefined || high === undefined) {
    throw new Problem("FRAME_TRUNCATED", "What the meter can notice is cut short.", { bytes: bytes.length });
  }
  return low | (high << 8);
}
