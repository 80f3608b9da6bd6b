import type { Log } from "../../../src/domain/clock.js";
import { isProblem, type Problem } from "../../../src/domain/problem.js";
import type { SessionEvent, SourceReading } from "../../../src/domain/reading.js";
import { hex } from "../../../src/kit/bytes.js";
import type { Dialogue } from "./dialogue.js";
import { type Answer, isLost, type Question } from "./question.js";

/** How often the memory is read at most, while tests are taken in the middle of it. */
const PASSES = 3;
/** How many records may be lost before the line is taken for broken. */
const MOST_LOST = 10;

/** How a meter's memory is asked for. */
export interface MemoryWords {
  readonly count: Question<number>;
  /** What the record of that number carries, from 0. */
  record(number: number): Question<Uint8Array>;
  /** What those bytes mean. Throws FRAME_MALFORMED for what is sound but not understood. */
  read(data: Uint8Array, raw: Uint8Array): SourceReading;
  /** What of a record stays the same when newer tests move it to another number; default: all of it. */
  key?(data: Uint8Array): string;
}

/**
 * Reads the whole memory, record by record, and yields each as it comes. At the end it asks once more for the number of
 * records and for the first one: if either is another than before, a test was taken meanwhile and all numbers
 * may have moved, so the memory is read again, and of that only what is new is told. Throws, after all others were
 * told, what is wrong with a record that stayed lost; at once if the meter falls silent or ten records are lost.
 */
export async function* readMemory(
  dialogue: Dialogue,
  words: MemoryWords,
  log: Log,
): AsyncGenerator<SessionEvent, void, void> {
  const told = new Set<string>();
  const damage: Problem[] = [];
  let count = (await dialogue.ask(words.count)).value;
  yield { type: "expect", count };
  for (let pass = 1; count > 0 && pass <= PASSES; pass += 1) {
    const first = yield* readOnce(count, told, damage, dialogue, words, log);
    const counted = (await dialogue.ask(words.count)).value;
    const again = counted === 0 ? null : await dialogue.ask(words.record(0));
    if (again !== null) yield* tell(again, told, words);
    if (counted === count && (first === null || (again !== null && keyOf(words, again.value) === first))) break;
    log.warn({ pass, count, counted }, "the memory changed while it was read");
    dialogue.distrust();
    if (counted !== count) yield { type: "expect", count: counted };
    count = counted;
  }
  if (damage[0] !== undefined) throw damage[0];
}

/** One pass over the memory. Gives its first record's key; null if that was lost. */
async function* readOnce(
  count: number,
  told: Set<string>,
  damage: Problem[],
  dialogue: Dialogue,
  words: MemoryWords,
  log: Log,
): AsyncGenerator<SessionEvent, string | null, void> {
  const seen = new Set<string>();
  let first: string | null = null;
  for (let number = 0; number < count; number += 1) {
    const question = words.record(number);
    let outcome = await dialogue.tryAsk(question);
    if (!isLost(outcome) && seen.has(keyOf(words, outcome.value))) {
      // The answer before, doubled on its way? Asked again on a quiet line, it tells.
      dialogue.distrust();
      outcome = await dialogue.tryAsk(question);
    }
    if (isLost(outcome)) {
      damage.push(outcome.problem);
      yield unreadable(outcome.problem, outcome.raw, `Record ${number}: ${outcome.problem.message}`);
      if (outcome.fatal !== null || damage.length >= MOST_LOST) throw outcome.fatal ?? outcome.problem;
      continue;
    }
    const key = keyOf(words, outcome.value);
    if (number === 0) first = key;
    if (seen.has(key)) log.warn({ number }, "passing over a record that the memory holds twice");
    seen.add(key);
    yield* tell(outcome, told, words);
  }
  return first;
}

/** Tells what a record says, unless it was told before. */
function* tell(answer: Answer<Uint8Array>, told: Set<string>, words: MemoryWords): Generator<SessionEvent, void, void> {
  const key = keyOf(words, answer.value);
  if (told.has(key)) return;
  told.add(key);
  yield meaning(words, answer.value, answer.frame.bytes);
}

function keyOf(words: MemoryWords, data: Uint8Array): string {
  return words.key?.(data) ?? hex(data);
}

function meaning(words: MemoryWords, data: Uint8Array, raw: Uint8Array): SessionEvent {
  try {
    return { type: "readings", readings: [words.read(data, raw)] };
  } catch (problem) {
    if (isProblem(problem, "FRAME_MALFORMED")) return unreadable(problem, raw);
    throw problem;
  }
}

function unreadable({ code, message }: Problem, raw: Uint8Array, detail: string = message): SessionEvent {
  return { type: "unreadable", unreadable: { code, detail, raw } };
}
