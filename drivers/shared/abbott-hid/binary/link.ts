import { isProblem, Problem } from "../../../../src/domain/problem.js";
import type { SessionContext } from "../../../../src/kit/driver.js";
import type { HidTransport } from "../../../../src/kit/transport.js";
import { type Report, readReport, reportOf, TYPES } from "../report.js";
import { Watchdog } from "../watchdog.js";
import { type AapFrame, aapBytes, OPCODES, takeAap } from "./aap.js";
import { ATP_TYPES, ackContent, atpContent } from "./atp.js";
import { Numbering, type SentFrame } from "./numbering.js";

/** What the maker's program says before anything else, in this order (sheet a); what comes back means nothing here. */
const GREETINGS = [0x04, 0x05, 0x15, TYPES.init] as const;
/** How long each of these is waited for. */
const GREETING_MS = 500;
/** Silence by which nothing more is on its way. */
const QUIET_MS = 30;
/** Silence after which the device is told once more what was received, so that it sends on; and how often. */
const GAP_MS = 2_000;
const REMINDERS = 2;
/** One answer as a whole: ninety days are 4,000 frames. */
const WHOLE_MS = 180_000;
/** Reports that mean nothing before the device is given up. */
const MOST_IDLE = 20_000;
/** Bytes of one answer: four times ninety days of a sensor's values. */
const LIMIT_BYTES = 1_048_576;
/** Bytes of one frame of the inner protocol: more than any table of settings has. */
const FRAME_LIMIT_BYTES = 16_384;

/** What became of a request. */
export type Exchanged = "whole" | "broken" | "silent";

/** Frames of the binary protocol both ways: counted, acknowledged, asked for again. Every wait has a bound. */
export class BinaryLink {
  readonly #context: SessionContext<HidTransport>;
  readonly #numbers = new Numbering();
  #dog: Watchdog | null = null;

  constructor(context: SessionContext<HidTransport>) {
    this.#context = context;
  }

