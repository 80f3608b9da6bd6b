import type { Log } from "../../src/domain/clock.js";
import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import { hex } from "../../src/kit/bytes.js";
import type { Dialogue, GivenUp } from "../shared/lifescan/dialogue.js";
import { type Answer, isLost } from "../shared/lifescan/question.js";
import { type Cursor, cursorText, isEmpty, readRecord, recordQuestion, secondsIn, WORDS } from "./codec.js";

/** How many records may be lost before the link is taken for broken. */
const MOST_LOST = 10;
/** How many empty slots there may be; the largest memory of the family has 500 (drivers/onetouch-verio, sheet b). */
const MOST_EMPTY = 500;

/** What became of asking for one slot. */
type Slot = Answer<Uint8Array> | GivenUp;

/**
 * Reads the memory from the newest record down, and yields each as it comes: with a cursor down to the record that it
 * names, and where that one is not there any more or is another, everything. An empty slot is skipped and does not count
 * among the records that the meter says it has, so that the search goes one slot further down for each (both sheets).
 * Tells the new cursor at the end. Throws, after all others were told, what is wrong with a record that stayed lost; at
 * once if the meter falls silent or ten records are lost; FRAME_MALFORMED if the counters contradict each other.
 */
export async function* readMemory(
  dialogue: Dialogue,
  cursor: Cursor | null,
  log: Log,
): AsyncGenerator<SessionEvent, void, void> {
  const newest = (await dialogue.ask(WORDS.newest)).value;
  const count = (await dialogue.ask(WORDS.count)).value;
  if (count > newest + 1) {
    throw new Problem(
      "FRAME_MALFORMED",
      `The meter says that it has ${count} records, the newest of number ${newest}.`,
    );
  }
  const lowest = newest - count + 1;
  let goal = cursor !== null && cursor.number >= lowest && cursor.number <= newest ? cursor : null;
  yield { type: "expect", count: goal === null ? count : newest - goal.number + 1 };
  const damage: Problem[] = [];
  const seen = new Set<string>();
  let reached: Cursor | null = null;
  let empty = 0;
  for (let number = newest; number >= Math.max(0, lowest - empty); number -= 1) {
    const slot = await askFor(number, seen, dialogue);
    if (isLost(slot)) {
      // Below what the meter says it has, it may say that there is nothing.
      if (number < lowest && slot.problem.code === "METER_REFUSED") break;
      damage.push(slot.problem);
      yield unreadable(slot.problem, slot.raw, `Record ${number}: ${slot.problem.message}`);
      if (slot.fatal !== null || damage.length >= MOST_LOST) throw slot.fatal ?? slot.problem;
    } else if (isEmpty(slot.value)) {
      empty += 1;
      seen.add(hex(slot.value));
      if (empty > MOST_EMPTY)
        throw new Problem("FRAME_MALFORMED", `More than ${MOST_EMPTY} slots are empty.`, { empty });
    } else {
      reached ??= { number, seconds: secondsIn(slot.value) };
      yield meaning(slot, number, seen);
      if (goal?.number === number && goal.seconds === secondsIn(slot.value)) break;
    }
    if (goal?.number === number) {
      log.warn({ number }, "the record that was the newest is another now: everything is read");
      goal = null;
      yield { type: "expect", count };
    }
  }
  if (empty > 0) log.info({ empty }, "slots without a test");
  if (damage[0] !== undefined) throw damage[0];
  if (reached !== null) yield { type: "cursor", cursor: cursorText(reached) };
}

/**
 * Asks for one record. An answer does not say which record it is: one that came before, doubled on its way, is asked for
 * again after a question between, and so is every empty slot that looks like another.
 */
async function askFor(number: number, seen: ReadonlySet<string>, dialogue: Dialogue): Promise<Slot> {
  const first = await dialogue.tryAsk(recordQuestion(number));
  if (isLost(first) || !seen.has(hex(first.value))) return first;
  dialogue.distrust();
  return await dialogue.tryAsk(recordQuestion(number));
}

/** What a record says; one that is the copy of another is told as unreadable, as no meter takes two tests in one second. */
function meaning({ value, frame }: Answer<Uint8Array>, number: number, seen: Set<string>): SessionEvent {
  const copied = seen.has(hex(value));
  seen.add(hex(value));
  try {
    if (copied) throw new Problem("FRAME_MALFORMED", `Record ${number} says the same as another one.`);
    return { type: "readings", readings: [readRecord(value, number, frame.bytes)] };
  } catch (problem) {
    if (isProblem(problem, "FRAME_MALFORMED")) return unreadable(problem, frame.bytes);
    throw problem;
  }
}

function unreadable({ code, message }: Problem, raw: Uint8Array, detail: string = message): SessionEvent {
  return { type: "unreadable", unreadable: { code, detail, raw } };
}
