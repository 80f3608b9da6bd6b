import { Problem } from "../../src/domain/problem.js";
import { wallMs } from "../../src/domain/zone.js";
import type { SetClockContext } from "../../src/kit/driver.js";
import { QuestionLine } from "../shared/isens/question-line.js";
import { clockPayload, isAgreed, readClock } from "./codec.js";
import { askPacket, askPacketOnce, askSerial, PROBE_MS, ping, TRIES } from "./dialogue.js";
import { OPERATIONS } from "./packet.js";

/** How far the clock may be from the right minute when it is read back: it may just have turned. */
const TOLERANCE_MS = 60_000;

/**
 * Sets the meter's clock to the minute, the seconds cut off, and reads it back. A try without an answer is repeated with
 * the time of that moment, since the clock may stand or not. Throws METER_REFUSED if the meter declines or keeps another
 * time, and what `session` throws.
 */
export async function setClock(context: SetClockContext): Promise<string | null> {
  const line = new QuestionLine(context, PROBE_MS);
  await ping(line);
  await askSerial(line);
  let problem = new Problem("METER_STALLED");
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const answer = await askPacketOnce(line, OPERATIONS.setClock, clockPayload(context.wallNow()));
    if (answer instanceof Uint8Array && isAgreed(answer)) return await readBack(line, context);
    problem = answer instanceof Problem ? answer : new Problem("METER_REFUSED", "The meter declines the new time.");
  }
  throw problem;
}

async function readBack(line: QuestionLine, context: SetClockContext): Promise<string> {
  const shown = readClock(await askPacket(line, OPERATIONS.clock));
  const awayMs = Math.abs(wallMs(shown) - wallMs(`${context.wallNow().slice(0, 16)}:00`));
  if (awayMs > TOLERANCE_MS) {
    throw new Problem("METER_REFUSED", `The meter agreed to the new time, but its clock shows ${shown}.`);
  }
  return shown;
}
