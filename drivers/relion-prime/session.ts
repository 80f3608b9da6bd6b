import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { AstmLink } from "../shared/astm/link.js";
import type { RemoteMode } from "../shared/astm/remote.js";
import { readMemory } from "./memory.js";
import { command, greet } from "./opening.js";

/** A session's longest time: 4,096 records at 19,200 baud take under two minutes. */
const SESSION_MS = 15 * 60_000;

/**
 * Takes the meter's header, then asks for its clock, its count and each record. Only reads. Throws what `greet` throws;
 * METER_STALLED if the meter stops answering, METER_REFUSED if it takes no remote commands or declines a record, and
 * FRAME_CHECKSUM or FRAME_MALFORMED if something stayed damaged.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const link = new AstmLink(context);
  const identity = await greet(link, context);
  link.endIn(SESSION_MS, () => new Problem("METER_STALLED", "The meter takes longer than any memory needs."));
  yield { type: "identity", identity, source: "meter", sourceName: null };
  const remote = await command(link);
  yield { type: "clock", deviceTime: await clockOf(remote, context) };
  yield* readMemory(remote, link, context);
}

/** A clock that shows no time is told as none; readings are worth having without. */
async function clockOf(remote: RemoteMode, { log }: SessionContext): Promise<string | null> {
  try {
    return await remote.clock();
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED", "METER_REFUSED")) throw error;
    log.warn({ code: error.code }, "the meter shows no time");
    await remote.enterAgain();
    return null;
  }
}
