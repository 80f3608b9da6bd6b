import type { Log } from "../../../src/domain/clock.js";
import { asProblem, Problem } from "../../../src/domain/problem.js";
import type { Patience } from "./patience.js";
import { type Answer, isLost, type Link, type Lost, type Outcome, type Question } from "./question.js";

/** How often each question is asked before it is given up. */
const TRIES = 3;

/** That a question was given up; `fatal` if the meter does not answer to its name any more either. */
export interface GivenUp extends Lost {
  readonly fatal: Problem | null;
}

/**
 * Questions with retries. Answers do not say what they answer, so after anything went wrong the meter is asked for its
 * name before it is asked anything else: what comes before the name came late, and another name is another meter.
 */
export class Dialogue {
  readonly #link: Link;
  readonly #serialQuestion: Question<string>;
  readonly #patience: Patience;
  readonly #log: Log;
  #serial: string | null = null;
  #way = 0;
  #distrusted = false;

  constructor(link: Link, serialQuestion: Question<string>, patience: Patience, log: Log) {
    this.#link = link;
    this.#serialQuestion = serialQuestion;
    this.#patience = patience;
    this.#log = log;
  }

  /**
   * Asks who it is, in each of the ways that the sheets have, until one is answered; it is kept. Throws METER_TIMEOUT if
   * no byte came, METER_REFUSED if the meter declines in every way, and what is wrong with the answers else.
   */
  async identify(): Promise<string> {
    const rounds = this.#patience.probing ? 1 : TRIES;
    const ways = this.#serialQuestion.messages().length;
    let last: Lost | null = null;
    for (let attempt = 0; attempt < rounds * ways; attempt += 1) {
      if (!(await this.#link.reset())) continue;
      const outcome = await this.#once(this.#serialQuestion, attempt % ways);
      if (isLost(outcome)) {
        last = outcome.problem.code === "METER_STALLED" ? (last ?? outcome) : outcome;
        continue;
      }
      this.#way = attempt % ways;
      this.#serial = outcome.value;
      this.#patience.relax();
      return outcome.value;
    }
    throw this.#verdict(last);
  }

  /** Asks at most that often; says why if no answer came. Throws what the transport does, and METER_CHANGED. */
  async tryAsk<T>(question: Question<T>, tries: number = TRIES): Promise<Answer<T> | GivenUp> {
    let lost: Lost | null = null;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      try {
        if (this.#distrusted) await this.#greetAgain();
      } catch (error) {
        if (lost === null || lost.raw.length === 0) throw error;
        return { ...lost, fatal: asProblem(error) };
      }
      const outcome: Outcome<T> = await this.#once(question, this.#way);
      if (!isLost(outcome)) return outcome;
      this.#log.warn({ question: question.name, code: outcome.problem.code }, "no good answer");
      this.#distrusted = true;
      // Bytes say more than the silence after them.
      if (lost === null || outcome.raw.length > 0) lost = outcome;
    }
    return { ...(lost ?? { problem: new Problem("METER_STALLED"), raw: new Uint8Array() }), fatal: null };
  }

  /** The answer. Throws why there is none. */
  async ask<T>(question: Question<T>, tries: number = TRIES): Promise<Answer<T>> {
    const outcome = await this.tryAsk(question, tries);
    if (isLost(outcome)) throw outcome.fatal ?? outcome.problem;
    return outcome;
  }

  /** An answer may have been another question's: the meter is asked for its name before the next one. */
  distrust(): void {
    this.#distrusted = true;
  }

  /** Takes leave. */
  async close(): Promise<void> {
    await this.#link.close();
  }

  async #once<T>(question: Question<T>, way: number): Promise<Outcome<T>> {
    const messages = question.messages();
    const message = messages[way % messages.length];
    if (message === undefined) throw new RangeError(`no request for ${question.name}`);
    return await this.#link.exchange(question, message);
  }

  async #greetAgain(): Promise<void> {
    let problem = new Problem("METER_STALLED");
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      if (!(await this.#link.reset())) continue;
      const outcome = await this.#once(this.#serialQuestion, this.#way);
      if (isLost(outcome)) {
        problem = outcome.problem;
        continue;
      }
      if (outcome.value !== this.#serial) {
        throw new Problem("METER_CHANGED", `Meter ${outcome.value} answers, but ${this.#serial} answered before.`);
      }
      this.#distrusted = false;
      return;
    }
    throw problem;
  }

  #verdict(last: Lost | null): Problem {
    const { bytes, frames } = this.#link.heard;
    if (bytes === 0) return new Problem("METER_TIMEOUT");
    if (last?.problem.code === "METER_REFUSED") return last.problem;
    if (this.#patience.probing || (frames === 0 && last?.problem.code !== "FRAME_CHECKSUM")) {
      return new Problem("FRAME_MALFORMED", "Something answers, but not as this meter would.", { bytes });
    }
    return last?.problem ?? new Problem("METER_STALLED");
  }
}
