import { Problem } from "../../src/domain/problem.js";
import type { QuestionLine } from "../shared/isens/question-line.js";
import { answerCut, COMMANDS, type Command, dataOf, ENTERING, FRAME_BYTES, request } from "./frame.js";

/** How long an answer is awaited (sheet a). */
export const ANSWER_MS = 2_000;
/** How often a question is asked whose answer came damaged or not at all: once and two more times. */
export const TRIES = 3;
/** How often more, because the meter says that it is only entering its communication mode. */
const ENTRIES = 5;
/** Rounds of greeting: two questions each, so "no meter here" takes eight seconds. */
const ROUNDS = 2;
/** The same for a chip that several drivers try: four questions, each after a moment of quiet. */
const PROBED_ANSWER_MS = 400;
/** In a probe, when to have given up if nobody said who it is. */
export const PROBE_MS = 2_500;

/**
 * Finds out whether such a meter is there: sheet b's word for it, or else the question for the model, which is all that
 * sheet a knows. Any of three answers to the first means yes (sheet b). Throws METER_TIMEOUT if nothing answers, and
 * FRAME_MALFORMED or FRAME_TRUNCATED for what does not speak like this.
 */
export async function connect(line: QuestionLine): Promise<void> {
  let problem = new Problem("METER_TIMEOUT");
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const command of [COMMANDS.connect, COMMANDS.model]) {
      const cut = answerCut([COMMANDS.connect, COMMANDS.model, ENTERING]);
      const answer = await line.ask(request(command), cut, line.probing ? PROBED_ANSWER_MS : ANSWER_MS);
      if (answer instanceof Uint8Array) {
        line.meterAnswered();
        // It may have answered both words: what is still on its way must not answer the next question.
        if (answer.at(-FRAME_BYTES + 1) !== command) line.damaged();
        return;
      }
      problem = answer;
    }
  }
  throw line.verdict(problem);
}

/** Asks until the meter answers, three times at most, and gives the four bytes that it says. */
export async function ask(line: QuestionLine, command: Command, data?: Uint8Array): Promise<Uint8Array> {
  const answer = await retried(() => askOnce(line, command, data));
  if (answer instanceof Problem) throw line.verdict(answer);
  return dataOf(answer);
}

/**
 * Asks once and gives the answer's eight bytes. A meter that says that it is entering its communication mode has not
 * heard the question: METER_NOT_READY. Else problems as of `QuestionLine.ask`, but for damage, which is FRAME_CHECKSUM.
 */
export async function askOnce(line: QuestionLine, command: Command, data?: Uint8Array): Promise<Uint8Array | Problem> {
  const answer = await line.ask(request(command, data), answerCut([command, ENTERING]), ANSWER_MS);
  if (answer instanceof Problem) {
    const isDamaged = answer.code === "FRAME_TRUNCATED" && line.heard.length >= FRAME_BYTES;
    return isDamaged ? new Problem("FRAME_CHECKSUM", undefined, { command }) : answer;
  }
  const frame = answer.slice(-FRAME_BYTES);
  if (frame[1] !== ENTERING) return frame;
  line.damaged();
  return new Problem("METER_NOT_READY", "The meter goes on saying that it enters its communication mode.");
}

/** Tries until it gives bytes: three times at most, not counting how often the meter was not ready. */
export async function retried(once: () => Promise<Uint8Array | Problem>): Promise<Uint8Array | Problem> {
  for (let [tries, entries] = [0, 0]; ; ) {
    const answer = await once();
    if (answer instanceof Uint8Array) return answer;
    if (answer.code === "METER_NOT_READY") entries += 1;
    else tries += 1;
    if (tries === TRIES || entries > ENTRIES) return answer;
  }
}
