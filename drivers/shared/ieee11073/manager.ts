import { isProblem, Problem } from "../../../src/domain/problem.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import { APDU, DATA, type DataApdu, dataApduBytes } from "./apdu.js";
import { associationResponse, readAssociationRequest } from "./association.js";
import { Dialogue, reportOf, unlessMalformed } from "./dialogue.js";
import { MderReader } from "./mder.js";
import { EVENT } from "./nomenclature.js";
import { type Configuration, readConfiguration } from "./objects.js";
import { configurationAnswer, type EventReport, type Request } from "./requests.js";

/** How long an answer is awaited, and the next event of a transfer (sheet a's program: five seconds). */
const ANSWER_MS = 5_000;
/** How long a configuration is awaited (from the standard, not from a capture). */
const CONFIGURATION_MS = 10_000;
/** How often a thing is asked whose answer is damaged, declined or missing: once and two more times, after a pause. */
const TRIES = 3;
const PAUSE_MS = 500;

/** When to give up on a device that does not begin: `silent` says with what. */
export interface Opening {
  readonly withinMs: number;
  silent(): Problem;
}

/**
 * The manager's side of IEEE 11073-20601, for any device: lets it begin, learns what it is made of, asks, confirms what it
 * reports, and takes leave. Every wait has a bound. The device speaks first.
 */
export class Manager {
  readonly #context: SessionContext;
  readonly #dialogue: Dialogue;
  #invokeId = 0;

  constructor(context: SessionContext) {
    this.#context = context;
    this.#dialogue = new Dialogue(context);
  }

  /** Reports of kinds that nobody reads here, as they came; each is given once. */
  takeStrangers(): Uint8Array[] {
    return this.#dialogue.takeStrangers();
  }

  /**
   * Waits for the device to begin, accepts it, and accepts what it is made of. Throws what the opening says if it says
   * nothing, METER_UNSUPPORTED if it speaks another protocol, METER_STALLED, FRAME_TRUNCATED and FRAME_MALFORMED as usual.
   */
  async associate(opening: Opening): Promise<Configuration> {
    await this.#awaitRequest(opening);
    this.#dialogue.state = "configuring";
    let problem = new Problem("METER_STALLED");
    for (let attempt = 0; attempt < 2; attempt += 1) {
      // Once more if what came was damaged (sheet a).
      await this.#dialogue.write(associationResponse());
      const answer = await this.#configuration();
      if (!(answer instanceof Problem)) {
        this.#dialogue.state = "operating";
        return answer;
      }
      problem = answer;
      if (problem.code === "METER_STALLED") break;
    }
    throw problem;
  }

  /**
   * Asks, three times at most, and gives what `read` makes of the answer. Throws METER_REFUSED if the device declines each
   * time, what `read` throws, METER_STALLED or FRAME_TRUNCATED if it does not answer.
   */
  async ask<T>(request: Request, read: (body: Uint8Array) => T): Promise<T> {
    let problem = new Problem("METER_STALLED");
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      if (attempt > 0) await this.#context.clock.sleep(PAUSE_MS, this.#context.signal);
      const answer = await this.#askOnce(request);
      if (answer instanceof Problem) {
        problem = answer;
        continue;
      }
      try {
        return read(answer);
      } catch (error) {
        if (!isProblem(error, "FRAME_MALFORMED", "METER_REFUSED")) throw error;
        problem = error;
      }
    }
    throw problem;
  }

  /** The next report of a segment's data, not confirmed yet; what went wrong if none comes. */
  async nextSegmentData(): Promise<EventReport | Problem> {
    for (;;) {
      const data = await this.#dialogue.data(ANSWER_MS);
      if (data instanceof Problem) return data;
      const report = reportOf(data);
      if (report instanceof Problem) return report;
      if (report?.confirmed === true && report.event === EVENT.segmentData) return report;
      if (report === null) this.#dialogue.stray();
      else await this.#dialogue.passOver(report);
    }
  }

  /** Answers a report. */
  async confirm(report: EventReport, info: readonly number[]): Promise<void> {
    await this.#dialogue.confirm(report, info);
  }

  /** Takes leave. Throws METER_STALLED or FRAME_TRUNCATED if the device does not answer. */
  async release(): Promise<void> {
    await this.#dialogue.release();
  }

  /** Ends a conversation that went wrong, so that the device may begin anew; nothing if it is over. */
  async abort(): Promise<void> {
    await this.#dialogue.abort();
  }

  async #awaitRequest({ withinMs, silent }: Opening): Promise<void> {
    const { reader } = this.#dialogue;
    const deadline = this.#context.clock.now() + withinMs;
    for (;;) {
      const left = deadline - this.#context.clock.now();
      const apdu = left > 0 ? await reader.next(left) : new Problem("METER_STALLED");
      if (apdu instanceof Problem) {
        if (reader.came === 0) throw silent();
        if (apdu.code === "FRAME_TRUNCATED") throw apdu;
        throw new Problem("FRAME_MALFORMED", "Something answers, but not as this driver's meters would.");
      }
      if (apdu.choice === APDU.associationRequest) {
        readAssociationRequest(apdu.body);
        return;
      }
      // The end of an earlier conversation may still be under way.
      this.#dialogue.stray();
    }
  }

  async #configuration(): Promise<Configuration | Problem> {
    for (;;) {
      const data = await this.#dialogue.data(CONFIGURATION_MS);
      if (data instanceof Problem) return data;
      const report = reportOf(data);
      if (report instanceof Problem) return report;
      if (report?.event !== EVENT.configuration || !report.confirmed) {
        this.#dialogue.stray();
        continue;
      }
      const configuration = unlessMalformed(() => readConfiguration(report.info));
      if (configuration instanceof Problem) return configuration;
      await this.confirm(report, configurationAnswer(configuration.id));
      this.#invokeId = report.invokeId;
      return configuration;
    }
  }

  async #askOnce(request: Request): Promise<Uint8Array | Problem> {
    this.#invokeId = (this.#invokeId + 1) & 0xffff;
    const invokeId = this.#invokeId;
    await this.#dialogue.write(dataApduBytes({ invokeId, choice: request.choice }, request.body));
    for (;;) {
      const data = await this.#dialogue.data(ANSWER_MS);
      if (data instanceof Problem) return data;
      const report = reportOf(data);
      if (report instanceof Problem) return report;
      if (report !== null) await this.#dialogue.passOver(report);
      // The late answer to an earlier try.
      else if (data.invokeId !== invokeId) this.#dialogue.stray();
      else if (data.choice === request.answer) return data.body;
      else return refusal(request, data);
    }
  }
}

function refusal({ name }: Request, { choice, body }: DataApdu): Problem {
  if (choice !== DATA.error && choice !== DATA.reject) {
    return new Problem("FRAME_MALFORMED", `The answer to the question for ${name} is of another kind.`, { choice });
  }
  const reason = body.length >= 2 ? new MderReader(body, "A refusal").u16() : null;
  return new Problem("METER_REFUSED", `The meter declines to tell or take ${name}.`, { reason });
}
