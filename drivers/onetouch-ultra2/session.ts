import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { readClock, readFirmware, readSerial, readUnit } from "./codec.js";
import { readMemory } from "./dump.js";
import { lineReader } from "./line-reader.js";
import { type Questioner, questioner } from "./question.js";

/** Tries for an answer that the session can do without. */
const OPTIONAL_TRIES = 2;

/**
 * Asks the meter who it is and what its clock shows, then for its whole memory. Only reads. Throws METER_TIMEOUT if
 * nothing answers within ten seconds, METER_NOT_READY if only the cable does, METER_UNSUPPORTED if another model does,
 * METER_CHANGED if the memory is another meter's, METER_STALLED and FRAME_TRUNCATED if it breaks off, and
 * FRAME_CHECKSUM or FRAME_MALFORMED if lines stay damaged after the memory was asked for a second time.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const lines = lineReader(context);
  const questions = questioner(context, lines);

  const serial = readSerial(await questions.ask("serial"));
  if (!serial.endsWith("Y")) {
    throw new Problem(
      "METER_UNSUPPORTED",
      `The meter's serial number ends with ${serial.slice(-1)}: it is another OneTouch than the Ultra 2.`,
    );
  }
  const firmware = await readOptional("firmware", readFirmware, questions, context);
  const displayUnit = await readOptional("unit", readUnit, questions, context);
  yield {
    type: "identity",
    identity: { manufacturer: "LifeScan", model: "OneTouch Ultra 2", serial, firmware, displayUnit },
    source: "meter",
    sourceName: null,
  };
  yield* readTime(questions, context);
  yield* readMemory(serial, questions, lines, context);
}

async function readOptional<T>(
  query: "firmware" | "unit",
  read: (frame: Uint8Array) => T,
  questions: Questioner,
  { log }: SessionContext,
): Promise<T | null> {
  try {
    return read(await questions.ask(query, OPTIONAL_TRIES));
  } catch (error) {
    if (!isProblem(error, "METER_STALLED", "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
    log.warn({ query, code: error.code }, "the meter does not say");
    return null;
  }
}

/** The clock is asked for last before the memory, and never left out silently: readings hang on it. */
async function* readTime(questions: Questioner, { log }: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  let frame: Uint8Array | null = null;
  let deviceTime: string | null = null;
  try {
    frame = await questions.ask("clock");
    deviceTime = readClock(frame);
  } catch (error) {
    if (!isProblem(error, "METER_STALLED", "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
    log.warn({ query: "clock", code: error.code }, "the meter shows no time");
    if (frame !== null) {
      yield { type: "unreadable", unreadable: { code: error.code, detail: error.message, raw: frame } };
    }
  }
  yield { type: "clock", deviceTime };
}
