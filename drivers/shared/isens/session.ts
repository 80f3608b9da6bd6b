import { isProblem } from "../../../src/domain/problem.js";
import type { SessionEvent, SourceIdentity } from "../../../src/domain/reading.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import { readClock, readSerial } from "./answers.js";
import { readBlocks } from "./blocks.js";
import { askModel, readPlaces } from "./flash-memory.js";
import { askFramed } from "./framed-dialogue.js";
import { greet, PROBE_MS } from "./greet.js";
import { QuestionLine } from "./question-line.js";

/** Who made the meter, whatever name stands on it. */
export const MAKER = "i-SENS";

/**
 * Greets the meter, and reads it in the protocol that it answers in: who it is, its clock (protocol 3 only), its memory.
 * Only reads. Throws METER_TIMEOUT if nothing answers, METER_UNSUPPORTED for a meter whose protocol or memory is not
 * known, METER_REFUSED if it declines, METER_STALLED and FRAME_TRUNCATED if it breaks off, FRAME_CHECKSUM if answers stay
 * damaged, and FRAME_MALFORMED if what comes is not of these protocols.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const line = new QuestionLine(context, PROBE_MS);
  if ((await greet(line)) === "flash") {
    const model = await askModel(line);
    line.meterKnown();
    yield identity({ model: model.model, serial: model.serial, firmware: model.firmware });
    // This protocol has no question for the clock.
    yield { type: "clock", deviceTime: null };
    yield* readPlaces(line, model);
    return;
  }
  const serial = await askSerial(line);
  yield identity({ model: null, serial, firmware: null });
  yield* readTime(line, context);
  yield* readBlocks(line);
}

/** Asks a meter of protocol 3 for its serial number: from then on it is known to be one. */
export async function askSerial(line: QuestionLine): Promise<string> {
  const data = await askFramed(line, "RSNB");
  line.meterKnown();
  return readSerial(data);
}

/** The clock is never left out silently: readings hang on it. */
async function* readTime(line: QuestionLine, { log }: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  let deviceTime: string | null = null;
  try {
    deviceTime = readClock(await askFramed(line, "RTIM"));
  } catch (error) {
    if (!isProblem(error, "METER_STALLED", "METER_REFUSED", "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
    log.warn({ code: error.code }, "the meter shows no time");
    if (error.code === "FRAME_MALFORMED") {
      yield { type: "unreadable", unreadable: { code: error.code, detail: error.message, raw: line.heard } };
    }
  }
  yield { type: "clock", deviceTime };
}

function identity(known: Pick<SourceIdentity, "model" | "serial" | "firmware">): SessionEvent {
  return {
    type: "identity",
    identity: { manufacturer: MAKER, ...known, displayUnit: null },
    source: "meter",
    sourceName: null,
  };
}
