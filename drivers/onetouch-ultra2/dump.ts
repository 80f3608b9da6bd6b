import type { Clock } from "../../src/domain/clock.js";
import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import { latin1 } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import { readHeader, readRecord } from "./codec.js";
import { type CheckedLine, checkedLine } from "./layout.js";
import type { LineReader } from "./line-reader.js";
import type { Questioner } from "./question.js";

/** Tries for a dump's first line, and how long each waits: longer than other answers, so that no two dumps overlap. */
const HEADER_TRIES = 2;
const HEADER_MS = 5_000;
/** Silence between two lines after which the meter has stopped (sheet a). */
const STALL_MS = 18_000;
/** Silence by which a dump is known to be over. */
const QUIET_MS = 1_000;
/** Lines more than announced that are still looked at. */
const SURPLUS = 64;
/** Lines of the longest dump, and as many again: what is drained at most. */
const DRAINED = 2_000;
/** How often the whole memory is asked for at most. */
const PASSES = 2;

/**
 * Reads the whole memory and yields each record as its line arrives. Damaged lines are yielded as unreadable, and the
 * memory is then asked for once more: of that, only what was not yielded yet. See `session` for the problems thrown.
 */
export async function* readMemory(
  serial: string,
  questions: Questioner,
  lines: LineReader,
  context: SessionContext,
): AsyncGenerator<SessionEvent, void, void> {
  const yielded: Tally = new Map();
  for (let pass = 1; ; pass += 1) {
    const damage = yield* readOnce(serial, yielded, questions, lines, context);
    if (damage === null) return;
    if (pass === PASSES) throw damage;
    context.log.warn({ code: damage.code }, "the memory arrived damaged; asking for it once more");
  }
}

/** One pass over the memory. Gives what makes another one worth while; null if everything came as announced. */
async function* readOnce(
  serial: string,
  yielded: Tally,
  questions: Questioner,
  lines: LineReader,
  { clock, log }: SessionContext,
): AsyncGenerator<SessionEvent, Problem | null, void> {
  const opening = await awaitOpening(questions, lines, clock);
  const first = attempt(() => readHeader(opening));
  if (first instanceof Problem) {
    yield unreadable(first, opening);
    await drain(lines);
    return first;
  }
  demandSameMeter(checkedLine(opening), serial);
  yield { type: "expect", count: first.count };

  const seen: Tally = new Map();
  let [taken, passedOver, arrived, repeated] = [0, 0, 0, 0];
  let damage: Problem | null = null;
  while (taken + passedOver <= first.count + SURPLUS) {
    const frame = await lines.next(taken < first.count ? STALL_MS : QUIET_MS);
    if (frame === null) {
      if (arrived + repeated >= first.count || damage !== null) return damage;
      const end = brokenOff(lines.rest, first.count - arrived);
      if (lines.rest.length > 0) yield unreadable(end, lines.rest);
      throw end;
    }
    const line = attempt(() => checkedLine(frame));
    if (line instanceof Problem) {
      taken += 1;
      damage ??= line;
      if (isNews(`damaged ${latin1(frame)}`, seen, yielded)) yield unreadable(line, frame);
      continue;
    }
    demandSameMeter(line, serial);
    if (isOtherAnswer(line) || (arrived >= first.count && seen.has(line.text))) {
      passedOver += 1;
      log.debug({}, "passing over a line that was said before or answers another question");
      continue;
    }
    taken += 1;
    if (seen.has(line.text)) {
      // A test takes seconds and the stamp has them: the same line again is the same reading, doubled on the way.
      repeated += 1;
      log.warn({}, "passing over a record that came twice");
      continue;
    }
    arrived += 1;
    if (arrived > first.count) {
      const surplus = new Problem("FRAME_MALFORMED", "The meter sends more records than it announced.");
      damage ??= surplus;
      if (isNews(`surplus ${line.text}`, seen, yielded)) yield unreadable(surplus, frame);
      continue;
    }
    const record = attempt(() => readRecord(frame));
    if (!isNews(line.text, seen, yielded)) continue;
    yield record instanceof Problem ? unreadable(record, frame) : { type: "readings", readings: [record] };
  }
  throw new Problem("FRAME_MALFORMED", "The meter sends more lines than it announced.", { announced: first.count });
}

/** How often each line was met. Lines can be equal only where the meter repeats itself. */
type Tally = Map<string, number>;

/** Counts the line in this pass; true if that is oftener than it was yielded in all passes, which then counts too. */
function isNews(key: string, seen: Tally, yielded: Tally): boolean {
  const times = (seen.get(key) ?? 0) + 1;
  seen.set(key, times);
  if (times <= (yielded.get(key) ?? 0)) return false;
  yielded.set(key, times);
  return true;
}

/** The line by which a dump opens, or what stands in its place: a damaged line, or a record whose header was lost. */
async function awaitOpening(questions: Questioner, lines: LineReader, clock: Clock): Promise<Uint8Array> {
  for (let attempts = 0; attempts < HEADER_TRIES; attempts += 1) {
    await questions.send("dump");
    const deadline = clock.now() + HEADER_MS;
    for (;;) {
      const frame = await lines.next(Math.max(0, deadline - clock.now()));
      if (frame === null) break;
      const line = attempt(() => checkedLine(frame));
      if (line instanceof Problem || line.text.startsWith("P")) return frame;
    }
  }
  throw new Problem("METER_STALLED", "The meter told its name, but not its memory.");
}

async function drain(lines: LineReader): Promise<void> {
  for (let drained = 0; drained < DRAINED; drained += 1) {
    if ((await lines.next(QUIET_MS)) === null) return;
  }
  throw new Problem("FRAME_MALFORMED", "The meter does not stop sending.");
}

/** A line that names another meter must never lend its readings to this one. */
function demandSameMeter({ text }: CheckedLine, serial: string): void {
  const named = /^(?:@ |P [0-9]{3},)"([0-9A-Z]{9})"/.exec(text)?.[1];
  if (named === undefined || named === serial) return;
  throw new Problem("METER_CHANGED", `The memory is of meter ${named}, but ${serial} answered before.`);
}

function isOtherAnswer({ text }: CheckedLine): boolean {
  return /^(?:@ |\?|F "|SU\?|P [0-9])/.test(text);
}

function brokenOff(rest: Uint8Array, missing: number): Problem {
  if (rest.length > 0) return new Problem("FRAME_TRUNCATED", undefined, { missing });
  return new Problem("METER_STALLED", `The meter stopped ${missing} records before the end.`, { missing });
}

function unreadable(problem: Problem, raw: Uint8Array): SessionEvent {
  return { type: "unreadable", unreadable: { code: problem.code, detail: problem.message, raw } };
}

/** The result, or the problem if the line is damaged or not understood. */
function attempt<T>(read: () => T): T | Problem {
  try {
    return read();
  } catch (error) {
    if (isProblem(error, "FRAME_CHECKSUM", "FRAME_MALFORMED")) return error;
    throw error;
  }
}
