import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SetClockContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { clockData } from "./codec.js";
import { QuestionLine } from "./question.js";
import { greet } from "./session.js";

/** How often the time is set, each time to that of the moment. */
const TRIES = 3;

/**
 * Sets the meter's clock. It repeats what it took, but for the seconds; asked for its time it can't be, so null is given. A
 * try whose answer is missing or damaged is repeated, since the clock may stand or not. Throws METER_REFUSED if the meter
 * repeats another time, and what `session` throws.
 */
export async function setClock(context: SetClockContext<HidTransport>): Promise<string | null> {
  const line = new QuestionLine(context);
  await greet(line, context);
  let problem = new Problem("METER_STALLED");
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const wanted = clockData(context.wallNow());
    try {
      const { data } = await line.ask("setClock", wanted, { tries: 1 });
      if (data.every((byte, at) => byte === wanted[at])) return null;
      problem = new Problem("METER_REFUSED", "The meter repeats another time than it was set to.");
    } catch (error) {
      if (!isProblem(error, "METER_STALLED", "FRAME_CHECKSUM", "FRAME_TRUNCATED", "FRAME_MALFORMED")) throw error;
      problem = error;
    }
  }
  throw problem;
}
