import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { readCount, readRecord } from "./codec.js";
import type { Answer, Questioner, Unproven } from "./question.js";

/** How often a record may come again under the next number while the meter says that it has no more than before. */
const REPEATS = 8;
/** A full memory (sheet b) moves on without holding more: its oldest test goes. */
const CAPACITY = 1_865;

/**
 * Tells the records, newest first. A test that is taken meanwhile moves all others one number on: the record that then
 * comes again is passed over, and as many more are asked for. Throws the first damage when all others are told.
 */
export async function* readRecords(
  count: number,
  unit: string,
  questions: Questioner,
  { log }: SessionContext,
): AsyncGenerator<SessionEvent, void, void> {
  let announced = count;
  let repeats = 0;
  let previous: string | null = null;
  let damage: Problem | null = null;
  for (let number = 0; number < announced; number += 1) {
    let answer: Answer | Unproven = yield* askRecord(number, questions);
    if (isRepeated(answer, previous)) {
      // Answers that came twice may have got ahead of the questions.
      await questions.settle();
      answer = yield* askRecord(number, questions);
    }
    if (isRepeated(answer, previous)) {
      const now: number = yield* askCount(questions);
      log.info({ number, announced, now }, "a record came again under the next number");
      if (now === announced && announced < CAPACITY) {
        const problem = new Problem("FRAME_MALFORMED", "The meter gives one record under two numbers.", { number });
        damage ??= problem;
        yield unreadable(problem, answer.raw);
        repeats += 1;
      }
      if (repeats > REPEATS) throw new Problem("FRAME_MALFORMED", "The meter gives one record under many numbers.");
      announced = Math.max(announced, now);
      continue;
    }
    if ("problem" in answer) {
      damage ??= answer.problem;
      yield unreadable(answer.problem, answer.raw);
      continue;
    }
    previous = answer.text;
    yield told(answer, unit);
  }
  if (damage !== null) throw damage;
}

/** Asks how many records there are. Throws FRAME_CHECKSUM if each answer is another one. */
export async function* askCount(questions: Questioner): AsyncGenerator<SessionEvent, number, void> {
  const answer = await questions.ask("count");
  if ("problem" in answer) {
    yield unreadable(answer.problem, answer.raw);
    throw answer.problem;
  }
  return readCount(answer.text);
}

/** Stamps have seconds, so no two tests are alike: the same record under the next number was meant for the last one. */
function isRepeated(answer: Answer | Unproven, previous: string | null): boolean {
  return "text" in answer && answer.text === previous;
}

/** Asks for one record; where the meter breaks off in the middle of it, what came is told first. */
async function* askRecord(
  number: number,
  questions: Questioner,
): AsyncGenerator<SessionEvent, Answer | Unproven, void> {
  try {
    return await questions.ask("record", number);
  } catch (error) {
    if (isProblem(error, "FRAME_TRUNCATED")) yield unreadable(error, questions.rest);
    throw error;
  }
}

function told(answer: Answer, unit: string): SessionEvent {
  try {
    return { type: "readings", readings: [readRecord(answer.text, answer.raw, unit)] };
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return unreadable(error, answer.raw);
  }
}

/** Bytes that can't be understood, as a session tells them. */
export function unreadable(problem: Problem, raw: Uint8Array): SessionEvent {
  return { type: "unreadable", unreadable: { code: problem.code, detail: problem.message, raw } };
}
