import { Problem } from "../../../src/domain/problem.js";
import { wallMs } from "../../../src/domain/zone.js";
import type { SetClockContext } from "../../../src/kit/driver.js";
import { clockData, readClock } from "./answers.js";
import { askFramed, askFramedOnce, TRIES } from "./framed-dialogue.js";
import { greet, PROBE_MS } from "./greet.js";
import { QuestionLine } from "./question-line.js";
import { askSerial } from "./session.js";
import { isEqual } from "./twice.js";

/** How far the clock may be from what it was set to when it is read back: it went on meanwhile. */
const TOLERANCE_MS = 30_000;

/**
 * Sets the meter's clock and reads it back. The meter echoes what it was given; a try whose echo is missing or another is
 * repeated with the time of that moment, since the clock may stand or not. Throws METER_UNSUPPORTED for protocol 1, which
 * has no word for it, METER_REFUSED if the meter declines or keeps another time, and what `session` throws.
 */
export async function setClock(context: SetClockContext): Promise<string | null> {
  const line = new QuestionLine(context, PROBE_MS);
  if ((await greet(line)) === "flash") {
    throw new Problem("METER_UNSUPPORTED", "This model's clock can only be set by its buttons.");
  }
  await askSerial(line);
  let problem = new Problem("METER_STALLED");
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const wanted = context.wallNow().slice(0, 19);
    const data = clockData(wanted);
    const echo = await askFramedOnce(line, "WTIM", data);
    if (echo instanceof Uint8Array && isEqual(echo, data)) return await readBack(line, context);
    problem = echo instanceof Problem ? echo : new Problem("METER_REFUSED", "The meter answered with another time.");
  }
  throw problem;
}

async function readBack(line: QuestionLine, context: SetClockContext): Promise<string> {
  const shown = readClock(await askFramed(line, "RTIM"));
  const awayMs = Math.abs(wallMs(shown) - wallMs(context.wallNow().slice(0, 19)));
  if (awayMs > TOLERANCE_MS) {
    throw new Problem("METER_REFUSED", `The meter agreed to the new time, but its clock shows ${shown}.`);
  }
  return shown;
}
