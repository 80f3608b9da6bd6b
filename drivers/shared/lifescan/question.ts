import { isProblem, Problem } from "../../../src/domain/problem.js";
import { damageOf, type Frame } from "./frame.js";

/** Something that a meter can be asked. */
export interface Question<T> {
  /** For the log. */
  readonly name: string;
  /** The request, in each way in which the sheets have it; made anew for each time that it is sent. */
  messages(): readonly Uint8Array[];
  /** What the answer says. Throws FRAME_MALFORMED if it answers something else, METER_REFUSED if the meter declines. */
  read(message: Uint8Array): T;
}

/** What a meter answered. */
export interface Answer<T> {
  readonly value: T;
  readonly frame: Frame;
}

/** That no good answer came: why, and what came instead (no bytes for silence). */
export interface Lost {
  readonly problem: Problem;
  readonly raw: Uint8Array;
}

/** What became of asking. */
export type Outcome<T> = Answer<T> | Lost;

/** True if no good answer came. */
export function isLost<T>(outcome: Outcome<T>): outcome is Lost {
  return "problem" in outcome;
}

/** One way of talking to a meter: on a serial line, in a mailbox, over the air. */
export interface Link {
  /** How many bytes have come so far, and how many sound frames. */
  readonly heard: { readonly bytes: number; readonly frames: number };
  /** Makes both sides begin anew, as far as the protocol has a word for it; false if nobody answers. */
  reset(): Promise<boolean>;
  /** Sends a request once and awaits its answer, within a bound. */
  exchange<T>(question: Question<T>, message: Uint8Array): Promise<Outcome<T>>;
  /** Takes leave, if the protocol has a word for it; waits for nothing. */
  close(): Promise<void>;
}

/** The frame as the question's answer. */
export function readAnswer<T>(question: Question<T>, frame: Frame): Outcome<T> {
  try {
    return { value: question.read(frame.message), frame };
  } catch (problem) {
    if (isProblem(problem, "FRAME_MALFORMED", "METER_REFUSED")) return { problem, raw: frame.bytes };
    throw problem;
  }
}

/** What it means that only those bytes came, none of them a sound frame. */
export function noAnswer(raw: Uint8Array): Lost {
  return { problem: raw.length === 0 ? new Problem("METER_STALLED") : damageOf(raw), raw };
}
