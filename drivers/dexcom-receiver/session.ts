import { isProblem, type Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { wallOf } from "./clock.js";
import { Dialogue, isFinal } from "./dialogue.js";
import { identify } from "./identify.js";
import { readOffsets } from "./offsets.js";
import { PAGE_TYPES } from "./page.js";
import { displayOffset, systemTime } from "./questions.js";
import { Teller } from "./teller.js";

/** What holds readings, in the order in which it is read. */
const READING_TYPES = [PAGE_TYPES.egv, PAGE_TYPES.backfilled, PAGE_TYPES.meter, PAGE_TYPES.events] as const;

/**
 * Asks the receiver who it is, what its clock shows and when that was set, then for its memory, page by page, oldest
 * first. Only reads. Throws METER_TIMEOUT if nothing answers, FRAME_MALFORMED if what answers is no receiver,
 * METER_UNSUPPORTED if it does not tell its serial number, METER_STALLED or FRAME_TRUNCATED if it falls silent,
 * METER_REFUSED if it declines, and at the end FRAME_CHECKSUM or FRAME_MALFORMED if a page stayed damaged.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const dialogue = new Dialogue(context);
  yield { type: "identity", identity: await identify(dialogue, context), source: "cgm", sourceName: null };
  const shown = await readClock(dialogue, context);
  yield { type: "clock", deviceTime: shown === null ? null : wallOf(shown.system + shown.offset) };

  const known = yield* readOffsets(shown, dialogue, context);
  if (known.changes.length > 0) yield { type: "clockChanges", changes: known.changes };
  const teller = new Teller(known.offsets);
  let damage: Problem | null = null;
  for (const type of READING_TYPES) {
    try {
      const problem = yield* teller.tell(type, dialogue, context);
      damage ??= problem;
    } catch (error) {
      // Only touchscreen receivers have these pages (sheet a).
      if (type !== PAGE_TYPES.backfilled || !isProblem(error) || !isFinal(error)) throw error;
      context.log.debug({ type }, "this receiver has no pages of readings that came later");
    }
  }
  context.log.info(teller.counts, "records that hold no reading were passed over");
  if (damage !== null) throw damage;
}

/** What the receiver's clock is made of; null if it does not tell. */
async function readClock(
  dialogue: Dialogue,
  { log }: SessionContext,
): Promise<{ readonly system: number; readonly offset: number } | null> {
  try {
    const offset = await dialogue.ask(displayOffset);
    return { offset, system: await dialogue.ask(systemTime) };
  } catch (error) {
    if (!isProblem(error, "METER_REFUSED", "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
    log.warn({ code: error.code }, "the receiver does not tell its time");
    return null;
  }
}
