import { isProblem, Problem } from "../../../src/domain/problem.js";
import { cutFrame, FRAME_ERRORS, type FrameCommand, frameBytes, readFrame } from "./frame.js";
import type { QuestionLine } from "./question-line.js";

/** How often a question is asked whose answer came damaged, not at all, or was declined: once and two more times. */
export const TRIES = 3;
/** The one command whose answers carry no valid CRC (sheet a). */
const UNPROVEN: FrameCommand = "GLUE";

/**
 * Asks until the meter answers, three times at most, and gives the answer's data. Throws METER_REFUSED if it declines
 * each time, FRAME_CHECKSUM if it answers damaged, and what `QuestionLine.ask` gives.
 */
export async function askFramed(line: QuestionLine, command: FrameCommand, data?: Uint8Array): Promise<Uint8Array> {
  let problem = new Problem("METER_STALLED");
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const answer = await askFramedOnce(line, command, data);
    if (answer instanceof Uint8Array) return answer;
    problem = answer;
  }
  throw line.verdict(problem);
}

/** Asks once. The answer must name the same command and, but for GLUE, have a right CRC. */
export async function askFramedOnce(
  line: QuestionLine,
  command: FrameCommand,
  data?: Uint8Array,
): Promise<Uint8Array | Problem> {
  const answer = await line.ask(frameBytes(command, data), cutFrame);
  if (answer instanceof Problem) return answer;
  try {
    const frame = readFrame(answer);
    if (FRAME_ERRORS.includes(frame.command)) {
      return new Problem("METER_REFUSED", `The meter declines ${command}: ${frame.command}.`, { command });
    }
    if (frame.command === command && (frame.proven || command === UNPROVEN)) return frame.data;
    line.damaged();
    return new Problem("FRAME_CHECKSUM", `The answer to ${command} arrived damaged.`, { command });
  } catch (error) {
    if (!isProblem(error, "FRAME_CHECKSUM")) throw error;
    line.damaged();
    return error;
  }
}
