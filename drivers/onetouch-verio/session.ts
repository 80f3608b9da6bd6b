import type { SessionEvent } from "../../src/domain/reading.js";
import type { BlockDriver, SessionContext } from "../../src/kit/driver.js";
import type { BlockTransport } from "../../src/kit/transport.js";
import { Dialogue } from "../shared/lifescan/dialogue.js";
import { readMemory } from "../shared/lifescan/memory.js";
import { optional, readClock } from "../shared/lifescan/meter.js";
import { Patience } from "../shared/lifescan/patience.js";
import type { Question } from "../shared/lifescan/question.js";
import { WORDS } from "./codec.js";
import { demandLabel } from "./label.js";
import { MailboxLink } from "./link.js";

/** The label and both prefixes. The identifiers are the meter's own, so nobody else is asked before. */
export const PROBE: BlockDriver["probe"] = { rank: 10, withinMs: 2_500 };

/**
 * Looks at the disk's label, then asks the meter who it is and what its clock shows, then for each record. Only reads:
 * what it writes are requests, to the two blocks that take them.
 * Throws METER_UNSUPPORTED if the disk is not the meter's, METER_TIMEOUT if nothing answers, METER_REFUSED if it declines
 * to tell its name, METER_CHANGED if another meter answers later on, METER_STALLED if it falls silent, and what is wrong
 * with a record that stayed damaged, at the end.
 */
export async function* session(context: SessionContext<BlockTransport>): AsyncGenerator<SessionEvent, void, void> {
  const dialogue = await openDialogue(context);
  const serial = await dialogue.identify();
  const displayUnit = await optional(dialogue, WORDS.unit);
  const texts = [serial];
  /** Name, model and software are all texts: one that came before is the answer to an earlier question. */
  const text = async (question: Question<string>): Promise<string | null> => {
    const answer = await optional(dialogue, question);
    if (answer === null) return null;
    if (texts.includes(answer)) {
      dialogue.distrust();
      return null;
    }
    texts.push(answer);
    return answer;
  };
  const model = await text(WORDS.modelName);
  const firmware = await text(WORDS.firmware);
  yield {
    type: "identity",
    identity: { manufacturer: "LifeScan", model, serial, firmware, displayUnit },
    source: "meter",
    sourceName: null,
  };
  yield* readClock(dialogue, WORDS, context.log);
  yield* readMemory(dialogue, WORDS, context.log);
  await dialogue.close();
}

/** The conversation before its first word: the disk has shown the meter's label. Throws what `demandLabel` does. */
export async function openDialogue(context: SessionContext<BlockTransport>): Promise<Dialogue> {
  const patience = new Patience(context, PROBE.withinMs);
  await demandLabel(context, patience);
  return new Dialogue(new MailboxLink(context, patience), WORDS.serial, patience, context.log);
}
