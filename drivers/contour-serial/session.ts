import { Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { tellDump, tellOpening } from "../shared/astm/dump.js";
import { AstmLink } from "../shared/astm/link.js";
import { readRecord } from "./codec.js";
import { begin } from "./opening.js";

/** A session's longest time: a memory of 10,000 results at 9600 baud, twice over. */
const SESSION_MS = 30 * 60_000;

/**
 * Takes the meter's header and then its results, each as soon as its frame is proven. Only reads. What `begin` throws;
 * METER_STALLED or FRAME_TRUNCATED if the meter breaks off, also by leaving out its terminator; METER_CHANGED if
 * another meter's header comes; and at the end FRAME_CHECKSUM or FRAME_MALFORMED if a frame stayed damaged.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const link = new AstmLink(context);
  const begun = await begin(link, context);
  link.endIn(SESSION_MS, () => new Problem("METER_STALLED", "The meter takes longer than any memory needs."));
  yield* tellOpening(begun);
  yield* tellDump(begun, context.log, { judge: (frame, first) => readRecord(frame, begun.header, first) });
}
