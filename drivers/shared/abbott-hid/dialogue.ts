import { asProblem, isProblem, Problem } from "../../../src/domain/problem.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import type { HidTransport } from "../../../src/kit/transport.js";
import { readAnswer } from "./answer.js";
import { Link } from "./link.js";
import { Patience } from "./patience.js";
import { notUnderstood, type Question } from "./question.js";
import { TYPES } from "./report.js";

/** How often each question is asked before it is given up, and the first one, for which the way is sought too. */
const TRIES = 3;
const FIRST_TRIES = 4;
/** How often INIT is sent, and as a probe. */
const INITS = { full: 3, probe: 2 } as const;
/** After a fault, silence by which nothing of a late answer is on its way any more. */
const QUIET_MS = 300;
/** Where questions are put (sheets b and a). Either is answered in reports of the first type. */
const WAYS = [TYPES.text, TYPES.textOther] as const;

/** That a question has no good answer, with what came instead; `fatal` if the meter does not say who it is any more. */
export interface GivenUp {
  readonly problem: Problem;
  readonly raw: Uint8Array;
  readonly fatal: Problem | null;
}

/** What a question came to. */
export type Outcome<T> = { readonly value: T } | GivenUp;

/** True if the question has no answer. */
export function isGivenUp<T>(outcome: Outcome<T>): outcome is GivenUp {
  return "problem" in outcome;
}

/**
 * Questions with retries. Answers do not say what they answer, so after any fault the meter is asked for its serial
 * number before anything else: what comes before that came late, and another number is another meter.
 */
export class Dialogue {
  readonly #link: Link;
  readonly #patience: Patience;
  readonly #serialQuestion: Question<string>;
  readonly #log: SessionContext["log"];
  #serial: string | null = null;
  #way = 0;
  #distrusted = false;

  /** @param probeMs how long a probe lasts */
  constructor(context: SessionContext<HidTransport>, serialQuestion: Question<string>, probeMs: number) {
    this.#link = new Link(context);
    this.#patience = new Patience(context, probeMs);
    this.#serialQuestion = serialQuestion;
    this.#log = context.log;
  }

  /**
   * Drops what an earlier conversation left behind, sends INIT and asks for the serial number, which it gives. Throws
   * METER_TIMEOUT if nothing ever came, FRAME_MALFORMED if what came is of no such meter, METER_STALLED if only INIT was
   * answered, METER_UNSUPPORTED if the meter speaks encrypted or has no serial number, METER_REFUSED if it declines.
   */
  async open(): Promise<string> {
    if (!(await this.#init())) {
      if (this.#link.heard === 0) throw new Problem("METER_TIMEOUT");
      throw this.#stranger();
    }
    let last = new Problem("METER_STALLED", "The meter wakes up, but does not tell its serial number.");
    for (let attempt = 0; attempt < FIRST_TRIES && !this.#patience.isOver; attempt += 1) {
      if (attempt > 0) await this.#link.drain(this.#patience.probing ? undefined : QUIET_MS);
      const outcome = await this.#once(this.#serialQuestion);
      if (!isGivenUp(outcome)) {
        this.#serial = outcome.value;
        this.#patience.relax();
        return outcome.value;
      }
      if (outcome.problem.code === "METER_STALLED") this.#way += 1;
      else last = outcome.problem;
    }
    throw this.#patience.probing ? this.#stranger() : last;
  }

  /** Asks at most that often; says why if no answer came. Throws what the transport does, METER_CHANGED, METER_UNSUPPORTED. */
  async tryAsk<T>(question: Question<T>, tries: number = TRIES): Promise<Outcome<T>> {
    let lost: GivenUp | null = null;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      try {
        if (this.#distrusted) await this.#greetAgain();
      } catch (error) {
        if (lost === null || lost.raw.length === 0 || !isProblem(error, "METER_STALLED")) throw error;
        return { ...lost, fatal: asProblem(error) };
      }
      const outcome = await this.#once(question);
      if (!isGivenUp(outcome)) return outcome;
      this.#log.warn({ question: question.word, code: outcome.problem.code }, "no good answer");
      this.#distrusted = outcome.problem.code !== "METER_REFUSED";
      // Bytes say more than the silence after them.
      if (lost === null || outcome.raw.length > 0) lost = outcome;
    }
    return lost ?? { problem: new Problem("METER_STALLED"), raw: new Uint8Array(), fatal: null };
  }

  /** The answer, or null where the session can do without. Throws if the meter has gone. */
  async askOptional<T>(question: Question<T>): Promise<T | null> {
    const outcome = await this.tryAsk(question, TRIES - 1);
    if (!isGivenUp(outcome)) return outcome.value;
    if (outcome.fatal !== null) throw outcome.fatal;
    return null;
  }

  /** The answer. Throws why there is none. */
  async ask<T>(question: Question<T>): Promise<T> {
    const outcome = await this.tryAsk(question);
    if (isGivenUp(outcome)) throw outcome.fatal ?? outcome.problem;
    return outcome.value;
  }

  async #init(): Promise<boolean> {
    const inits = this.#patience.probing ? INITS.probe : INITS.full;
    for (let attempt = 0; attempt < inits && !this.#patience.isOver; attempt += 1) {
      // What an earlier program left unread would be taken for the answer (sheet b).
      await this.#link.drain();
      if (await this.#link.init(this.#patience.initBy())) return true;
    }
    return false;
  }

  async #once<T>(question: Question<T>): Promise<Outcome<T>> {
    const type = WAYS[this.#way % WAYS.length] ?? TYPES.text;
    const came = await this.#link.ask(question.word, type, this.#patience.answerTime(question.size));
    const none = new Uint8Array();
    if (came.kind === "silent" || came.kind === "unknown") {
      return { problem: new Problem("METER_STALLED"), raw: none, fatal: null };
    }
    if (came.kind === "broken") return { problem: new Problem("FRAME_TRUNCATED"), raw: came.bytes, fatal: null };
    try {
      const { message, accepted } = readAnswer(came.bytes);
      if (!accepted) return { problem: refusal(question), raw: none, fatal: null };
      const value = question.read(message);
      if (value === this.#serial && question !== this.#serialQuestion) {
        throw notUnderstood("The serial number was told once more.", message);
      }
      return { value };
    } catch (error) {
      if (!isProblem(error, "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
      return { problem: error, raw: came.bytes, fatal: null };
    }
  }

  /** Throws METER_STALLED if the meter does not tell its serial number any more, METER_CHANGED if it tells another one. */
  async #greetAgain(): Promise<void> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      await this.#link.drain(QUIET_MS);
      const outcome = await this.#once(this.#serialQuestion);
      if (isGivenUp(outcome)) continue;
      if (outcome.value !== this.#serial) {
        throw new Problem("METER_CHANGED", "Another meter answers than the one that answered before.");
      }
      this.#distrusted = false;
      return;
    }
    throw new Problem("METER_STALLED");
  }

  #stranger(): Problem {
    return new Problem("FRAME_MALFORMED", "Something answers, but not as these meters would.", {
      reports: this.#link.heard,
    });
  }
}

function refusal({ word }: Question<unknown>): Problem {
  return new Problem("METER_REFUSED", `The meter declines to answer ${word}`, { word });
}
