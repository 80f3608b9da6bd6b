import { isProblem } from "../../../../src/domain/problem.js";
import { hex } from "../../../../src/kit/bytes.js";
import type { Report } from "../report.js";
import { ATP_TYPES, type AtpFrame, type AtpNumbers, nextNumber, readAck, readAtp } from "./atp.js";

/** A frame of ours, with the number that it was sent with. */
export interface SentFrame {
  readonly own: number;
  readonly data: Uint8Array;
}

/** Which frames have come and arrived: both sides count theirs, separately. */
export class Numbering {
  /** The number of the device's next frame; null until the first one tells where it counts from. */
  #expects: number | null = null;
  #own = 0;
  #unacknowledged: SentFrame[] = [];

  /** What the next frame or acknowledgement of ours says. */
  get now(): AtpNumbers {
    return { expects: this.#expects ?? 0, own: this.#own };
  }

  /** Frames of ours that the device has not acknowledged. */
  get unacknowledged(): readonly SentFrame[] {
    return this.#unacknowledged;
  }

  /** True for data that was sent, and of which nobody knows whether it has arrived. */
  isUnderWay(data: Uint8Array): boolean {
    return this.#unacknowledged.some((sent) => hex(sent.data) === hex(data));
  }

  /** Gives data its number. */
  sent(data: Uint8Array): SentFrame {
    const frame = { own: this.#own, data };
    this.#unacknowledged.push(frame);
    this.#own = nextNumber(this.#own);
    return frame;
  }

  /** An answer has come whole: what was asked has arrived. */
  answered(): void {
    this.#unacknowledged = [];
  }

  /** A frame that is the next one; `damaged` for one that is not whole or not the next, `nothing` for any other report. */
  received(report: Report): AtpFrame | "damaged" | "nothing" {
    if (report.type === ATP_TYPES.deviceAck) {
      const ack = readAck(report.content);
      if (ack !== null) this.#acknowledged(ack.expects);
      return "nothing";
    }
    if (report.type !== ATP_TYPES.reply) return "nothing";
    let frame: AtpFrame;
    try {
      frame = readAtp(report.content);
    } catch (error) {
      if (isProblem(error, "FRAME_CHECKSUM", "FRAME_TRUNCATED")) return "damaged";
      throw error;
    }
    if (this.#expects !== null && frame.own !== this.#expects) return "damaged";
    this.#acknowledged(frame.expects);
    this.#expects = nextNumber(frame.own);
    return frame;
  }

  /** The device expects that frame of ours next: those before it have arrived. A number that can't be says nothing. */
  #acknowledged(expects: number): void {
    const place = this.#unacknowledged.findIndex(({ own }) => own === expects);
    if (expects === this.#own) this.#unacknowledged = [];
    else if (place > 0) this.#unacknowledged.splice(0, place);
  }
}
