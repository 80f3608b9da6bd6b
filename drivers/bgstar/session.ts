import { isProblem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { readClock, readSerial, readUnit } from "./codec.js";
import { type Questioner, questioner } from "./question.js";
import { askCount, readRecords, unreadable } from "./records.js";

/**
 * Greets the meter, asks who it is, what its clock shows and for record after record, each thing until two answers are
 * alike. Only reads. Throws METER_TIMEOUT if nothing answers, FRAME_MALFORMED if something else does, METER_STALLED or
 * FRAME_TRUNCATED if it breaks off, and FRAME_CHECKSUM for what never came twice alike, when all else is told.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const questions = questioner(context);
  const name = await questions.greet();
  context.log.info({ name }, "a BGStar or MyStar Extra answers");
  const serial = yield* understood("serial", readSerial, questions);
  const unit = yield* understood("unit", readUnit, questions);
  yield {
    type: "identity",
    identity: { manufacturer: "Sanofi", model: "BGStar / MyStar Extra", serial, firmware: null, displayUnit: unit },
    source: "meter",
    sourceName: null,
  };
  yield* askClock(questions);
  const count = yield* askCount(questions);
  yield { type: "expect", count };
  yield* readRecords(count, unit, questions, context);
}

/** What the session can't do without: whose the readings are, and their unit. */
async function* understood(
  question: "serial" | "unit",
  read: (text: string) => string,
  questions: Questioner,
): AsyncGenerator<SessionEvent, string, void> {
  const answer = await questions.ask(question);
  if ("problem" in answer) {
    yield unreadable(answer.problem, answer.raw);
    throw answer.problem;
  }
  return read(answer.text);
}

/** A clock that can't be told is null, with what came in its place: readings hang on it, but stand without it. */
async function* askClock(questions: Questioner): AsyncGenerator<SessionEvent, void, void> {
  const answer = await questions.ask("clock");
  let deviceTime: string | null = null;
  if ("problem" in answer) {
    yield unreadable(answer.problem, answer.raw);
  } else {
    try {
      deviceTime = readClock(answer.text);
    } catch (error) {
      if (!isProblem(error, "FRAME_MALFORMED")) throw error;
      yield unreadable(error, answer.raw);
    }
  }
  yield { type: "clock", deviceTime };
}
