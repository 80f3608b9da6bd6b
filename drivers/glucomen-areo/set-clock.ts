import { Problem } from "../../src/domain/problem.js";
import type { SetClockContext } from "../../src/kit/driver.js";
import { blockReader } from "./block-reader.js";
import { clockRequest, FAILED, PASSED } from "./codec.js";
import { askInfo } from "./question.js";

/** How long the meter's word is awaited. */
const ANSWER_MS = 2_000;
/** A refusal may also mean that the request came damaged. */
const TRIES = 3;

/**
 * Sets the meter's clock to the wall time's minute. Gives null: the meter can't be asked for its time. Throws
 * METER_REFUSED if it declines three times, METER_STALLED if it does not answer, FRAME_MALFORMED if it answers with
 * anything else: then nobody knows what its clock shows.
 */
export async function setClock(context: SetClockContext): Promise<string | null> {
  const reader = blockReader(context);
  await askInfo(reader, context);
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const answer = await reader.askByte(clockRequest(context.wallNow()), ANSWER_MS);
    if (answer === PASSED) return null;
    if (answer === null) throw new Problem("METER_STALLED", "The meter did not say whether it set its clock.");
    if (answer !== FAILED)
      throw new Problem("FRAME_MALFORMED", "The meter answers with neither yes nor no.", { answer });
    await reader.settle();
  }
  throw new Problem("METER_REFUSED", "The meter did not set its clock.");
}
