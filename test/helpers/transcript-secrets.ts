import { SIMULATED_KEYS } from "../../drivers/freestyle-libre2/simulator.js";
import { unhex } from "../../src/kit/bytes.js";
import type { TranscriptHeaders } from "../../src/kit/transcript.js";

/** What a session needs that speaks encrypted, so that it says in a replay what the transcript has. */
export interface TranscriptSecrets {
  readonly keys: ReadonlyMap<string, Uint8Array>;
  random(count: number): Uint8Array;
}

/**
 * The virtual reader's keys, and as random bytes those that the header `random` names, each time the same. Empty for a
 * transcript without that header: nothing in it is encrypted.
 */
export function transcriptSecrets({ others }: TranscriptHeaders): TranscriptSecrets | Record<string, never> {
  const bytes = others?.get("random");
  return bytes === undefined ? {} : { keys: SIMULATED_KEYS, random: (count) => unhex(bytes).slice(0, count) };
}
