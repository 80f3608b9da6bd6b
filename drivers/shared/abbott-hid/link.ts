import { isProblem, Problem } from "../../../src/domain/problem.js";
import { latin1Bytes } from "../../../src/kit/bytes.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import type { HidTransport } from "../../../src/kit/transport.js";
import { answerLength } from "./answer.js";
import { Pile } from "./pile.js";
import { type Report, readReport, reportOf, TYPES } from "./report.js";
import { Watchdog } from "./watchdog.js";

/** How long an answer may take: instants of the clock, and milliseconds between two of its reports. */
export interface AnswerTime {
  readonly firstBy: number;
  readonly gapMs: number;
  readonly endBy: number;
  /** More bytes than that are no answer to this question. */
  readonly limitBytes: number;
}

/** What came after a question. */
export interface Came {
  /** `whole`: up to its last line; `broken`: it ended in the middle; `silent`: nothing came; `unknown`: not understood. */
  readonly kind: "whole" | "broken" | "silent" | "unknown";
  readonly bytes: Uint8Array;
}

/** Silence by which nothing more is on its way: reports follow one another within milliseconds. */
const QUIET_MS = 30;
/** How long waiting for quiet may take where only keep-alives come. */
const SETTLE_MS = 500;
/** Reports that mean nothing, or come late, before the device is given up: more than the longest memory has. */
const MOST_IDLE = 20_000;

/** Reports both ways: questions in text and what comes after them. Every wait has a bound. */
export class Link {
  readonly #context: SessionContext<HidTransport>;
  #heard = 0;

  constructor(context: SessionContext<HidTransport>) {
    this.#context = context;
  }

  /** How many reports have come so far, keep-alives among them: tells silence from noise. */
  get heard(): number {
    return this.#heard;
  }

  /** Takes what still comes until it is quiet for that long. Throws FRAME_MALFORMED if it never is. */
  async drain(quietMs: number = QUIET_MS): Promise<void> {
    const { clock } = this.#context;
    const settleBy = clock.now() + Math.max(SETTLE_MS, quietMs);
    await this.#watching(async (dog) => {
      for (let idle = 0; ; idle += 1) {
        const bytes = await this.#read(dog, clock.now() + quietMs);
        if (bytes === null) return;
        // Keep-alives may come for ever; who says anything else for ever is no meter.
        if (bytes[0] === TYPES.keepAlive && clock.now() >= settleBy) return;
        demandEnd(idle);
      }
    });
  }

  /** Sends INIT and awaits its answer (both sheets), at most until then; false if it does not come. */
  async init(until: number): Promise<boolean> {
    await this.#write(TYPES.init, new Uint8Array());
    return await this.#watching(async (dog) => {
      for (let idle = 0; ; idle += 1) {
        const report = await this.#next(dog, until);
        if (report === null) return false;
        if (report.type === TYPES.initReply && report.content.length === 1 && report.content[0] === 1) return true;
        demandEnd(idle);
      }
    });
  }

  /** Asks in text, in reports of that type, and gives what came. Only a device that speaks encrypted makes it throw. */
  async ask(question: string, type: number, time: AnswerTime): Promise<Came> {
    await this.drain();
    await this.#write(type, latin1Bytes(question));
    return await this.#watching((dog) => this.#answer(dog, time));
  }

  async #answer(dog: Watchdog, time: AnswerTime): Promise<Came> {
    const { clock } = this.#context;
    const pile = new Pile();
    for (let idle = 0; ; ) {
      const until = pile.length === 0 ? time.firstBy : Math.min(time.endBy, clock.now() + time.gapMs);
      const report = await this.#next(dog, until);
      if (report === null) return { kind: pile.length === 0 ? "silent" : "broken", bytes: pile.bytes };
      if (report.type === TYPES.unknownType && pile.length === 0) return { kind: "unknown", bytes: pile.bytes };
      if (report.type !== TYPES.text) {
        idle += 1;
        demandEnd(idle);
        continue;
      }
      const searched = pile.length;
      pile.add(report.content);
      const length = answerLength(pile.bytes, searched);
      if (length > 0) return { kind: "whole", bytes: pile.bytes.subarray(0, length) };
      if (pile.length > time.limitBytes || clock.now() >= time.endBy) {
        throw new Problem("FRAME_MALFORMED", "The device sends on and on without an end.", { bytes: pile.length });
      }
    }
  }

  /** The next report that is whole, until then; null if none comes. Damaged ones are passed over: sums tell of what is missing. */
  async #next(dog: Watchdog, until: number): Promise<Report | null> {
    for (let idle = 0; ; idle += 1) {
      const bytes = await this.#read(dog, until);
      if (bytes === null) return null;
      const report = taken(bytes);
      if (report?.type === TYPES.security) {
        throw new Problem("METER_UNSUPPORTED", "This device speaks encrypted: it is another model.");
      }
      if (report !== null && report.type !== TYPES.keepAlive) return report;
      demandEnd(idle);
    }
  }

  async #read(dog: Watchdog, until: number): Promise<Uint8Array | null> {
    if (this.#context.clock.now() >= until) return null;
    const bytes = await dog.before(until, (signal) => this.#context.transport.read(signal));
    if (bytes !== null) this.#heard += 1;
    return bytes;
  }

  async #watching<T>(work: (dog: Watchdog) => Promise<T>): Promise<T> {
    const dog = new Watchdog(this.#context.clock, this.#context.signal);
    try {
      return await work(dog);
    } finally {
      await dog.stop();
    }
  }

  async #write(type: number, content: Uint8Array): Promise<void> {
    await this.#context.transport.write(reportOf(type, content), this.#context.signal);
  }
}

function taken(bytes: Uint8Array): Report | null {
  try {
    return readReport(bytes);
  } catch (error) {
    if (isProblem(error, "FRAME_TRUNCATED", "FRAME_MALFORMED")) return null;
    throw error;
  }
}

function demandEnd(idle: number): void {
  if (idle < MOST_IDLE) return;
  throw new Problem("FRAME_MALFORMED", "The device sends on and on, and never what it was asked for.");
}
