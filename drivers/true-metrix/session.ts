import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import { latin1Bytes } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { HidTransport } from "../../src/kit/transport.js";
import { readClock, WORDS } from "./codec.js";
import { readMemory } from "./memory.js";
import { MeterLine } from "./meter-line.js";
import { ask, greet } from "./opening.js";

/** A session's longest time: three dumps of a memory, and every question three times. */
const SESSION_MS = 5 * 60_000;

/**
 * Wakes the meter, asks who it is and for its clock, and takes its memory, of which nothing is told before its sum has proven
 * it. Only reads: the protocol has no known word that writes. Throws what `greet` and `readMemory` throw.
 */
export async function* session(context: SessionContext<HidTransport>): AsyncGenerator<SessionEvent, void, void> {
  const line = new MeterLine(context);
  const identity = await greet(line, context);
  line.endIn(SESSION_MS, () => new Problem("METER_STALLED", "The meter takes longer than any memory needs."));
  yield { type: "identity", identity, source: "meter", sourceName: null };
  yield* tellClock(line, context);
  yield* readMemory(line, context.log);
}

/** A clock that can't be had is told as none: readings are worth having without. */
async function* tellClock(
  line: MeterLine,
  { log }: SessionContext<HidTransport>,
): AsyncGenerator<SessionEvent, void, void> {
  let digits = "";
  try {
    digits = await ask(line, WORDS.clock, (answer) => (answer.is === "clock" ? answer.digits : null));
    yield { type: "clock", deviceTime: readClock(digits) };
  } catch (error) {
    if (!isProblem(error, "METER_STALLED", "FRAME_CHECKSUM", "FRAME_TRUNCATED", "FRAME_MALFORMED")) throw error;
    log.warn({ code: error.code }, "the meter shows no time");
    if (digits !== "") {
      const raw = latin1Bytes(digits);
      yield { type: "unreadable", unreadable: { code: error.code, detail: error.message, raw } };
    }
    yield { type: "clock", deviceTime: null };
  }
}
