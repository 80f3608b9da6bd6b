import { isProblem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { openCp2110 } from "../shared/cp2110/bridge.js";
import { QuestionLine } from "../shared/isens/question-line.js";
import { readModel, readSerial, readWall } from "./codec.js";
import { ask, connect, PROBE_MS } from "./dialogue.js";
import { COMMANDS } from "./frame.js";
import { readMemory } from "./memory.js";

/** Who made the meter, whatever name stands on it. */
export const MAKER = "TaiDoc";
/** Speed of the line between the chip and the meter (both sheets). */
export const BAUD_RATE = 19_200;

/**
 * Finds the meter, asks who it is, for its clock and its memory. Only reads. Throws METER_TIMEOUT if nothing answers,
 * METER_UNSUPPORTED for a model that nobody has described, METER_NOT_READY if it does not leave off entering its
 * communication mode, METER_STALLED if it breaks off, FRAME_CHECKSUM if answers stay damaged, METER_CHANGED if another
 * meter answers, and FRAME_MALFORMED if what comes is not of this protocol.
 */
export async function* session(context: SessionContext<HidTransport>): AsyncGenerator<SessionEvent, void, void> {
  const line = await openLine(context);
  const { model, serial } = await identify(line);
  yield {
    type: "identity",
    identity: { manufacturer: MAKER, model, serial, firmware: null, displayUnit: null },
    source: "meter",
    sourceName: null,
  };
  yield* readTime(line, context);
  yield* readMemory(line, serial, () => askSerial(line), context.log);
}

/** Switches the chip's line on. */
export async function openLine(context: SessionContext<HidTransport>): Promise<QuestionLine> {
  const transport = await openCp2110(context.transport, BAUD_RATE, context.signal);
  return new QuestionLine({ ...context, transport }, PROBE_MS);
}

/** Finds the meter and asks who it is: from then on it is known to be one. */
export async function identify(line: QuestionLine): Promise<{ readonly model: string; readonly serial: string }> {
  await connect(line);
  const model = readModel(await ask(line, COMMANDS.model));
  line.meterKnown();
  return { model, serial: await askSerial(line) };
}

async function askSerial(line: QuestionLine): Promise<string> {
  const high = await ask(line, COMMANDS.serialHigh);
  return readSerial(high, await ask(line, COMMANDS.serialLow));
}

/** The clock is never left out silently: readings hang on it. */
async function* readTime(
  line: QuestionLine,
  { log }: SessionContext<HidTransport>,
): AsyncGenerator<SessionEvent, void, void> {
  let deviceTime: string | null = null;
  try {
    deviceTime = readWall(await ask(line, COMMANDS.clock));
  } catch (error) {
    if (!isProblem(error, "METER_STALLED", "FRAME_CHECKSUM", "FRAME_TRUNCATED", "FRAME_MALFORMED")) throw error;
    log.warn({ code: error.code }, "the meter shows no time");
    if (error.code === "FRAME_MALFORMED") {
      yield { type: "unreadable", unreadable: { code: error.code, detail: error.message, raw: line.heard } };
    }
  }
  yield { type: "clock", deviceTime };
}
