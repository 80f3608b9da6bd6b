import type { SessionEvent } from "../../src/domain/reading.js";
import type { SerialDriver, SessionContext } from "../../src/kit/driver.js";
import { Dialogue } from "../shared/lifescan/dialogue.js";
import { readMeter } from "../shared/lifescan/meter.js";
import { Patience } from "../shared/lifescan/patience.js";
import { WORDS } from "./codec.js";
import { VerioIqLink } from "./link.js";

/** Both prefixes, a second each. The chip is the meter's own, so nobody else is asked before. */
export const PROBE: SerialDriver["probe"] = { rank: 10, withinMs: 2_500 };

/**
 * Asks the meter who it is and what its clock shows, then for each record. Only reads.
 * Throws METER_TIMEOUT if nothing answers, METER_REFUSED if it declines to tell its name, METER_CHANGED if another meter
 * answers later on, METER_STALLED if it falls silent, and what is wrong with a record that stayed damaged, at the end.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  yield* readMeter(dialogueOf(context), WORDS, context);
}

/** The conversation before its first word. */
export function dialogueOf(context: SessionContext): Dialogue {
  const patience = new Patience(context, PROBE.withinMs);
  return new Dialogue(new VerioIqLink(context, patience), WORDS.serial, patience, context.log);
}
