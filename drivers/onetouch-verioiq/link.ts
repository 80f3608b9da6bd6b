import type { SessionContext } from "../../src/kit/driver.js";
import { frameBytes } from "../shared/lifescan/frame.js";
import { FrameReader } from "../shared/lifescan/frame-reader.js";
import type { Patience } from "../shared/lifescan/patience.js";
import {
  isLost,
  type Link,
  type Lost,
  noAnswer,
  type Outcome,
  type Question,
  readAnswer,
} from "../shared/lifescan/question.js";

/** Frames that are passed over while one answer is awaited. */
const PASSED_OVER = 64;

/**
 * The VerioIQ's link: one request, one answer, nothing else (both sheets). Other questions' answers are passed over; as the
 * meter answers in order, the one that is awaited comes behind those that it still owes.
 */
export class VerioIqLink implements Link {
  readonly #context: SessionContext;
  readonly #patience: Patience;
  readonly #frames: FrameReader;
  /** How many requests were given up in silence: their answers may yet come. */
  #owed = 0;

  constructor(context: SessionContext, patience: Patience) {
    this.#context = context;
    this.#patience = patience;
    this.#frames = new FrameReader(context);
  }

  get heard(): { readonly bytes: number; readonly frames: number } {
    return this.#frames.heard;
  }

  /** There is no word for it: what has come is thrown away, and asking for the name does the rest. */
  async reset(): Promise<boolean> {
    this.#frames.drop();
    return true;
  }

  async exchange<T>(question: Question<T>, message: Uint8Array): Promise<Outcome<T>> {
    this.#frames.drop();
    const { transport, signal } = this.#context;
    await transport.write(frameBytes(message), signal);
    let deadline = this.#patience.deadline();
    let other: Lost | null = null;
    for (let passed = 0; passed < PASSED_OVER; passed += 1) {
      const frame = await this.#frames.next(this.#patience.left(deadline));
      if (frame === null) break;
      // A frame that repeats the request is a line that echoes.
      if (String(frame.message) === String(message)) continue;
      const outcome = readAnswer(question, frame);
      if (!isLost(outcome) || outcome.problem.code === "METER_REFUSED") return outcome;
      if (this.#owed === 0) {
        other = outcome;
        continue;
      }
      // An answer that was given up, and late: so is this one's.
      this.#owed -= 1;
      this.#patience.lengthen();
      deadline = this.#patience.deadline();
    }
    const raw = this.#frames.drop();
    if (raw.length === 0 && other !== null) return other;
    if (raw.length === 0) this.#owed += 1;
    return noAnswer(raw);
  }

  async close(): Promise<void> {}
}
