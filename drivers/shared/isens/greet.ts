import { Problem } from "../../../src/domain/problem.js";
import { hex } from "../../../src/kit/bytes.js";
import { GREETING, GREETING_ANSWER_BYTES, readGreeting } from "./answers.js";
import type { QuestionLine } from "./question-line.js";
import { isEqual } from "./twice.js";

/** How often the meter is greeted at most (sheet a), and how long each waits: "no meter here" takes eight seconds. */
const GREETINGS = 4;
const ANSWER_MS = 2_000;
/** The same on a cable that several drivers try: twice, within `PROBE_MS` together. */
const PROBED_GREETINGS = 2;
const PROBED_ANSWER_MS = 700;
/** In a probe, when to have given up if nobody said who it is. */
export const PROBE_MS = 2_000;
/** An answer's length is nowhere said: it is over when the line is quiet for that long. */
const QUIET_MS = 50;

/**
 * Greets the meter and finds which of its two protocols it speaks. The answer is not checked by anything, so one that
 * turns the meter away must come twice alike; one that names a protocol is put to the proof by what follows. Throws
 * METER_UNSUPPORTED for protocol 2 and for an unknown answer, METER_TIMEOUT if nothing answers, FRAME_MALFORMED for noise.
 */
export async function greet(line: QuestionLine): Promise<"framed" | "flash"> {
  let before: Uint8Array | null = null;
  let problem = new Problem("METER_TIMEOUT");
  for (let greeting = 0; greeting < (line.probing ? PROBED_GREETINGS : GREETINGS); greeting += 1) {
    const ms = line.probing ? PROBED_ANSWER_MS : ANSWER_MS;
    const answer = await line.askUntilQuiet(GREETING, ms, QUIET_MS, GREETING_ANSWER_BYTES + 1);
    if (answer instanceof Problem) {
      problem = answer;
      continue;
    }
    const dialect = readGreeting(answer);
    if (dialect === "framed" || dialect === "flash") {
      line.meterAnswered();
      return dialect;
    }
    line.damaged();
    problem = new Problem("FRAME_MALFORMED", "Something answers, but not as a CareSens or its kin would.");
    if (before !== null && isEqual(before, answer)) throw stranger(line, dialect, answer);
    before = answer.length <= GREETING_ANSWER_BYTES ? answer : null;
  }
  throw line.verdict(problem);
}

function stranger(line: QuestionLine, dialect: string, answer: Uint8Array): Problem {
  if (dialect === "second") {
    return new Problem(
      "METER_UNSUPPORTED",
      "An i-SENS meter answers in its protocol 2, which nobody has described yet.",
    );
  }
  return line.verdict(
    new Problem("METER_UNSUPPORTED", "A meter answers the greeting in a way that no known i-SENS meter does.", {
      answer: hex(answer),
    }),
  );
}
