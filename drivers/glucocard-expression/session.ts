import { isProblem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { QuestionLine } from "../shared/isens/question-line.js";
import { readClock } from "./codec.js";
import { askPacket, askSerial, PROBE_MS, ping } from "./dialogue.js";
import { readDump } from "./dump.js";
import { OPERATIONS } from "./packet.js";

/** Whose name stands on the meter, mostly: Omnis sells the same one. */
export const MAKER = "Arkray";

/**
 * Pings the meter, asks who it is and what its clock shows, then for its whole memory. Only reads. Throws METER_TIMEOUT if
 * nothing answers, METER_STALLED and FRAME_TRUNCATED if it breaks off, FRAME_CHECKSUM if answers stay damaged, and
 * FRAME_MALFORMED if what comes is not of this protocol.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const line = new QuestionLine(context, PROBE_MS);
  await ping(line);
  const serial = await askSerial(line);
  yield {
    type: "identity",
    identity: { manufacturer: MAKER, model: null, serial, firmware: null, displayUnit: null },
    source: "meter",
    sourceName: null,
  };
  yield* readTime(line, context);
  yield* readDump(line);
}

/** The clock is never left out silently: readings hang on it. */
async function* readTime(line: QuestionLine, { log }: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  let deviceTime: string | null = null;
  try {
    deviceTime = readClock(await askPacket(line, OPERATIONS.clock));
  } catch (error) {
    if (!isProblem(error, "METER_STALLED", "FRAME_TRUNCATED", "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
    log.warn({ code: error.code }, "the meter shows no time");
    if (line.heard.length > 0) {
      yield { type: "unreadable", unreadable: { code: error.code, detail: error.message, raw: line.heard } };
    }
  }
  yield { type: "clock", deviceTime };
}
