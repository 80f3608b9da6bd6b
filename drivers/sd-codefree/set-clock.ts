import { Problem } from "../../src/domain/problem.js";
import type { SetClockContext } from "../../src/kit/driver.js";
import { clockFrame, FETCH, kindOf } from "./codec.js";
import { meterLine } from "./meter-line.js";
import { answerChallenge, awaitChallenge } from "./opening.js";

/** How long the meter's word is awaited. */
const ANSWER_MS = 2_000;

/**
 * Waits until the meter is switched on and sets its clock to the wall time's minute; then hangs up, or the meter would
 * stay in its PC mode. Gives null: the meter can't be asked for its time. Throws METER_REFUSED if it answers otherwise
 * than with its word of consent, METER_STALLED if not at all, and FRAME_CHECKSUM if its answer is damaged: then nobody
 * knows what its clock shows.
 */
export async function setClock(context: SetClockContext): Promise<string | null> {
  const line = meterLine(context);
  await awaitChallenge(line, context);
  // A damaged count is no hindrance: the command follows whatever the meter holds.
  await answerChallenge(line);
  await line.send(clockFrame(context.wallNow()));
  const heard = await line.next(ANSWER_MS);
  if (heard === null) throw new Problem("METER_STALLED", "The meter did not say whether it set its clock.");
  if ("problem" in heard) throw heard.problem;
  if (kindOf(heard.message) !== "clockSet") throw new Problem("METER_REFUSED", "The meter did not set its clock.");
  await line.send(FETCH);
  const farewell = await line.next(ANSWER_MS);
  if (farewell === null || "problem" in farewell || kindOf(farewell.message) !== "goodbye") {
    context.log.warn({}, "the clock is set, but the meter did not hang up: it has to be switched off");
  }
  return null;
}
