import type { Clock } from "../../../src/domain/clock.js";

/** How often is asked, milliseconds. */
const EVERY_MS = 250;

/**
 * Asks until there is an answer other than null. Throws an Error with `what`, and what stood in the way, after the limit.
 */
export async function until<T>(
  what: string,
  limitMs: number,
  clock: Clock,
  ask: () => T | null | Promise<T | null>,
  instead: () => string = () => "",
): Promise<T> {
  const end = clock.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (clock.now() > end) throw new Error(`${what}: not within ${limitMs / 1_000} s. ${instead()}`.trim());
    await clock.sleep(EVERY_MS);
  }
}
