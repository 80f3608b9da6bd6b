import { Problem } from "../../src/domain/problem.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { ANSWER, kindOf, readCount } from "./codec.js";
import type { MeterLine } from "./meter-line.js";

/** How long a probe listens. The two other meters' probes on this cable take 3.5 s together. */
export const PROBE_MS = 3_000;
/** How long a hub that was told to read this meter waits for somebody to switch it on (the peer's, by sheet b). */
const SWITCH_ON_MS = 300_000;
/** How long the count is awaited before the answer is given again: soon, since a late one is ignored. */
const COUNT_MS = 1_000;
/** How often a challenge that comes again is answered. */
const CHALLENGES = 3;

/** What stands where the count was expected: the count, or bytes that are damaged. */
export type Opening =
  | { readonly count: number; readonly frame: Uint8Array }
  | { readonly problem: Problem; readonly raw: Uint8Array };

/** Waits until the meter is switched on, and writes nothing before that. */
export async function awaitChallenge(line: MeterLine, { patience }: SessionContext): Promise<void> {
  await line.challenge(patience === "probe" ? PROBE_MS : SWITCH_ON_MS);
}

/**
 * Answers the challenge, at once, since a meter that waits for its answer ignores the cable (sheet b), and hears the count
 * that follows. A damaged one can't be asked for again. Throws METER_STALLED if none comes, and FRAME_MALFORMED if
 * something else does.
 */
export async function answerChallenge(line: MeterLine): Promise<Opening> {
  for (let challenges = 0; challenges < CHALLENGES; challenges += 1) {
    const heard = await line.ask(ANSWER, COUNT_MS);
    if (heard === null) throw new Problem("METER_STALLED", "The meter asked for the hub and then said nothing.");
    if ("problem" in heard) return heard;
    const kind = kindOf(heard.message);
    if (kind === "count") return { count: readCount(heard.message), frame: heard.frame };
    if (kind !== "challenge") break;
  }
  throw new Problem("FRAME_MALFORMED", "The meter does not say how many records it has.");
}
