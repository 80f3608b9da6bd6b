import { Problem } from "../../src/domain/problem.js";
import { wallMs } from "../../src/domain/zone.js";
import type { SetClockContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import type { QuestionLine } from "../shared/isens/question-line.js";
import { isEqual } from "../shared/isens/twice.js";
import { readWall, wallData } from "./codec.js";
import { ask, askOnce, retried } from "./dialogue.js";
import { COMMANDS, dataOf } from "./frame.js";
import { identify, openLine } from "./session.js";

/** How far the clock may be from what it was set to when it is read back: it has no seconds, and went on meanwhile. */
const TOLERANCE_MS = 90_000;

/**
 * Sets the meter's clock to the wall time's minute, after it said who it is, and reads it back. The meter answers with
 * the time that is now in force; a try whose answer is missing is repeated with the time of that moment, since the clock
 * may stand or not. Throws METER_REFUSED if the meter names or keeps another time, and what `session` throws.
 */
export async function setClock(context: SetClockContext<HidTransport>): Promise<string | null> {
  const line = await openLine(context);
  await identify(line);
  const answer = await retried(() => setOnce(line, context));
  if (answer instanceof Problem) throw answer;
  return await readBack(line, context);
}

async function setOnce(line: QuestionLine, context: SetClockContext<HidTransport>): Promise<Uint8Array | Problem> {
  const wanted = wallData(context.wallNow().slice(0, 19));
  const answer = await askOnce(line, COMMANDS.setClock, wanted);
  if (answer instanceof Problem || isEqual(dataOf(answer), wanted)) return answer;
  line.damaged();
  return new Problem("METER_REFUSED", "The meter answered with another time.");
}

async function readBack(line: QuestionLine, context: SetClockContext<HidTransport>): Promise<string> {
  const shown = readWall(await ask(line, COMMANDS.clock));
  const awayMs = Math.abs(wallMs(shown) - wallMs(context.wallNow().slice(0, 19)));
  if (awayMs > TOLERANCE_MS) {
    throw new Problem("METER_REFUSED", `The meter agreed to the new time, but its clock shows ${shown}.`);
  }
  return shown;
}
