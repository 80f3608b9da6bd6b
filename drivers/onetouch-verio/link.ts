import { Problem } from "../../src/domain/problem.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { within } from "../../src/kit/exchange.js";
import type { BlockTransport } from "../../src/kit/transport.js";
import type { Patience } from "../shared/lifescan/patience.js";
import { type Link, noAnswer, type Outcome, type Question, readAnswer } from "../shared/lifescan/question.js";
import { blockOf, contentOf, frameIn, MAILBOX_LBA } from "./mailbox.js";

/** A question and the block through which it is put. */
export type MailboxQuestion<T> = Question<T> & { readonly lba: number };

/** The meter's link: a request is written to a block, and the answer is read from the same one (both sheets). */
export class MailboxLink implements Link {
  readonly #context: SessionContext<BlockTransport>;
  readonly #patience: Patience;
  #bytes = 0;
  #frames = 0;

  constructor(context: SessionContext<BlockTransport>, patience: Patience) {
    this.#context = context;
    this.#patience = patience;
  }

  get heard(): { readonly bytes: number; readonly frames: number } {
    return { bytes: this.#bytes, frames: this.#frames };
  }

  /** There is no word for it, and nothing that could be under way: a block is read when it is asked for. */
  async reset(): Promise<boolean> {
    return true;
  }

  async exchange<T>(question: Question<T> & { readonly lba?: number }, message: Uint8Array): Promise<Outcome<T>> {
    const request = blockOf(message);
    const block = await this.#swap(question.lba ?? MAILBOX_LBA, request);
    const raw = block === null ? new Uint8Array() : contentOf(block);
    if (block === null || raw.length === 0) return noAnswer(raw);
    this.#bytes += raw.length;
    if (String(raw) === String(contentOf(request))) {
      return { problem: new Problem("FRAME_MALFORMED", "The disk gives back what was written to it."), raw };
    }
    const frame = frameIn(block);
    if (frame === null) return noAnswer(raw);
    this.#frames += 1;
    return readAnswer(question, frame);
  }

  async close(): Promise<void> {}

  /** Writes the request and reads the answer; null if they are not done in time. */
  async #swap(lba: number, request: Uint8Array): Promise<Uint8Array | null> {
    const { transport, clock, signal } = this.#context;
    const silence = new Problem("METER_STALLED");
    try {
      return await within(
        clock,
        this.#patience.left(this.#patience.deadline()),
        signal,
        () => silence,
        async (inner) => {
          await transport.writeBlock(lba, request, inner);
          return await transport.readBlock(lba, inner);
        },
      );
    } catch (error) {
      if (error === silence) return null;
      throw error;
    }
  }
}
