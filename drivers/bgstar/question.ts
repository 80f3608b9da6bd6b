import { isProblem, Problem } from "../../src/domain/problem.js";
import { ByteReader } from "../../src/kit/byte-reader.js";
import { latin1 } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { type Question, questionOf, readHello, requestBytes } from "./codec.js";

/** How long one answer is awaited; it takes 6 ms on the wire. */
const ANSWER_MS = 2_000;
/** How often one thing is asked until two successive answers are alike. */
const ASKINGS = 4;
/** How often silence is borne. */
const SILENCES = 3;
/** A probe's greetings, and its patience with each. */
const PROBE = { tries: 2, answerMs: 750 } as const;
/** Longest wait of a probe for the first answer. */
export const PROBE_MS = PROBE.tries * PROBE.answerMs;
/** How long the line must be quiet before something is asked again. */
const QUIET_MS = 200;
/** Longest line, and all that may come late. */
const LIMIT_BYTES = 4_096;
/** Lines that answer earlier questions and may come in place of an answer. */
const LATE_LINES = 16;

/** A line without its end, and its bytes with it. */
export interface Answer {
  readonly text: string;
  readonly raw: Uint8Array;
}

/** An answer that came differently each time: none of them can be believed. */
export interface Unproven {
  readonly problem: Problem;
  readonly raw: Uint8Array;
}

/** The hub's side of the conversation. */
export interface Questioner {
  /** Greets the meter. Throws METER_TIMEOUT if nothing answers, FRAME_MALFORMED if what answers is no BGStar. */
  greet(): Promise<string>;
  /**
   * Asks until two successive answers are alike: nothing else protects them. Throws METER_STALLED or FRAME_TRUNCATED if
   * the meter does not answer any more.
   */
  ask(question: Question, argument?: number): Promise<Answer | Unproven>;
  /** Waits until nothing more comes, and forgets it. */
  settle(): Promise<void>;
  /** What has come of an answer that did not end. */
  readonly rest: Uint8Array;
}

/** Asks questions of the meter. */
export function questioner(context: SessionContext): Questioner {
  const { transport, clock, signal, patience, log } = context;
  const reader = new ByteReader(context, LIMIT_BYTES);

  /** Asks once; null for silence. Lines that answer another question came late and are passed over. */
  async function once(question: Question, argument: number | null, answerMs: number): Promise<Answer | null> {
    // What came before the question is no answer to it.
    reader.skip(reader.waiting.length);
    await transport.write(requestBytes(question, argument), signal);
    const deadline = clock.now() + answerMs;
    for (let late = 0; late <= LATE_LINES; late += 1) {
      const line = await reader.message(cutLine, Math.max(0, deadline - clock.now()));
      if (line === null) return null;
      const raw = line.slice(line.findIndex((byte) => !isEnd(byte)));
      const text = latin1(raw.subarray(0, -1));
      if ((questionOf(text) ?? question) === question) return { text, raw };
      log.debug({ question }, "passing over a line that answers another question");
    }
    throw new Problem("FRAME_MALFORMED", "The device does not stop answering what was not asked.");
  }

  async function settle(): Promise<void> {
    await reader.drain(QUIET_MS);
  }

  return {
    settle,
    get rest() {
      return Uint8Array.from(reader.waiting);
    },
    async greet() {
      const { tries, answerMs } = patience === "probe" ? PROBE : { tries: SILENCES, answerMs: ANSWER_MS };
      let stranger: Problem | null = null;
      for (let attempt = 0; attempt < tries; attempt += 1) {
        const answer = await once("hello", null, answerMs);
        try {
          if (answer !== null) return readHello(answer.text);
        } catch (error) {
          if (!isProblem(error, "FRAME_MALFORMED")) throw error;
          stranger = error;
          // A probe has no time to wait until a stranger is quiet.
          if (patience !== "probe") await settle();
        }
      }
      if (stranger === null && reader.came === 0) throw new Problem("METER_TIMEOUT");
      throw new Problem("FRAME_MALFORMED", "Something answers, but not as a BGStar would.", { bytes: reader.came });
    },
    async ask(question, argument) {
      let previous: Answer | null = null;
      let silences = 0;
      for (let asked = 0; asked < ASKINGS && silences < SILENCES; asked += 1) {
        const answer = await once(question, argument ?? null, ANSWER_MS);
        if (answer === null) {
          silences += 1;
          continue;
        }
        silences = 0;
        if (previous?.text === answer.text) return answer;
        if (previous !== null) {
          log.warn({ question }, "an answer came differently: asking again");
          await settle();
        }
        previous = answer;
      }
      if (silences > 0 || previous === null) {
        throw new Problem(reader.waiting.length > 0 ? "FRAME_TRUNCATED" : "METER_STALLED", undefined, { question });
      }
      const detail = "An answer came differently each time, so none of them can be believed.";
      return { problem: new Problem("FRAME_CHECKSUM", detail, { question }), raw: previous.raw };
    },
  };
}

/** Where the first line that is not empty ends, or 0. Lines end with CR; whether LF follows is not known (sheet b). */
function cutLine(bytes: Uint8Array): number {
  const start = bytes.findIndex((byte) => !isEnd(byte));
  if (start < 0) return 0;
  const length = bytes.subarray(start).findIndex((byte) => byte === 0x0d || byte === 0x0a);
  return length < 0 ? 0 : start + length + 1;
}

/** Ends of lines, and the zeros of a cable that wakes. */
function isEnd(byte: number): boolean {
  return byte === 0x0d || byte === 0x0a || byte === 0x00;
}
