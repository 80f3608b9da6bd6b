import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { ANSWERS, type Query, queryBytes } from "./codec.js";
import { checkedLine } from "./layout.js";
import type { LineReader } from "./line-reader.js";

/** How long one answer is awaited; a line takes 70 ms on the wire, and sheet a's program asks once a second. */
const ANSWER_MS = 2_000;
/** Tries of one question (sheet a): with `ANSWER_MS`, "no meter here" takes ten seconds. */
const TRIES = 5;
/** On a shared cable: with and without CR once each, and no longer than the line needs for an answer ten times over. */
const PROBE = { tries: 2, answerMs: 1_000 } as const;

/** The hub's side of the conversation. */
export interface Questioner {
  /** Sends a query and does not wait for an answer. */
  send(query: Query): Promise<void>;
  /**
   * Sends a query until a whole line answers it, and gives that line. Lines that answer another question came late and
   * are passed over; damaged ones are asked for again. Rejects with METER_TIMEOUT if no byte came since the session
   * began, METER_NOT_READY if only zeros did, METER_STALLED if the meter answered before and is silent now,
   * FRAME_CHECKSUM if no answer came undamaged, and FRAME_MALFORMED if what came is not of this protocol.
   */
  ask(query: Query, tries?: number): Promise<Uint8Array>;
}

/**
 * Asks questions of the meter. The sheets differ on whether a query ends with CR: until one is answered, tries go
 * without and with it by turns; the way that was answered is kept.
 */
export function questioner({ transport, clock, signal, log, patience }: SessionContext, lines: LineReader): Questioner {
  let terminated: boolean | null = null;
  const first = patience === "probe" ? PROBE : { tries: TRIES, answerMs: ANSWER_MS };

  async function listen(query: Query): Promise<Uint8Array | Problem | null> {
    let damaged: Problem | null = null;
    const deadline = clock.now() + (terminated === null ? first.answerMs : ANSWER_MS);
    for (;;) {
      const frame = await lines.next(Math.max(0, deadline - clock.now()));
      if (frame === null) return damaged;
      try {
        if (checkedLine(frame).text.startsWith(ANSWERS[query])) return frame;
        log.debug({ query }, "passing over a line that answers another question");
      } catch (error) {
        if (!isProblem(error, "FRAME_CHECKSUM")) throw error;
        damaged = error;
        log.warn({ query, code: error.code }, "an answer arrived damaged");
      }
    }
  }

  return {
    send: (query) => transport.write(queryBytes(query, terminated ?? false), signal),
    async ask(query, wanted = TRIES) {
      const tries = terminated === null ? Math.min(wanted, first.tries) : wanted;
      const before = lines.seen.telling;
      let damaged: Problem | null = null;
      for (let attempt = 0; attempt < tries; attempt += 1) {
        const withEnd: boolean = terminated ?? attempt % 2 === 1;
        await transport.write(queryBytes(query, withEnd), signal);
        const answer = await listen(query);
        if (answer instanceof Uint8Array) {
          terminated = withEnd;
          return answer;
        }
        damaged = answer ?? damaged;
      }
      if (damaged !== null) throw damaged;
      throw verdict(query, lines, terminated !== null && lines.seen.telling === before);
    },
  };
}

function verdict(query: Query, { seen }: LineReader, fellSilent: boolean): Problem {
  if (fellSilent) return new Problem("METER_STALLED", undefined, { query });
  if (seen.bytes === 0) return new Problem("METER_TIMEOUT", undefined, { query });
  if (seen.telling === 0) return new Problem("METER_NOT_READY", undefined, { query });
  const detail = "Something answers, but not as a OneTouch Ultra 2 would.";
  return new Problem("FRAME_MALFORMED", detail, { query, bytes: seen.bytes });
}
