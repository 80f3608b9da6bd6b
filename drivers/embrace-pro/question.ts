import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { within } from "../../src/kit/exchange.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { ANSWER_BYTES, COMMANDS } from "./codec.js";
import { type Packet, packetOf, readPacket } from "./packet.js";

/** Pause behind each byte: one report carries one (sheet a). */
const BYTE_PAUSE_MS = 10;
/** How long an answer is waited for (sheet a). */
const ANSWER_MS = 3_000;
/** A question is asked three times. */
const TRIES = 3;
/** How long a probe takes at most: one question, and the same again where the cable had nothing. */
export const PROBE_MS = 4_000;
/** Reports that answer something else, and are passed over behind one question. */
const STRAYS = 16;
/** A report that begins with it holds nothing: the question is sent again (sheet a). */
const NOTHING = 0x00;

/** What can be asked. */
export type Question = keyof typeof COMMANDS;

/** What an answer has to heed beside its length. */
export interface Heed {
  /** False for a packet that answered an earlier question. */
  readonly isNew?: (answer: Packet) => boolean;
  /** Is given every report that was no packet. */
  readonly damaged?: (report: Uint8Array) => void;
  /** How often the question is asked. */
  readonly tries?: number;
}

/** The hub's end of the cable: a question in single bytes, an answer in one report. Every wait has a bound. */
export class QuestionLine {
  readonly #context: SessionContext<HidTransport>;
  #untilMs: number;
  #came = 0;

  constructor(context: SessionContext<HidTransport>) {
    this.#context = context;
    this.#untilMs = context.patience === "probe" ? context.clock.now() + PROBE_MS : Number.POSITIVE_INFINITY;
  }

  /** From now on every wait ends by then. */
  endIn(ms: number): void {
    this.#untilMs = this.#context.clock.now() + ms;
  }

  /**
   * Asks until a packet comes that answers this question by its length, and that `isNew` takes for no earlier one. Throws
   * METER_TIMEOUT if nothing was ever heard, METER_STALLED if nothing more is, the damage where that is all that comes, and
   * FRAME_MALFORMED for other packets without end.
   */
  async ask(question: Question, data: readonly number[] = [], heed: Heed = {}): Promise<Packet> {
    let problem: Problem | null = null;
    for (let attempt = 0; attempt < (heed.tries ?? TRIES); attempt += 1) {
      await this.#send(packetOf(COMMANDS[question], data));
      for (let strays = 0; ; strays += 1) {
        if (strays > STRAYS) throw new Problem("FRAME_MALFORMED", "The device says something else, again and again.");
        const report = await this.#read();
        if (report === null || report[0] === NOTHING) break;
        try {
          const packet = readPacket(report);
          if (answers(question, packet) && heed.isNew?.(packet) !== false) return packet;
          problem = new Problem("FRAME_MALFORMED", "The meter answers something else than it was asked.");
        } catch (error) {
          if (!isProblem(error, "FRAME_CHECKSUM", "FRAME_MALFORMED", "FRAME_TRUNCATED")) throw error;
          heed.damaged?.(report);
          problem = error;
          break;
        }
      }
    }
    throw problem ?? this.#silence();
  }

  async #send(packet: Uint8Array): Promise<void> {
    const { transport, clock, signal } = this.#context;
    for (const byte of packet) {
      if (clock.now() >= this.#untilMs) throw this.#silence();
      await transport.write(Uint8Array.of(0, byte), signal);
      await clock.sleep(BYTE_PAUSE_MS, signal);
    }
  }

  async #read(): Promise<Uint8Array | null> {
    const { transport, clock, signal } = this.#context;
    const ms = Math.min(ANSWER_MS, this.#untilMs - clock.now());
    if (ms <= 0) throw this.#silence();
    const silence = new Problem("METER_TIMEOUT");
    try {
      const report = await within(
        clock,
        ms,
        signal,
        () => silence,
        (inner) => transport.read(inner),
      );
      if (report[0] !== NOTHING) this.#came += 1;
      return report;
    } catch (error) {
      if (error === silence) return null;
      throw error;
    }
  }

  #silence(): Problem {
    return this.#came === 0
      ? new Problem("METER_TIMEOUT")
      : new Problem("METER_STALLED", "The meter stopped answering.");
  }
}

/** Each question's answer has a length of its own; whether meters repeat the command in it, no sheet says. */
function answers(question: Question, { data }: Packet): boolean {
  return data.length === ANSWER_BYTES[question];
}
