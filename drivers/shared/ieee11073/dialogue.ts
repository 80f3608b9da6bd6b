import { isProblem, Problem } from "../../../src/domain/problem.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import { APDU, type Apdu, DATA, type DataApdu, dataApduBytes, readDataApdu } from "./apdu.js";
import { ApduReader } from "./apdu-reader.js";
import { abortMessage, releaseRequest, releaseResponse } from "./association.js";
import { EVENT } from "./nomenclature.js";
import { type EventReport, eventAnswer, readEventReport } from "./requests.js";
import { confirmation, readSegmentEvent } from "./segment-event.js";

/** How long the answer to our leave is awaited. */
const RELEASE_MS = 2_000;
/** Messages that are passed over in a conversation because nobody asked for them. */
const STRAYS = 256;
const BROKEN_OFF = "The meter broke the conversation off. Unplug it and plug it in again.";

/** How far a conversation has come: the device has not begun, tells what it is made of, answers, or has ended it. */
export type DialogueState = "unassociated" | "configuring" | "operating" | "over";

/** Messages both ways with what every conversation needs: its end by either side, and reports that nobody awaits. */
export class Dialogue {
  readonly reader: ApduReader;
  readonly #context: SessionContext;
  readonly #strangers: EventReport[] = [];
  #strays = 0;
  state: DialogueState = "unassociated";

  constructor(context: SessionContext) {
    this.#context = context;
    this.reader = new ApduReader(context);
  }

  /** Reports of kinds that nobody reads here, as they came; each is given once. */
  takeStrangers(): Uint8Array[] {
    return this.#strangers.splice(0).map(({ raw }) => raw);
  }

  /** The next message that carries data; what went wrong if none comes. Throws METER_STALLED if the device ends it all. */
  async data(quietMs: number): Promise<DataApdu | Problem> {
    for (;;) {
      const apdu = await this.#next(quietMs);
      if (apdu instanceof Problem) return apdu;
      if (apdu.choice === APDU.presentation) return unlessMalformed(() => readDataApdu(apdu));
      // It has not heard our answer and begins once more.
      if (apdu.choice === APDU.associationRequest) return new Problem("FRAME_MALFORMED", "The meter began once more.");
      this.stray();
    }
  }

  /** Answers a report. */
  async confirm(report: EventReport, info: readonly number[]): Promise<void> {
    const { invokeId } = report;
    await this.write(dataApduBytes({ invokeId, choice: DATA.eventResponse }, eventAnswer(report, info)));
  }

  /**
   * Takes note of a message that was not awaited: a repeated report of data is confirmed once more, a report of another
   * kind is confirmed and kept for inspection. Throws FRAME_MALFORMED if there is no end of them.
   */
  async passOver(report: EventReport): Promise<void> {
    this.stray();
    if (report.event === EVENT.segmentData) {
      const event = unlessMalformed(() => readSegmentEvent(report.info));
      if (!(event instanceof Problem)) await this.confirm(report, confirmation(event));
      return;
    }
    if (report.confirmed) await this.confirm(report, []);
    if (report.event !== EVENT.configuration) this.#strangers.push(report);
  }

  /** Counts a message that means nothing. Throws FRAME_MALFORMED if there is no end of them. */
  stray(): void {
    this.#strays += 1;
    if (this.#strays > STRAYS) {
      throw new Problem("FRAME_MALFORMED", "The device does not stop sending what nobody asked for.");
    }
  }

  /** Takes leave. Throws METER_STALLED or FRAME_TRUNCATED if the device does not answer. */
  async release(): Promise<void> {
    await this.write(releaseRequest());
    for (;;) {
      const apdu = await this.#next(RELEASE_MS);
      if (apdu instanceof Problem) throw apdu;
      if (apdu.choice === APDU.releaseResponse) break;
      this.stray();
    }
    this.state = "over";
  }

  /** Ends what went wrong, so that the device may begin anew; whatever comes of it, and not if all is over. */
  async abort(): Promise<void> {
    if (this.state === "unassociated" || this.state === "over") return;
    this.state = "over";
    try {
      // Not with the session's signal: a conversation that a person ended is left in order too.
      await this.#context.transport.write(abortMessage());
    } catch {
      // The device is gone, or hears nothing: what ended the conversation has been told already.
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#context.transport.write(bytes, this.#context.signal);
  }

  async #next(quietMs: number): Promise<Apdu | Problem> {
    const apdu = await this.reader.next(quietMs);
    if (apdu instanceof Problem) return apdu;
    if (apdu.choice === APDU.abort) {
      this.state = "over";
      throw new Problem("METER_STALLED", BROKEN_OFF);
    }
    if (apdu.choice === APDU.associationRequest && this.state === "operating") {
      throw new Problem("METER_STALLED", BROKEN_OFF);
    }
    if (apdu.choice === APDU.releaseRequest) {
      this.state = "over";
      await this.write(releaseResponse());
      throw new Problem("METER_STALLED", "The meter took leave before the end. Unplug it and plug it in again.");
    }
    return apdu;
  }
}

/** The report that a message is; null if it is none, what is wrong with it if it does not fit. */
export function reportOf({ choice, invokeId, body }: DataApdu): EventReport | Problem | null {
  if (choice !== DATA.confirmedEventReport && choice !== DATA.eventReport) return null;
  return unlessMalformed(() => readEventReport(invokeId, choice === DATA.confirmedEventReport, body));
}

/** What was read, or the problem if it does not fit the protocol. */
export function unlessMalformed<T>(read: () => T): T | Problem {
  try {
    return read();
  } catch (error) {
    if (isProblem(error, "FRAME_MALFORMED")) return error;
    throw error;
  }
}