  /** Begins the binary conversation with a device that has told who it is. */
  async open(): Promise<void> {
    await this.#watching(async () => {
      for (const type of GREETINGS) {
        await this.#write(type, new Uint8Array());
        await this.#next(this.#context.clock.now() + GREETING_MS);
        // Sheet a: the first greeting alone is acknowledged, and so.
        if (type === GREETINGS[0]) await this.#acknowledge(2);
      }
    });
  }

  /**
   * Sends a request and gives each frame that comes to `take`, which says whether it was the last. Throws what `take` does,
   * and FRAME_MALFORMED for endless chatter or bytes that are no frames.
   */
  async exchange(request: Uint8Array, take: (frame: AapFrame) => "more" | "end"): Promise<Exchanged> {
    return await this.#watching(async () => {
      await this.#drain();
      // What did not arrive leaves a gap in the numbers: it is sent again first, and may be this request itself.
      const isUnderWay = this.#numbers.isUnderWay(request);
      await this.#sendAgain();
      if (!isUnderWay) for (const data of [request, aapBytes(OPCODES.flush)]) await this.#send(data);
      const exchanged = await this.#answer(take);
      if (exchanged === "whole") this.#numbers.answered();
      return exchanged;
    });
  }

  async #answer(take: (frame: AapFrame) => "more" | "end"): Promise<Exchanged> {
    const { clock } = this.#context;
    const endBy = clock.now() + WHOLE_MS;
    let rest: Uint8Array = new Uint8Array();
    let [got, reminders, told] = [0, 0, false];
    for (let idle = 0; ; ) {
      const report = await this.#next(Math.min(endBy, clock.now() + GAP_MS));
      if (report === null) {
        if (reminders === REMINDERS || clock.now() >= endBy) return got === 0 ? "silent" : "broken";
        reminders += 1;
        told = true;
        await this.#acknowledge();
        continue;
      }
      const frame = this.#numbers.received(report);
      if (typeof frame === "string") {
        idle += 1;
        demandEnd(idle, clock.now() >= endBy);
        // Once is enough: each time, the device may send all again from there.
        if (frame === "damaged" && !told) await this.#acknowledge();
        told ||= frame === "damaged";
        continue;
      }
      [reminders, told] = [0, false];
      got += frame.data.length;
      await this.#acknowledge();
      if (got > LIMIT_BYTES || clock.now() >= endBy) demandEnd(MOST_IDLE, true);
      rest = joined(rest, frame.data);
      if (rest.length > FRAME_LIMIT_BYTES)
        throw new Problem("FRAME_MALFORMED", "A frame says that it is far too long.");
      for (let at = 0; ; ) {
        const taken = takeAap(rest, at);
        if (taken === null) {
          rest = rest.slice(at);
          break;
        }
        at = taken.next;
        if (take(taken.frame) === "end") return "whole";
      }
    }
  }

  /** Takes what still comes, and says that it has come, so that the device does not send it for ever. */
  async #drain(): Promise<void> {
    for (let idle = 0; ; idle += 1) {
      const report = await this.#next(this.#context.clock.now() + QUIET_MS);
      if (report === null) return;
      const frame = this.#numbers.received(report);
      if (typeof frame !== "string") await this.#acknowledge();
      demandEnd(idle, false);
    }
  }

  /** The next report that is whole and no keep-alive, until then; null if none comes. */
  async #next(until: number): Promise<Report | null> {
    for (let idle = 0; ; idle += 1) {
      if (this.#context.clock.now() >= until) return null;
      const bytes = await this.#read(until);
      if (bytes === null) return null;
      const report = whole(bytes);
      if (report !== null && report.type !== TYPES.keepAlive) return report;
      demandEnd(idle, false);
    }
  }

  async #send(data: Uint8Array): Promise<void> {
    await this.#sendFrame(this.#numbers.sent(data));
  }

  /** Frames that did not arrive, with the numbers that they had: the device takes what it has already for a repetition. */
  async #sendAgain(): Promise<void> {
    for (const frame of [...this.#numbers.unacknowledged]) await this.#sendFrame(frame);
  }

  async #sendFrame({ own, data }: SentFrame): Promise<void> {
    await this.#write(ATP_TYPES.request, atpContent({ expects: this.#numbers.now.expects, own }, data));
  }

  async #acknowledge(last: 0 | 2 = 0): Promise<void> {
    await this.#write(ATP_TYPES.hostAck, ackContent(this.#numbers.now, last));
  }

  async #write(type: number, content: Uint8Array): Promise<void> {
    await this.#context.transport.write(reportOf(type, content), this.#context.signal);
  }

  /** The next report, until then; null if none comes. One watchdog serves many waits, until one of them was in vain. */
  async #read(until: number): Promise<Uint8Array | null> {
    const { clock, signal, transport } = this.#context;
    this.#dog ??= new Watchdog(clock, signal);
    const bytes = await this.#dog.before(until, (inner) => transport.read(inner));
    if (bytes === null) await this.#rest();
    return bytes;
  }

  async #watching<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      await this.#rest();
    }
  }

  async #rest(): Promise<void> {
    const dog = this.#dog;
    this.#dog = null;
    await dog?.stop();
  }
}

function whole(bytes: Uint8Array): Report | null {
  try {
    return readReport(bytes);
  } catch (error) {
    if (isProblem(error, "FRAME_TRUNCATED", "FRAME_MALFORMED")) return null;
    throw error;
  }
}

function joined(rest: Uint8Array, data: Uint8Array): Uint8Array {
  if (rest.length === 0) return data;
  const all = new Uint8Array(rest.length + data.length);
  all.set(rest);
  all.set(data, rest.length);
  return all;
}

function demandEnd(idle: number, isLate: boolean): void {
  if (idle < MOST_IDLE && !isLate) return;
  throw new Problem("FRAME_MALFORMED", "The device sends on and on, and never what it was asked for.");
}
