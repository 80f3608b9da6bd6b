import { isProblem, Problem, type ProblemCode } from "../../../src/domain/problem.js";
import { latin1 } from "../../../src/kit/bytes.js";
import type { Answer } from "./ask.js";
import { type Dump, type ProvenDump, readDump } from "./frame.js";
import { findHeader, mayBeginDump } from "./header.js";

/** A memory that can't be told, whole. */
export interface Broken {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly raw: Uint8Array;
}

/** How often the meter is asked that answers damaged or not at all, and how often one that declines. */
const ASKINGS = 3;
/** How often an empty memory without checksum is asked for until two successive answers are alike. */
const REPEATS = 4;

/** Weighs the answers to the question for the memory, one after the other. */
export class Tally {
  readonly #probed: boolean;
  readonly #answered: boolean;
  readonly #empties: Dump[] = [];
  #failed = 0;
  #declined = 0;
  /** Whether anything spoke; zeros are a cable. */
  #noise = false;
  #unended = false;
  #broken: Broken | null = null;

  constructor(question: { readonly probeUntil: number | null; readonly answered: boolean }) {
    this.#probed = question.probeUntil !== null;
    this.#answered = question.answered;
  }

  /** False when asking again is of no use. */
  get isOpen(): boolean {
    return this.#failed < ASKINGS && this.#declined < ASKINGS && this.#empties.length < REPEATS;
  }

  /** Of all that came in vain, that with the most in it; null if nothing of a memory came. */
  get broken(): Broken | null {
    return this.#broken;
  }

  /** Takes an answer; gives the memory if that proves it. */
  take(answer: Answer): ProvenDump | null {
    this.#noise ||= answer.bytes.some((byte) => byte !== 0);
    if (answer.kind === "declined") {
      this.#declined += 1;
      return null;
    }
    const dump = readAnswer(answer);
    if (dump instanceof Problem) {
      this.#failed += 1;
      if (answer.recognised) this.#keep(dump, answer.bytes);
      else this.keepRest(answer.bytes);
      return null;
    }
    if (!answer.ended && !this.#unended) {
      // Whole but for its last two bytes: worth one more asking, and a meter's manner if it does so again.
      this.#unended = true;
      this.#failed += 1;
      this.#keep(new Problem("FRAME_TRUNCATED"), answer.bytes);
      return null;
    }
    if (dump.proven) return { ...dump, clockProven: true };
    const before = this.#empties.at(-1);
    this.#empties.push(dump);
    return before !== undefined && isAlike(before, dump) ? { ...dump, clockProven: true } : null;
  }

  /** Keeps what came last and broke off, if it is a memory or, where no other device can be meant, may begin one. */
  keepRest(bytes: Uint8Array): void {
    const text = latin1(bytes);
    if (findHeader(text) === null && (this.#probed || !mayBeginDump(text))) return;
    this.#keep(new Problem("FRAME_TRUNCATED"), bytes);
  }

  /** An empty memory that was told by the same meter twice in a row, though its clock was never twice alike. */
  agreed(): ProvenDump | null {
    const found = this.#empties.find((one, at) => isSameMeter(one, this.#empties[at + 1]));
    return found === undefined ? null : { ...found, clockProven: false };
  }

  /** Why there is no memory. */
  verdict(): Problem {
    if (this.#broken !== null) return new Problem(this.#broken.code, this.#broken.detail);
    if (this.#empties.length > 0) return new Problem("FRAME_CHECKSUM", "No two answers of the meter were alike.");
    if (this.#declined > 0 && !this.#probed) return new Problem("METER_REFUSED");
    if (this.#answered) return new Problem("METER_STALLED", "The meter told its name, but not its memory.");
    if (!this.#noise) return new Problem("METER_TIMEOUT");
    return new Problem("FRAME_MALFORMED", "Something answers, but not as one of these meters would.");
  }

  #keep({ code, message }: Problem, raw: Uint8Array): void {
    if (this.#broken !== null && this.#broken.raw.length >= raw.length) return;
    this.#broken = { code, detail: message, raw };
  }
}

/** The dump, or what is wrong with the answer. */
function readAnswer(answer: Answer): Dump | Problem {
  if (answer.kind === "broken") return new Problem("FRAME_TRUNCATED");
  try {
    return readDump(answer.bytes);
  } catch (error) {
    if (isProblem(error, "FRAME_CHECKSUM", "FRAME_MALFORMED", "METER_REFUSED")) return error;
    throw error;
  }
}

function isSameMeter(one: Dump, other: Dump | undefined): boolean {
  return one.serial === other?.serial && one.version === other.version;
}

function isAlike(one: Dump, other: Dump): boolean {
  return isSameMeter(one, other) && latin1(one.clock) === latin1(other.clock);
}
