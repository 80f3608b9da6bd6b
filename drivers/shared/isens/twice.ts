import { Problem } from "../../../src/domain/problem.js";
import type { SessionEvent } from "../../../src/domain/reading.js";

/** How often a thing is asked for at most until two answers in a row are equal. */
const ASKINGS = 4;
/** Askings that may go without a word before the meter counts as silent: the first and two more. */
const SILENCES = 3;

/** What could not be proven: why, and what came last. */
export class Unproven {
  readonly problem: Problem;
  readonly raw: Uint8Array;

  constructor(problem: Problem, raw: Uint8Array) {
    this.problem = problem;
    this.raw = raw;
  }

  /** True if the meter has fallen silent: asking for something else makes no sense. */
  get isSilence(): boolean {
    return this.problem.code === "METER_STALLED" || this.problem.code === "METER_TIMEOUT";
  }

  /** What is to be told of it: the bytes that came, if any did. */
  *events(): Generator<SessionEvent, void, void> {
    if (this.raw.length === 0) return;
    const { code, message } = this.isSilence
      ? new Problem("FRAME_TRUNCATED", "The meter stopped before this had come twice alike.")
      : this.problem;
    yield { type: "unreadable", unreadable: { code, detail: message, raw: this.raw } };
  }
}

/**
 * Asks until two successive answers are equal: where no checksum proves an answer, only its coming twice does. A problem
 * between two equal answers parts them. Gives up after four askings, or when nothing came thrice.
 *
 * @param ask one asking: the bytes that are compared, or what went wrong
 * @param heard what came after the last asking, whatever it was
 */
export async function askTwice(
  ask: () => Promise<Uint8Array | Problem>,
  heard: () => Uint8Array,
): Promise<Uint8Array | Unproven> {
  let before: Uint8Array | null = null;
  let problem = new Problem("FRAME_CHECKSUM", "The meter gave another answer each time that it was asked the same.");
  let raw: Uint8Array = new Uint8Array();
  let silences = 0;
  for (let asking = 0; asking < ASKINGS && silences < SILENCES; asking += 1) {
    const answer = await ask();
    if (heard().length > 0) raw = heard();
    if (answer instanceof Problem) {
      problem = answer;
      before = null;
      if (heard().length === 0) silences += 1;
    } else {
      if (before !== null && isEqual(before, answer)) return answer;
      before = answer;
    }
  }
  return new Unproven(problem, raw);
}

/** True for as many bytes, all alike. */
export function isEqual(some: Uint8Array, others: Uint8Array): boolean {
  return some.length === others.length && some.every((byte, at) => byte === others[at]);
}
