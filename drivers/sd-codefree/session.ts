import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { FETCH, kindOf, readRecord } from "./codec.js";
import { type Heard, type MeterLine, meterLine } from "./meter-line.js";
import { answerChallenge, awaitChallenge } from "./opening.js";

/** How long one record is awaited, three times; it takes 6 ms on the wire. */
const ANSWER_MS = 1_000;
/** How long the answer that is due is awaited behind a record that looks doubled. */
const DOUBLED_MS = 300;
/** How many records more than announced, or copies of one, are borne. */
const SURPLUS = 8;
/** How many equal tests one minute may hold: each takes a new strip. */
const EQUAL_TESTS = 4;
/** More records than this are not asked for, whatever is announced: ten times what the manual claims (sheet b). */
const MOST_RECORDS = 10_000;

/**
 * Listens until the meter is switched on, then fetches record after record until it hangs up. Writes nothing before the
 * meter has spoken. Throws METER_TIMEOUT if it is not switched on, METER_STALLED or FRAME_TRUNCATED if it breaks off,
 * METER_CHANGED if a meter is switched on in the middle, and the first damage when all others are told.
 */
export async function* session(context: SessionContext): AsyncGenerator<SessionEvent, void, void> {
  const line = meterLine(context);
  await awaitChallenge(line, context);
  const opening = await attempt(() => answerChallenge(line));
  yield {
    type: "identity",
    identity: { manufacturer: "SD Biosensor", model: "SD CodeFree", serial: null, firmware: null, displayUnit: null },
    source: "meter",
    sourceName: null,
  };
  yield { type: "clock", deviceTime: null };
  if (opening instanceof Problem) throw opening;
  if ("count" in opening) {
    yield { type: "expect", count: opening.count };
    yield* fetchAll(line, opening, null, context);
  } else {
    // The records prove themselves one by one, and the meter says when there are no more.
    yield unreadable(opening.problem, opening.raw);
    yield* fetchAll(line, null, opening.problem, context);
  }
}

async function* fetchAll(
  line: MeterLine,
  announced: { readonly count: number; readonly frame: Uint8Array } | null,
  damaged: Problem | null,
  context: SessionContext,
): AsyncGenerator<SessionEvent, void, void> {
  const count = announced?.count ?? null;
  let damage = damaged;
  // The count may come doubled as any record may.
  let previous = announced?.frame ?? null;
  let arrived = 0;
  let equal = 0;
  for (const most = Math.min(count ?? MOST_RECORDS, MOST_RECORDS) + SURPLUS; arrived <= most; ) {
    const heard = await fetchOne(line, previous, context);
    if (heard === null) {
      if (damage?.code === "FRAME_TRUNCATED") throw damage;
      throw new Problem("METER_STALLED", undefined, { records: arrived, announced: count });
    }
    if ("message" in heard && kindOf(heard.message) === "goodbye") {
      finish(damage, count, arrived);
      return;
    }
    arrived += 1;
    equal = isCopy(heard, previous) ? equal + 1 : 1;
    if (equal > EQUAL_TESTS) throw new Problem("FRAME_MALFORMED", "The meter does not stop repeating a record.");
    previous = null;
    if ("problem" in heard) {
      // It can't be asked for again: the meter goes on to the next record with each request.
      damage ??= heard.problem;
      yield unreadable(heard.problem, heard.raw);
      continue;
    }
    const { frame, message } = heard;
    if (kindOf(message) === "challenge") {
      throw new Problem("METER_CHANGED", "A meter was switched on in the middle of the conversation.");
    }
    if (kindOf(message) !== "record" || (count !== null && arrived > count)) {
      const what = kindOf(message) === "record" ? "more records than it announced" : "something that is no record";
      const problem = new Problem("FRAME_MALFORMED", `The meter sends ${what}.`);
      damage ??= problem;
      yield unreadable(problem, frame);
      continue;
    }
    previous = frame;
    yield told(frame, message);
  }
  throw new Problem("FRAME_MALFORMED", "The meter does not stop sending records.", { announced: count });
}

/**
 * Asks for the next record. The same record as the last one is either another test of that minute or a copy made on the
 * way: a copy is followed by the answer that is still due.
 */
async function fetchOne(line: MeterLine, previous: Uint8Array | null, { log }: SessionContext): Promise<Heard> {
  // Asked for again only where not a byte came: if the meter then goes on to the next record, the count tells.
  let heard = await line.ask(FETCH, ANSWER_MS);
  for (let copies = 0; isCopy(heard, previous); copies += 1) {
    if (copies > SURPLUS) throw new Problem("FRAME_MALFORMED", "The meter does not stop repeating a record.");
    const due = await line.next(DOUBLED_MS);
    if (due === null) return heard;
    log.warn({}, "passing over a message that came twice");
    heard = due;
  }
  return heard;
}

/** The meter has spoken, so it is told of even if it then breaks off; its challenge can't wait for that. */
async function attempt<T>(work: () => Promise<T>): Promise<T | Problem> {
  try {
    return await work();
  } catch (error) {
    if (!isProblem(error, "METER_STALLED", "FRAME_MALFORMED", "TRANSPORT_GONE")) throw error;
    return error;
  }
}

function isCopy(heard: Heard, previous: Uint8Array | null): boolean {
  if (heard === null || "problem" in heard || previous === null) return false;
  return Buffer.compare(heard.frame, previous) === 0;
}

function finish(damage: Problem | null, count: number | null, arrived: number): void {
  if (damage !== null) throw damage;
  if (count !== null && arrived < count) {
    const missing = count - arrived;
    throw new Problem("METER_STALLED", `The meter hung up ${missing} records before the end.`, { missing });
  }
}

function told(frame: Uint8Array, message: Uint8Array): SessionEvent {
  try {
    return { type: "readings", readings: [readRecord(frame, message)] };
  } catch (error) {
    if (!isProblem(error, "FRAME_MALFORMED")) throw error;
    return unreadable(error, frame);
  }
}

function unreadable(problem: Problem, raw: Uint8Array): SessionEvent {
  return { type: "unreadable", unreadable: { code: problem.code, detail: problem.message, raw } };
}
