import { Problem } from "../../src/domain/problem.js";
import type { SetClockContext } from "../../src/kit/driver.js";
import { secondsOf, wallOf } from "./clock.js";
import { Dialogue } from "./dialogue.js";
import { identify } from "./identify.js";
import { displayOffset, setDisplayOffset, systemTime } from "./questions.js";

/**
 * Sets what the display shows ahead of the system time, so that it shows the right time (sheet a: the receiver's own
 * clock is never touched, and its history stays consistent). Reads it back, and returns what the display shows then.
 * Throws METER_REFUSED if the receiver declines or goes on showing another time, and what `session` throws.
 */
export async function setClock(context: SetClockContext): Promise<string | null> {
  const dialogue = new Dialogue(context);
  await identify(dialogue, context);
  const system = await dialogue.ask(systemTime);
  const wanted = secondsOf(context.wallNow()) - system;
  await dialogue.ask(setDisplayOffset(wanted));
  const offset = await dialogue.ask(displayOffset);
  if (offset !== wanted) {
    throw new Problem("METER_REFUSED", "The receiver took the time and goes on showing another.", { wanted, offset });
  }
  return wallOf((await dialogue.ask(systemTime)) + offset);
}
